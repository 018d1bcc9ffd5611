// SPDX-License-Identifier: Apache-2.0
// A program for tests that start processes. Usage: stand_in [--name COMM] MODE [ARGUMENT]
//   listen PORT      listens on 127.0.0.1:PORT, answers every line with "VERSION stand-in\r\n"
//   ignore-term PORT the same, and ignores SIGTERM (PORT 0: does not listen)
//   wait             waits for a signal
//   linger PORT      listens; at SIGTERM its first thread ends, and half a second later the rest
//   environment      prints its environment, descriptors and working directory, then waits
//   exit STATUS      says so on standard error and exits
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

int listen_on(int port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 16) != 0) {
    std::perror("bind");
    std::exit(71);
  }
  return listener;
}

[[noreturn]] void serve(int port) {
  const int listener = listen_on(port);
  while (true) {
    const int client = ::accept(listener, nullptr, nullptr);
    std::array<char, 512> buffer;
    constexpr std::string_view kAnswer = "VERSION stand-in\r\n";
    while (::read(client, buffer.data(), buffer.size()) > 0) {
      if (::write(client, kAnswer.data(), kAnswer.size()) < 0) {
        break;
      }
    }
    ::close(client);
  }
}

/// As a Java ends on a busy host: /proc says zombie while its port is still open.
[[noreturn]] void serve_and_linger(int port) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, nullptr);
  listen_on(port);
  std::thread([] {
    const auto first_has_ended = [] {
      std::ifstream file("/proc/self/stat");
      const std::string stat{std::istreambuf_iterator<char>(file), {}};
      return stat.find(") Z ") != std::string::npos;
    };
    while (!first_has_ended()) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
    ::_exit(0);
  }).detach();
  int signal = 0;
  ::sigwait(&term, &signal);
  ::pthread_exit(nullptr);
}

[[noreturn]] void wait_for_ever() {
  while (true) {
    ::pause();
  }
}

void print_environment() {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::printf("env %s\n", *entry);
  }
  for (int fd = 0; fd < 64; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) {
      std::printf("fd %d\n", fd);
    }
  }
  std::printf("session %d\ncomplete\n", ::getsid(0) == ::getpid() ? 1 : 0);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  int at = 1;
  if (argc > at + 1 && std::string_view(argv[at]) == "--name") {
    ::prctl(PR_SET_NAME, argv[at + 1]);
    at += 2;
  }
  const std::string_view mode = argc > at ? argv[at] : "";
  const int number = argc > at + 1 ? std::atoi(argv[at + 1]) : 0;
  if (mode == "ignore-term") {
    std::signal(SIGTERM, SIG_IGN);
  }
  if (mode == "listen" || (mode == "ignore-term" && number != 0)) {
    serve(number);
  }
  if (mode == "linger") {
    serve_and_linger(number);
  }
  if (mode == "environment") {
    print_environment();
  }
  if (mode == "exit") {
    std::fprintf(stderr, "stand-in ends with %d\n", number);
    return number;
  }
  wait_for_ever();
}
