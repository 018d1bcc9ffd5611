// SPDX-License-Identifier: Apache-2.0
#include "drivers/local_file.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/fd.h"
#include "model/names.h"

namespace arcform {
namespace {

Error failed(const std::string& path, const char* what) {
  const int why = errno;
  const ErrorCode code = why == EACCES || why == EPERM || why == EROFS
                             ? ErrorCode::permission_denied
                         : why == ENOSPC || why == EDQUOT ? ErrorCode::resource_exhausted
                                                          : ErrorCode::not_found;
  return {code, fmt::format("{}: cannot be {}: {}; name a file in a folder that you may write to",
                            printable(path), what, std::strerror(why))};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> write_in_place(const std::string& path, std::string_view text) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) {
    return failed(path, "opened");
  }
  return write_all(file.get(), text) ? Result<void>() : failed(path, "written");
}

/// The mode of a new file of this user.
mode_t usual_mode() {
  const mode_t mask = ::umask(022);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

Result<void> write_local_file(const std::string& path, std::string_view text) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return write_in_place(path, text);
  }
  std::error_code ignored;
  const std::filesystem::path known = std::filesystem::canonical(path, ignored);
  const std::string target = ignored ? path : known.string();  // What a link leads to is replaced.
  std::string beside = target + ".XXXXXX";
  Fd file(::mkostemp(beside.data(), O_CLOEXEC));
  if (file.get() < 0) {
    return failed(path, "written");
  }
  const bool whole = write_all(file.get(), text) && ::fchmod(file.get(), usual_mode()) == 0 &&
                     ::fsync(file.get()) == 0 && file.close() &&
                     std::rename(beside.c_str(), target.c_str()) == 0;
  if (!whole) {
    const Error error = failed(path, "written");
    ::unlink(beside.c_str());
    return error;
  }
  return {};
}

}  // namespace arcform
