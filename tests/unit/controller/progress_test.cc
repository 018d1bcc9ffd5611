// SPDX-License-Identifier: Apache-2.0
// What a person sees of uploads while they go on.
#include <catch2/catch.hpp>

#include "controller/terminal.h"
#include "controller/upload_meter.h"
#include "tests/support/golden.h"
#include "tests/unit/controller/paper.h"

namespace arcform {
namespace {

/// Time goes on when it is told to.
class HandClock final : public Clock {
 public:
  Time now() const override { return now_; }
  Awaitable<void> wait_until(Time) override { co_return; }
  std::string timestamp() const override { return ""; }
  std::string arcus_timestamp() const override { return ""; }
  void pass(std::chrono::milliseconds time) { now_ += time; }

 private:
  Time now_{0};
};

}  // namespace

TEST_CASE("the progress of uploads: about once a second, and at the end") {
  constexpr std::uint64_t kArchive = 20'300'000;
  HandClock clock;
  Paper paper;
  ConsoleProgress progress(paper, clock);
  UploadMeter meter(clock, progress);
  for (int host = 0; host < 3; ++host) {
    meter.begin(kArchive);
  }
  for (int tenth = 0; tenth < 25; ++tenth) {
    clock.pass(std::chrono::milliseconds(100));
    meter.sent(kArchive / 10);
  }
  meter.end(true);
  meter.end(false);
  clock.pass(std::chrono::milliseconds(500));
  meter.sent(kArchive / 2);
  meter.end(true);
  // The next one is counted anew.
  clock.pass(std::chrono::seconds(60));
  meter.begin(1'000);
  meter.sent(1'000);
  meter.end(true);
  // A release that is there already: nothing is sent, and nothing is said.
  meter.begin(kArchive);
  meter.end(true);
  CHECK(compare_golden("render/uploads.txt", paper.written) == "");
}

}  // namespace arcform
