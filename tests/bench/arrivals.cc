// SPDX-License-Identifier: Apache-2.0
// arrivals SIZE FOLDER... -- COMMAND...: runs COMMAND and sees when a file of SIZE bytes stands in
// every FOLDER or up to two levels below it: an archive that has arrived in full and is not
// unpacked yet. Prints the seconds from the start of COMMAND until the last FOLDER had one, and
// until COMMAND ended. Ends with 1 when COMMAND failed or a FOLDER never had one. COMMAND's stdout
// becomes stderr.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
using std::filesystem::path;

/// Far below what is measured, and cheap: a look at ten folders takes some 0.1 ms.
constexpr std::chrono::milliseconds kTurn{5};
/// A release is received in home/packages/.RELEASE.WHO/archive.
constexpr int kDepth = 2;

bool holds_one(const path& folder, std::uintmax_t size) {
  std::error_code vanished;  // What is looked at comes and goes.
  std::filesystem::recursive_directory_iterator end;
  std::filesystem::recursive_directory_iterator entry(folder, vanished);
  for (; !vanished && entry != end; entry.increment(vanished)) {
    if (entry.depth() == kDepth) {
      entry.disable_recursion_pending();
    }
    std::error_code none;
    if (entry->is_regular_file(none) && entry->file_size(none) == size && !none) {
      return true;
    }
  }
  return false;
}

pid_t start(char** command) {
  const pid_t child = fork();
  if (child == 0) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(command[0], command);
    std::perror(command[0]);
    _exit(127);
  }
  return child;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  std::vector<path> waiting;
  std::size_t at = 1;
  for (; at < words.size() && words[at] != "--"; ++at) {
    waiting.emplace_back(words[at]);
  }
  if (waiting.empty() || at + 1 >= words.size()) {
    std::fprintf(stderr, "usage: arrivals SIZE FOLDER... -- COMMAND...\n");
    return 2;
  }
  const std::uintmax_t size = std::strtoull(argv[1], nullptr, 10);
  const auto begin = Clock::now();
  const auto since = [begin] {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  const pid_t child = start(argv + at + 2);
  double arrived = 0;
  int status = 0;
  pid_t ended = 0;
  while (ended == 0) {  // The last look is after the end.
    ended = waitpid(child, &status, WNOHANG);
    const auto came = std::erase_if(waiting, [&](const path& f) { return holds_one(f, size); });
    arrived = came > 0 ? since() : arrived;
    if (ended == 0) {
      std::this_thread::sleep_for(kTurn);
    }
  }
  const double done = since();
  if (ended < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || !waiting.empty()) {
    std::fprintf(stderr, "arrivals: %zu folders without a file of %ju bytes; status %d\n",
                 waiting.size(), size, status);
    return 1;
  }
  std::printf("%.4f %.4f\n", arrived, done);
}
