// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <asio/io_context.hpp>

namespace arcform {

/// Says that a file may have other content than before: it was written, replaced by a rename, came
/// or went. What is watched is its folder (inotify), as editors replace files; folders that swap a
/// link ("..data") are understood. It may say so too often, so compare the content.
class FileWatch {
 public:
  /// `changed` is called on the loop until this object is destroyed. Where the folder cannot be
  /// watched (no inotify left, a file system without it) nothing is ever said: watching() is false.
  FileWatch(asio::io_context& loop, const std::string& path, std::function<void()> changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  bool watching() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace arcform
