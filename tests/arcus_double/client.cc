// SPDX-License-Identifier: Apache-2.0
#include "tests/arcus_double/client.h"

#include <array>
#include <cerrno>
#include <sstream>

#include <fmt/format.h>
#include <sys/socket.h>

namespace arcform::stock {

void Store::put(const std::string& key, std::string value) {
  std::string& place = values[key];
  bytes += value.size();
  bytes -= place.size();
  place = std::move(value);
}

bool Client::read(Store& store, const std::function<std::string(const std::string&)>& admin) {
  std::array<char, 65536> buffer{};
  const ssize_t size = recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
    return true;
  }
  if (size <= 0) {
    return false;
  }
  in_.append(buffer.data(), static_cast<std::size_t>(size));
  while (!over_ && take(store, admin)) {
  }
  return write();
}

bool Client::write() {
  while (!out_.empty()) {
    const ssize_t size = send(fd_.get(), out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0) {
      return errno == EAGAIN || errno == EINTR;
    }
    out_.erase(0, static_cast<std::size_t>(size));
  }
  return !over_;
}

/// One command; false: it is not here as a whole.
bool Client::take(Store& store, const std::function<std::string(const std::string&)>& admin) {
  const std::size_t end = in_.find('\n');
  if (end == std::string::npos) {
    return false;
  }
  std::string line = in_.substr(0, end);
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  if (line.starts_with("set ")) {
    return set(store, line, end + 1);
  }
  in_.erase(0, end + 1);
  if (line == "quit") {
    over_ = true;
  } else if (line.starts_with("get ")) {
    get(store, std::string_view(line).substr(4));
  } else {
    out_ += admin(line);
  }
  return true;
}

void Client::get(Store& store, std::string_view keys) {
  std::istringstream in{std::string(keys)};
  for (std::string key; in >> key;) {
    const auto found = store.values.find(key);
    ++(found == store.values.end() ? store.misses : store.hits);
    if (found != store.values.end()) {
      out_ += fmt::format("VALUE {} 0 {}\r\n{}\r\n", key, found->second.size(), found->second);
    }
  }
  out_ += "END\r\n";
}

bool Client::set(Store& store, const std::string& line, std::size_t behind) {
  std::istringstream words(line.substr(4));
  std::string key;
  std::uint32_t flags = 0;
  std::int64_t expires = 0;
  std::size_t size = 0;
  constexpr std::size_t kLargest = 1U << 20U;
  if (!(words >> key >> flags >> expires >> size) || size > kLargest) {
    in_.erase(0, behind);
    out_ += "CLIENT_ERROR bad command line format\r\n";
    return true;
  }
  if (in_.size() < behind + size + 2) {
    return false;
  }
  store.put(key, in_.substr(behind, size));
  in_.erase(0, behind + size + 2);
  out_ += "STORED\r\n";
  return true;
}

}  // namespace arcform::stock
