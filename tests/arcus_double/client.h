// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "examples/stock-node/fd.h"

namespace arcform::stock {

/// The values that clients have stored, and what is counted of it.
struct Store {
  std::map<std::string, std::string, std::less<>> values;
  std::uint64_t bytes = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;

  void put(const std::string& key, std::string value);
};

/// One connection: takes bytes in, gives replies out. `get`, `set` and `quit` it does itself; any
/// other line is handed on.
class Client {
 public:
  explicit Client(Fd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  bool has_output() const { return !out_.empty(); }
  /// Reads what is there; false: the connection is over.
  bool read(Store& store, const std::function<std::string(const std::string&)>& admin);
  /// Writes what it can; false: the connection is over.
  bool write();

 private:
  bool take(Store& store, const std::function<std::string(const std::string&)>& admin);
  void get(Store& store, std::string_view keys);
  /// False: the value is not here yet.
  bool set(Store& store, const std::string& line, std::size_t behind);

  Fd fd_;
  std::string in_;
  std::string out_;
  bool over_ = false;
};

}  // namespace arcform::stock
