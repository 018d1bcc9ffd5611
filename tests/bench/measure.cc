// SPDX-License-Identifier: Apache-2.0
// measure RUNS NAME=COMMAND...: runs the commands by turns and prints for each one line "NAME
// median-wall-ms min-wall-ms median-CPU-ms largest-resident-kB", where CPU is user and system time
// of the command and of the children it waited for. Each run reads our standard input from its
// start. Fails when a command does.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct Row {
  std::string name;
  std::string command;
  std::vector<double> wall;
  std::vector<double> cpu;
  long resident = 0;
};

double milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// A shell of its own would cost 1 ms of CPU, so it is used only where one is needed.
[[noreturn]] void become(const std::string& command) {
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  if (command.find_first_of("\"'$;&|<>*?()~`\\") == std::string::npos) {
    std::istringstream in(command);
    std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
    std::vector<char*> argv;
    for (std::string& word : words) {
      argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
  } else {
    const std::string own = "exec " + command;
    ::execl("/bin/sh", "sh", "-c", own.c_str(), nullptr);
  }
  ::_exit(127);
}

bool run_once(Row& row) {
  ::lseek(STDIN_FILENO, 0, SEEK_SET);
  const auto begun = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    become(row.command);
  }
  int status = 0;
  rusage used{};
  if (child < 0 || ::wait4(child, &status, 0, &used) != child) {
    std::perror("measure");
    return false;
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  row.wall.push_back(took.count());
  row.cpu.push_back(milliseconds(used.ru_utime) + milliseconds(used.ru_stime));
  row.resident = std::max(row.resident, used.ru_maxrss);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fmt::print(stderr, "measure: {}: ended with wait status {:#x}: {}\n", row.name, status,
               row.command);
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 2 ? std::atoi(argv[1]) : 0;
  std::vector<Row> rows;
  for (int i = 2; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t cut = text.find('=');
    if (cut == std::string::npos) {
      break;
    }
    rows.push_back({text.substr(0, cut), text.substr(cut + 1), {}, {}, 0});
  }
  if (runs < 1 || rows.size() + 2 != static_cast<std::size_t>(argc)) {
    std::fputs("usage: measure RUNS NAME=COMMAND...\n", stderr);
    return 2;
  }
  for (int i = 0; i < runs; ++i) {
    for (Row& row : rows) {
      if (!run_once(row)) {
        return 1;
      }
    }
  }
  for (const Row& row : rows) {
    fmt::print("{} {:.1f} {:.1f} {:.2f} {}\n", row.name, median(row.wall),
               *std::min_element(row.wall.begin(), row.wall.end()), median(row.cpu), row.resident);
  }
  return 0;
}
