// SPDX-License-Identifier: Apache-2.0
#include "tests/support/lab.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <fmt/format.h>
#include <unistd.h>

namespace arcform {
namespace {

namespace fs = std::filesystem;

// The name says whose it is: "it" and the pid.
constexpr const char* kFolders = "/tmp/arcform-lab-";

std::vector<std::string> lab_command(const std::string& name,
                                     const std::vector<std::string>& words) {
  std::vector<std::string> argv{ARCFORM_LAB_SCRIPT, "--name", name};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

/// Takes down labs whose test process is gone.
void take_down_orphans() {
  for (const auto& entry : fs::directory_iterator("/tmp")) {
    const std::string path = entry.path().string();
    const std::string prefix = std::string(kFolders) + "it";
    if (!path.starts_with(prefix)) {
      continue;
    }
    const std::string digits = path.substr(prefix.size());
    const pid_t owner = std::atoi(digits.c_str());
    if (owner > 0 && std::to_string(owner) == digits && kill(owner, 0) != 0 && errno == ESRCH) {
      run_process(lab_command("it" + digits, {"down"}));
    }
  }
}

void install_stock_node(const std::string& home) {
  fs::copy(ARCFORM_STOCK_NODE, home + "/arcus", fs::copy_options::recursive);
}

}  // namespace

std::string Lab::host(int number) {
  return fmt::format("cache{:03}.arcus", number);
}

Lab::Lab(int hosts)
    : name_(fmt::format("it{}", getpid())), folder_(kFolders + name_), hosts_(hosts) {
  take_down_orphans();
  scratch_ = folder_ + "-files";
  fs::create_directories(scratch_);
  command({"up", std::to_string(hosts)});
  for (int number = 1; number <= hosts; ++number) {
    install_stock_node(folder_ + "/hosts/" + host(number) + "/home");
    const ProcessResult owned = exec(number, "chown -R arcus: /home/arcus/arcus");
    if (owned.status != 0) {
      throw std::runtime_error(host(number) + ": chown: " + owned.err);
    }
  }
}

Lab::~Lab() {
  const ProcessResult down = run_process(lab_command(name_, {"down"}));
  if (down.status != 0) {
    std::cerr << "lab " << name_ << ": down: " << down.out << down.err << "\n";
  }
  std::error_code ignored;
  fs::remove_all(scratch_, ignored);
}

std::vector<std::string> Lab::at_operator(const std::vector<std::string>& argv) const {
  std::vector<std::string> words{"run"};
  words.insert(words.end(), argv.begin(), argv.end());
  return lab_command(name_, words);
}

ProcessResult Lab::run(const std::vector<std::string>& argv,
                       std::chrono::milliseconds limit) const {
  return run_process(at_operator(argv), limit);
}

ProcessResult Lab::exec(int number, const std::string& command, const std::string& user) const {
  return run_process(lab_command(name_, {"exec", "-u", user, host(number), "sh", "-c", command}));
}

void Lab::command(const std::vector<std::string>& words) const {
  const ProcessResult result = run_process(lab_command(name_, words));
  if (result.status != 0) {
    throw std::runtime_error(
        fmt::format("lab {}: {}: {}{}", name_, words.front(), result.out, result.err));
  }
}

std::size_t Lab::commands_run(int number) const {
  std::ifstream log(folder_ + "/hosts/" + host(number) + "/etc/sshd.log");
  std::size_t count = 0;
  for (std::string line; std::getline(log, line);) {
    count += line.find("Starting session: command") != std::string::npos ? 1U : 0U;
  }
  return count;
}

}  // namespace arcform
