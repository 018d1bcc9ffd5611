// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/node_loads.h"
#include "controller/watch_view.h"
#include "drivers/http_server.h"

namespace arcform {

/// A file of the page, from controller/page/; nullptr: there is none of that path.
struct PageFile {
  const char* path = nullptr;  ///< "/page.css"
  const char* type = nullptr;
  const char* text = nullptr;
};
const PageFile* page_file(const std::string& path);

/// What a watching controller answers to browsers and collectors of metrics. Documents are written
/// when they are asked for, once for all who ask between two changes.
class WatchPages final : public WatchObserver, public HttpHandler {
 public:
  /// `state`, `clock` and `loads` must outlive this object. `name`: of the deployment; `period`:
  /// between looks that nothing asked for; `changed` is called when there is something new to show,
  /// or somebody looks.
  WatchPages(const WatchState& state, const Clock& clock, const NodeLoads& loads, std::string name,
             Time period, std::function<void()> changed);

  void on_state(const WatchState& state) override;
  void on_event(const WatchEvent& event) override;
  /// Nodes have been asked again.
  void on_loads();
  HttpAnswer answer(const HttpRequest& request) override;

  /// Changes whenever there may be something new to show.
  std::uint64_t version() const { return version_; }
  /// Of the last document, in bytes.
  std::size_t size() const { return document_ == nullptr ? 0 : document_->size(); }
  /// When somebody asked for what nodes are asked for, or got it; 0: nobody ever did.
  Time last_interest() const { return interest_; }

 private:
  class Feed;
  /// The document of the state, in one line.
  std::shared_ptr<const std::string> document();
  HttpAnswer ready() const;
  void touch();

  const WatchState& state_;
  const Clock& clock_;
  const NodeLoads& loads_;
  std::string name_;
  Time period_;
  std::function<void()> changed_;
  std::string run_;  ///< tells this process from the one before
  Durations looks_;
  std::uint64_t look_ = 0;  ///< the last round in looks_
  std::uint64_t version_ = 1;
  Time interest_{};
  std::shared_ptr<const std::string> document_;
  std::uint64_t document_version_ = 0;
};

}  // namespace arcform
