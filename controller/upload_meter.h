// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "controller/progress.h"

namespace arcform {

/// Adds up all uploads of an apply and tells of them about once a second, and at their end.
class UploadMeter {
 public:
  UploadMeter(const Clock& clock, Progress& progress) : clock_(clock), progress_(progress) {}
  /// One more host is sent an archive of `size` bytes.
  void begin(std::uint64_t size);
  void sent(std::uint64_t bytes);
  /// One of them has it, or failed.
  void end(bool done);

 private:
  void tell(Time now);

  const Clock& clock_;
  Progress& progress_;
  UploadProgress all_;
  std::size_t open_ = 0;
  Time begun_{0};
  Time told_{0};
};

}  // namespace arcform
