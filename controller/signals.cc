// SPDX-License-Identifier: Apache-2.0
#include "controller/signals.h"

#include <array>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace arcform {

Signals::Signals(asio::io_context& loop, Console& console)
    : set_(loop, SIGINT, SIGTERM), console_(console) {
  wait();
}

void Signals::wait() {
  set_.async_wait([this](const asio::error_code& error, int number) {
    if (error) {
      return;
    }
    if (stop_ && received_ == 0) {
      received_ = number;
      stop_();
      wait();
      return;
    }
    if (stop_ && again_) {
      again_(number);
      wait();
      return;
    }
    if (stop_) {
      std::_Exit(128 + number);
    }
    if (flag_ == nullptr || received_ != 0) {
      console_.err(flag_ == nullptr
                       ? "arcform: interrupted\n"
                       : "arcform: interrupted; steps that were running may go on on their hosts, "
                         "the next plan sees what they did\n");
      std::_Exit(128 + number);
    }
    take(number);
    console_.err(
        "arcform: stopping: running steps finish, no new one starts; once more to stop "
        "waiting for them\n");
    wait();
  });
}

void Signals::take(int number) {
  received_ = number;
  if (flag_ != nullptr) {
    *flag_ = true;
  }
}

std::string holder_name(const std::string& user) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("{}@{} pid {}", user, host.data(), ::getpid());
}

}  // namespace arcform
