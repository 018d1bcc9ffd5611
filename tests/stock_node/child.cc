// SPDX-License-Identifier: Apache-2.0
#include "tests/stock_node/child.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace arcform::stock_test {
namespace {

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// State and parent follow the comm, which may itself contain blanks and parentheses.
std::pair<char, pid_t> state_and_parent(pid_t pid) {
  const std::string text = content("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) {
    return {'X', 0};
  }
  std::istringstream rest(text.substr(end + 1));
  char state = 'X';
  pid_t parent = 0;
  rest >> state >> parent;
  return {state, parent};
}

}  // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

Child::Child(std::vector<std::string> argv, const std::string& output, const Environment& extra)
    : output_(output) {
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (std::string& word : argv) {
    words.push_back(word.data());
  }
  words.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) {
    throw std::runtime_error("fork failed");
  }
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // A test that aborts leaves no server behind.
    // The ZooKeeper client of the test has threads: nothing here may take a lock they could hold,
    // and setenv does not (glibc resets its own locks in the child).
    for (const auto& [name, value] : extra) {
      setenv(name.c_str(), value.c_str(), 1);
    }
    const int out = open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    for (int fd = 3; fd < 256; ++fd) {
      close(fd);
    }
    execv(words.front(), words.data());
    _exit(127);
  }
}

Child::~Child() {
  if (!exit_status(0ms)) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

void Child::signal(int number) const {
  kill(pid_, number);
}

std::optional<int> Child::exit_status(std::chrono::milliseconds limit) {
  eventually(
      [this] {
        int status = 0;
        if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
          status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        return status_.has_value();
      },
      limit);
  return status_;
}

std::string Child::output() const {
  return content(output_);
}

bool alive(pid_t pid) {
  const char state = state_and_parent(pid).first;
  return state != 'X' && state != 'Z';
}

std::string comm(pid_t pid) {
  std::string text = content("/proc/" + std::to_string(pid) + "/comm");
  return text.substr(0, text.find('\n'));
}

std::vector<std::string> command_line(pid_t pid) {
  std::vector<std::string> words;
  std::istringstream text(content("/proc/" + std::to_string(pid) + "/cmdline"));
  for (std::string word; std::getline(text, word, '\0');) {
    words.push_back(word);
  }
  return words;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> result;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t other = std::atoi(entry.path().filename().c_str());
    if (other > 0 && state_and_parent(other).second == pid) {
      result.push_back(other);
    }
  }
  return result;
}

}  // namespace arcform::stock_test
