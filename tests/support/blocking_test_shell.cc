// SPDX-License-Identifier: Apache-2.0
#include "tests/support/blocking_test_shell.h"

#include <array>
#include <csignal>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/shell_limits.h"

namespace arcform {
namespace {

using Clock = std::chrono::steady_clock;

int left_ms(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

/// Reads what is there; false at the end.
bool drain(int fd, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  if (size > 0) {
    into.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return size > 0;
}

/// Feeds `input` and collects both outputs until they are closed; false when time is up.
bool pump(std::array<int, 3>& fds, const std::string& input, ShellOutput& output,
          Clock::time_point deadline) {
  std::size_t sent = 0;
  const auto close_one = [&](std::size_t i) {
    ::close(fds[i]);
    fds[i] = -1;
  };
  while (fds[1] >= 0 || fds[2] >= 0) {
    if (fds[0] >= 0 && sent == input.size()) {
      close_one(0);
    }
    std::array<pollfd, 3> polled{{{fds[0], POLLOUT, 0}, {fds[1], POLLIN, 0}, {fds[2], POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), left_ms(deadline)) <= 0) {
      return false;
    }
    if (polled[0].revents != 0) {
      const ssize_t size = ::write(fds[0], input.data() + sent, input.size() - sent);
      size > 0 ? sent += static_cast<std::size_t>(size) : sent = input.size();
    }
    if (polled[1].revents != 0 && !drain(fds[1], output.out)) {
      close_one(1);
    }
    if (polled[2].revents != 0 && !drain(fds[2], output.err)) {
      close_one(2);
    }
  }
  return true;
}

}  // namespace

Result<ShellOutput> BlockingTestShell::run(const std::string& input,
                                           std::chrono::milliseconds patience) const {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<std::array<int, 2>, 3> pipes{};
  for (auto& ends : pipes) {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return Error{ErrorCode::unavailable, "test shell: no pipe"};
    }
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipes[0][0], 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, pipes[2][1], 2);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);  // what the test runner left open
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words = command_;
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed =
      ::posix_spawnp(&pid, argv.front(), &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  std::array<int, 3> ours{pipes[0][1], pipes[1][0], pipes[2][0]};
  ::close(pipes[0][0]);
  ::close(pipes[1][1]);
  ::close(pipes[2][1]);
  ::fcntl(ours[0], F_SETFL, O_NONBLOCK);
  ShellOutput output;
  const bool ended = failed == 0 && pump(ours, input, output, Clock::now() + patience);
  for (const int fd : ours) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
  if (failed != 0) {
    return Error{ErrorCode::unavailable, "test shell: cannot run " + command_.front()};
  }
  if (!ended) {
    ::kill(pid, SIGKILL);
  }
  ::waitpid(pid, nullptr, 0);
  if (!ended) {
    return Error{ErrorCode::deadline_exceeded, "test shell: not ended in time"};
  }
  return output;
}

Awaitable<Result<ShellOutput>> BlockingTestShell::upload(std::string script,
                                                         std::shared_ptr<ByteSource> data,
                                                         std::chrono::milliseconds patience) {
  std::vector<std::string> command = command_;
  command.back() = "-c";  // It was "-s".
  command.push_back(run_from_input(script.size()));
  while (true) {
    const Result<std::string_view> piece = data->next();
    if (!piece) {
      co_return piece.error();
    }
    if (piece->empty()) {
      co_return BlockingTestShell(command).run(script, patience);
    }
    script += *piece;
  }
}

Awaitable<Result<ShellOutput>> BlockingTestShell::execute(std::string input,
                                                          std::chrono::milliseconds patience) {
  co_return run(input, patience);
}

Awaitable<Result<void>> BlockingTestShell::stream(std::string input,
                                                  std::function<bool(std::string_view)> on_output,
                                                  std::chrono::milliseconds silence) {
  const Result<ShellOutput> output = run(input, silence);
  if (!output) {
    co_return output.error();
  }
  static_cast<void>(on_output(output->out));
  co_return Result<void>();
}
Awaitable<Result<std::string>> BlockingTestShell::exchange(Endpoint at, std::string question,
                                                           std::string end,
                                                           std::chrono::milliseconds patience) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(at.port);
  address.sin_addr.s_addr = htonl(at.ip);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    co_return Error{ErrorCode::not_found, "test shell: nobody listens"};
  }
  const ssize_t sent = ::send(fd, question.data(), question.size(), MSG_NOSIGNAL);
  bool open = sent == static_cast<ssize_t>(question.size());
  const auto deadline = Clock::now() + patience;
  std::string answer;
  while (open && (end.empty() || !answer.ends_with(end))) {
    pollfd polled{fd, POLLIN, 0};
    if (::poll(&polled, 1, left_ms(deadline)) <= 0) {
      ::close(fd);
      co_return Error{ErrorCode::deadline_exceeded, "test shell: no answer"};
    }
    open = drain(fd, answer);
  }
  ::close(fd);
  co_return answer;
}

}  // namespace arcform
