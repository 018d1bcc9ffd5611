// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "model/result.h"

namespace arcform {

/// A program whose standard input and output carry a connection (ssh -W, a ProxyCommand). Killed
/// with its process group and reaped at the end.
class Carrier {
 public:
  /// argv[0] is looked up on the PATH. Errors, without a subject: not_found, resource_exhausted.
  static Result<std::unique_ptr<Carrier>> start(const std::vector<std::string>& argv);
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;
  ~Carrier();

  /// Our end, non-blocking; the caller closes it. Only once.
  int take_socket();
  /// The last line of what it wrote to its standard error so far.
  std::string words() const;

 private:
  Carrier() = default;
  pid_t pid_ = -1;
  int socket_ = -1;
  int said_ = -1;  ///< a file in memory
};

}  // namespace arcform
