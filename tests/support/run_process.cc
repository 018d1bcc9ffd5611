// SPDX-License-Identifier: Apache-2.0
#include "tests/support/run_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace arcform {
namespace {

using Milliseconds = std::chrono::milliseconds;

void check(bool fine, const char* what) {
  if (!fine) {
    throw std::runtime_error(std::string("run_process: ") + what + " failed");
  }
}

/// Where the parent reads and what the child writes to.
struct Ends {
  int out_read = -1;
  int err_read = -1;
  int in = -1;
  int out = -1;
  int err = -1;
};

Ends open_pipes() {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  check(pipe2(out.data(), O_CLOEXEC) == 0 && pipe2(err.data(), O_CLOEXEC) == 0, "pipe2");
  return {out[0], err[0], open("/dev/null", O_RDONLY | O_CLOEXEC), out[1], err[1]};
}

Ends open_terminal() {
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  check(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "posix_openpt");
  std::array<char, 64> name{};
  check(ptsname_r(master, name.data(), name.size()) == 0, "ptsname_r");
  const int side = open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  check(side >= 0, "open of the terminal");
  return {master, -1, side, side, side};
}

[[noreturn]] void become(const std::vector<char*>& words, const Ends& ends, bool terminal) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // A test that aborts leaves nothing running.
  if (terminal) {
    setsid();
    ioctl(ends.in, TIOCSCTTY, 0);
  }
  dup2(ends.in, STDIN_FILENO);
  dup2(ends.out, STDOUT_FILENO);
  dup2(ends.err, STDERR_FILENO);
  execvp(words.front(), words.data());
  _exit(127);
}

/// Takes what there is; closes the descriptor at its end.
void drain(int& fd, std::string& into) {
  std::array<char, 16384> buffer{};
  const ssize_t count = read(fd, buffer.data(), buffer.size());
  if (count > 0) {
    into.append(buffer.data(), static_cast<std::size_t>(count));
  } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
    close(fd);  // A terminal's end is EIO.
    fd = -1;
  }
}

}  // namespace

StartedProcess::StartedProcess(std::vector<std::string> argv, Input input)
    : begun_(std::chrono::steady_clock::now()) {
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (std::string& word : argv) {
    words.push_back(word.data());
  }
  words.push_back(nullptr);
  const bool terminal = input == Input::terminal;
  const Ends ends = terminal ? open_terminal() : open_pipes();
  pid_ = fork();
  check(pid_ >= 0, "fork");
  if (pid_ == 0) {
    become(words, ends, terminal);
  }
  close(ends.in);
  if (!terminal) {
    close(ends.out);
    close(ends.err);
  }
  out_fd_ = ends.out_read;
  err_fd_ = ends.err_read;
}

StartedProcess::~StartedProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {out_fd_, err_fd_}) {
    if (fd >= 0) {
      close(fd);
    }
  }
}

void StartedProcess::signal(int number) const {
  check(pid_ > 0 && kill(pid_, number) == 0, "kill");
}

void StartedProcess::type(const std::string& text) const {
  check(write(out_fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "typing");
}

bool StartedProcess::pump(Milliseconds limit) {
  std::array<pollfd, 2> watched{{{out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}}};
  if (out_fd_ < 0 && err_fd_ < 0) {
    return false;
  }
  if (poll(watched.data(), watched.size(), static_cast<int>(limit.count())) <= 0) {
    return true;
  }
  if (watched[0].revents != 0) {
    drain(out_fd_, result_.out);
  }
  if (watched[1].revents != 0) {
    drain(err_fd_, result_.err);
  }
  return true;
}

bool StartedProcess::await_output(const std::string& text, Milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (result_.out.find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() >= deadline || !pump(Milliseconds(50))) {
      return false;
    }
  }
  return true;
}

ProcessResult StartedProcess::finish(Milliseconds limit) {
  const auto deadline = begun_ + limit;
  int status = 0;
  // What it leaves running may hold the pipes open, so its own end counts.
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= deadline && !result_.timed_out) {
      result_.timed_out = true;
      kill(pid_, SIGKILL);
    }
    if (!pump(Milliseconds(5))) {
      std::this_thread::sleep_for(Milliseconds(2));
    }
  }
  pid_ = -1;
  result_.took =
      std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begun_);
  for (std::size_t before = 1, now = 0; before != now && pump(Milliseconds(0));) {
    before = now;
    now = result_.out.size() + result_.err.size();
    pump(Milliseconds(0));
    now = result_.out.size() + result_.err.size();
  }
  result_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result_;
}

ProcessResult run_process(std::vector<std::string> argv, Milliseconds limit) {
  StartedProcess process(std::move(argv));
  return process.finish(limit);
}

bool eventually(const std::function<bool()>& condition, Milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(Milliseconds(20));
  }
  return true;
}

}  // namespace arcform
