// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "controller/commands.h"
#include "controller/listen.h"
#include "controller/watch_journal.h"

namespace arcform {

/// The pages of a watching controller, served as long as this object lives.
class WatchSite {
 public:
  /// What `machine` and `journal` refer to must outlive this object. `period`: between looks that
  /// nothing asked for. Errors: unavailable (the port is taken), permission_denied,
  /// invalid_argument.
  static Awaitable<Result<std::unique_ptr<WatchSite>>> open(Machine& machine, WatchJournal& journal,
                                                            std::string deployment, Time period,
                                                            ListenName at);
  ~WatchSite();
  WatchSite(const WatchSite&) = delete;
  WatchSite& operator=(const WatchSite&) = delete;

  /// "http://127.0.0.1:9464/"
  std::string url() const;
  /// Only this machine can reach it.
  bool is_loopback() const;

 private:
  struct Core;
  explicit WatchSite(std::shared_ptr<Core> core);
  static Awaitable<void> tell(std::shared_ptr<Core> core);
  static Awaitable<void> ask_nodes(std::shared_ptr<Core> core);
  static Awaitable<void> ask_one(std::shared_ptr<Core> core, DesiredHost host, Endpoint node);
  static Awaitable<std::size_t> ask_all(std::shared_ptr<Core> core,
                                        std::shared_ptr<const WatchSnapshot> last);

  std::shared_ptr<Core> core_;
};

}  // namespace arcform
