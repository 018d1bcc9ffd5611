// SPDX-License-Identifier: Apache-2.0
#include "controller/upload_meter.h"

namespace arcform {

using std::chrono::seconds;

void UploadMeter::begin(std::uint64_t size) {
  if (open_ == 0) {
    all_ = UploadProgress{};
    begun_ = told_ = clock_.now();
  }
  ++open_;
  ++all_.hosts;
  all_.bytes += size;
}

void UploadMeter::sent(std::uint64_t bytes) {
  all_.sent += bytes;
  const Time now = clock_.now();
  if (now - told_ >= seconds(1)) {
    tell(now);
  }
}

void UploadMeter::end(bool done) {
  --open_;
  done ? ++all_.hosts_done : ++all_.hosts_failed;
  if (open_ == 0 && all_.sent > 0) {
    tell(clock_.now());
  }
}

void UploadMeter::tell(Time now) {
  told_ = now;
  all_.took = now - begun_;
  progress_.uploading(all_);
}

}  // namespace arcform
