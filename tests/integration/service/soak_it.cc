// SPDX-License-Identifier: Apache-2.0
// Goal: a controller that runs for long takes no more memory and no more descriptors than at first,
// whatever happens meanwhile. Method: the real binary, faults in turn for ARCFORM_SOAK_MINUTES (3);
// after each turn, once all is well again, it is measured.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

using std::chrono::seconds;

struct Sample {
  std::size_t descriptors = 0;
  std::size_t kilobytes = 0;  ///< anonymous: of no file
};

/// The process, its log and what it costs.
class Soaked {
 public:
  explicit Soaked(const Deployment& it) : it_(it), log_(it.lab().scratch() + "/log") {
    std::string words;
    for (const std::string& word : it.command({"watch", "--log", "json", "--period", "2s"})) {
      words += "'" + word + "' ";
    }
    const std::string command = "exec " + words + ">" + log_ + " 2>&1";
    process_ = std::make_unique<StartedProcess>(std::vector<std::string>{"sh", "-c", command});
  }
  StartedProcess& process() { return *process_; }
  std::size_t said() const { return std::filesystem::file_size(log_); }
  std::string since(std::size_t mark) const {
    std::ifstream file(log_);
    file.seekg(static_cast<std::streamoff>(mark));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void await(std::size_t mark, const std::string& text, seconds limit) const {
    const bool said = eventually([&] { return contains(since(mark), text); }, limit);
    INFO("looked for: " << text << "\nin: " << since(mark));
    REQUIRE(said);
  }
  Sample sample() const {
    const std::string folder = fmt::format("/proc/{}/", process_->pid());
    Sample now;
    using Entries = std::filesystem::directory_iterator;
    now.descriptors = static_cast<std::size_t>(std::distance(Entries(folder + "fd"), Entries()));
    std::ifstream file(folder + "smaps_rollup");
    for (std::string word; file >> word;) {
      if (word == "Anonymous:") {
        file >> now.kilobytes;
      }
    }
    REQUIRE(now.kilobytes > 0);
    return now;
  }

 private:
  const Deployment& it_;
  std::string log_;
  std::unique_ptr<StartedProcess> process_;
};

void kill_one(const Deployment& it, int host, const std::string& pid) {
  REQUIRE_FALSE(pid.empty());
  REQUIRE(it.lab().exec(host, "kill -9 " + pid).status == 0);
}

void signal_server(const Deployment& it, int host, const char* name) {
  REQUIRE(it.lab().exec(host, fmt::format("kill -{} {}", name, it.server_pid(host))).status == 0);
}

constexpr const char* kConverged = "\"event\":\"converged\"";

/// One of the faults; all is well again when it returns.
void turn(Deployment& it, const Soaked& soaked, int number) {
  const std::size_t mark = soaked.said();
  const int host = 1 + number % 3;
  switch (number % 5) {
    case 0:
      kill_one(it, host, it.node_pid(host, 11211));
      soaked.await(mark, kConverged, seconds(20));
      break;
    case 1:  // Without a quorum for longer than a request waits.
      signal_server(it, 1, "STOP");
      signal_server(it, 2, "STOP");
      soaked.await(mark, "\"text\":\"observing", seconds(30));
      signal_server(it, 1, "CONT");
      signal_server(it, 2, "CONT");
      soaked.await(mark, "\"text\":\"leading\"", seconds(40));
      break;
    case 2:
      it.lab().command({"cut", Lab::host(host)});
      soaked.await(mark, " held", seconds(40));
      it.lab().command({"mend", Lab::host(host)});
      break;
    case 3: {
      const bool more = contains(it.spec(), "\"memlimit\": 100,");
      it.edit(more ? "\"memlimit\": 100," : "\"memlimit\": 101,",
              more ? "\"memlimit\": 101," : "\"memlimit\": 100,");
      static_cast<void>(it.command({"plan"}));  // Writes the file.
      soaked.await(mark, kConverged, seconds(20));
      break;
    }
    default:
      kill_one(it, host, it.server_pid(host));
      soaked.await(mark, kConverged, seconds(30));
      break;
  }
  const bool well = eventually([&] { return contains(it.plan().out, "No changes."); }, seconds(30));
  INFO(soaked.since(mark));
  REQUIRE(well);
}

std::size_t least(const std::vector<Sample>& samples, std::size_t from, std::size_t to,
                  std::size_t Sample::*what) {
  std::size_t least = samples[from].*what;
  for (std::size_t i = from; i < to; ++i) {
    least = std::min(least, samples[i].*what);
  }
  return least;
}

TEST_CASE("soak: memory and descriptors stay flat whatever happens") {
  const char* const minutes = std::getenv("ARCFORM_SOAK_MINUTES");
  const seconds length(60 * (minutes == nullptr ? 3 : std::max(1, std::atoi(minutes))));
  Deployment it(3);
  it.converge();
  Soaked soaked(it);
  soaked.await(0, kConverged, seconds(30));
  std::vector<Sample> samples;
  const auto begun = std::chrono::steady_clock::now();
  for (int number = 0; std::chrono::steady_clock::now() - begun < length; ++number) {
    turn(it, soaked, number);
    samples.push_back(soaked.sample());
    step(fmt::format("fault {}: {} descriptors, {} kB", number % 5, samples.back().descriptors,
                     samples.back().kilobytes));
  }
  // The first turns fill what is kept (events, sessions); a leak goes on.
  const std::size_t third = samples.size() / 3;
  REQUIRE(third >= 2);
  const std::size_t size = samples.size();
  CHECK(least(samples, size - third, size, &Sample::descriptors) <=
        least(samples, third, 2 * third, &Sample::descriptors));
  CHECK(least(samples, size - third, size, &Sample::kilobytes) <=
        least(samples, third, 2 * third, &Sample::kilobytes) + 1024);
  soaked.process().signal(SIGTERM);
  require_status(soaked.process().finish(std::chrono::hours(1)), 0);
}

}  // namespace
}  // namespace arcform
