// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/watch/browser.h"

#include <array>
#include <filesystem>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace arcform {
namespace {

constexpr std::chrono::milliseconds kAnswer{20'000};

int open_pipe(const std::string& path) {
  const int fd = mkfifo(path.c_str(), 0600) == 0 ? ::open(path.c_str(), O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) {
    throw std::runtime_error("no pipe at " + path);
  }
  return fd;
}

/// The text of the first member of that name.
std::string member(const std::string& json, const std::string& name) {
  const std::string key = "\"" + name + "\":\"";
  const std::size_t at = json.find(key);
  if (at == std::string::npos) {
    return "";
  }
  const std::size_t begin = at + key.size();
  std::size_t end = begin;
  while (end < json.size() && json[end] != '"') {
    end += json[end] == '\\' ? 2U : 1U;
  }
  return json.substr(begin, end - begin);
}

bool is_complaint(const std::string& message) {
  const auto has = [&message](const char* part) { return message.find(part) != std::string::npos; };
  return has("\"method\":\"Runtime.exceptionThrown\"") ||
         (has("\"method\":\"Log.entryAdded\"") && has("\"level\":\"error\"")) ||
         (has("\"method\":\"Runtime.consoleAPICalled\"") && has("\"type\":\"error\""));
}

}  // namespace

Browser::Browser(const Lab& lab, const std::string& url, int width)
    : profile_(lab.scratch() + "/browser") {
  std::filesystem::remove_all(profile_);
  std::filesystem::create_directories(profile_);
  in_ = open_pipe(profile_ + "/in");
  out_ = open_pipe(profile_ + "/out");
  process_ = std::make_unique<StartedProcess>(lab.at_operator(
      {"sh", "-c",
       "exec chromium --headless=new --no-sandbox --disable-gpu --no-first-run "
       "--disable-dev-shm-usage --remote-debugging-pipe --user-data-dir=\"$0\" 3<\"$0/in\" "
       "4>\"$0/out\"",
       profile_}));
  const std::string target =
      member(call("Target.createTarget", "{\"url\":\"about:blank\"}"), "targetId");
  session_ = member(
      call("Target.attachToTarget", fmt::format(R"({{"targetId":"{}","flatten":true}})", target)),
      "sessionId");
  call("Runtime.enable", "{}");
  call("Log.enable", "{}");
  call("Emulation.setDeviceMetricsOverride",
       fmt::format(R"({{"width":{},"height":900,"deviceScaleFactor":1,"mobile":false}})", width));
  call("Page.navigate", fmt::format(R"({{"url":"{}"}})", url));
}

Browser::~Browser() {
  try {
    session_.clear();
    call("Browser.close", "{}");
    process_->finish(std::chrono::seconds(10));
  } catch (const std::runtime_error&) {  // It has ended by itself, which the test has told.
  }
  process_.reset();
  ::close(in_);
  ::close(out_);
  std::error_code ignored;
  std::filesystem::remove_all(profile_, ignored);
}

std::string Browser::next_message() {
  std::size_t end = unread_.find('\0');
  while (end == std::string::npos) {
    pollfd ready{out_, POLLIN, 0};
    std::array<char, 65536> buffer{};
    const bool come = ::poll(&ready, 1, static_cast<int>(kAnswer.count())) == 1;
    const ssize_t size = come ? ::read(out_, buffer.data(), buffer.size()) : 0;
    if (size <= 0) {
      const ProcessResult ended = process_->finish(std::chrono::milliseconds(1));
      throw std::runtime_error("the browser says nothing: " + ended.err);
    }
    unread_.append(buffer.data(), static_cast<std::size_t>(size));
    end = unread_.find('\0');
  }
  std::string message = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return message;
}

std::string Browser::call(const std::string& method, const std::string& parameters) {
  const std::string id = fmt::format("{{\"id\":{},", ++last_id_);
  std::string message = fmt::format("{}{}\"method\":\"{}\",\"params\":{}}}", id,
                                    session_.empty() ? "" : "\"sessionId\":\"" + session_ + "\",",
                                    method, parameters);
  message += '\0';
  if (::write(in_, message.data(), message.size()) != static_cast<ssize_t>(message.size())) {
    throw std::runtime_error("the browser takes nothing");
  }
  while (true) {
    std::string answer = next_message();
    if (is_complaint(answer)) {
      complaints_.push_back(answer);
    }
    if (answer.starts_with(id)) {
      if (answer.find("\"error\":") != std::string::npos) {
        throw std::runtime_error(method + ": " + answer);
      }
      return answer;
    }
  }
}

std::string Browser::evaluate(const std::string& expression) {
  return member(call("Runtime.evaluate", "{\"expression\":\"String(" + expression + ")\"}"),
                "value");
}

bool Browser::until(const std::string& expression, std::chrono::seconds limit) {
  return eventually([&] { return evaluate(expression) == "true"; }, limit);
}

}  // namespace arcform
