// SPDX-License-Identifier: Apache-2.0
#include "drivers/archive_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/names.h"

namespace arcform {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 18U;

Error unreadable(const std::string& path, int why) {
  const char* const advice = why == EACCES   ? "; let your user read it"
                             : why == ENOENT ? "; put it there, or correct \"archive\""
                                             : "";
  return Error{why == EACCES ? ErrorCode::permission_denied : ErrorCode::not_found,
               fmt::format("archive {}: cannot be read: {}{}", printable(path, 1024),
                           std::system_category().message(why), advice)};
}

/// An open file; read from front to back.
class InFile {
 public:
  explicit InFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    error_ = fd_ < 0 ? errno : 0;
    struct stat status {};
    if (fd_ >= 0 && ::fstat(fd_, &status) == 0) {
      size_ = static_cast<std::uint64_t>(status.st_size);
      error_ = S_ISDIR(status.st_mode) ? EISDIR : S_ISREG(status.st_mode) ? 0 : EINVAL;
    }
  }
  InFile(const InFile&) = delete;
  InFile& operator=(const InFile&) = delete;
  ~InFile() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  int error() const { return error_; }
  std::uint64_t size() const { return size_; }

  /// How many bytes were read; 0: the end, or error().
  std::size_t read(char* into, std::size_t most) {
    ssize_t n = 0;
    do {
      n = ::read(fd_, into, most);
    } while (n < 0 && errno == EINTR);
    error_ = n < 0 ? errno : 0;
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }

 private:
  int fd_;
  int error_ = 0;
  std::uint64_t size_ = 0;
};

class FileSource final : public ByteSource {
 public:
  FileSource(std::string path, std::uint64_t size, std::function<void(std::uint64_t)> sent)
      : path_(std::move(path)), file_(path_), left_(size), sent_(std::move(sent)) {}

  const InFile& file() const { return file_; }

  Result<std::string_view> next() override {
    if (left_ == 0) {
      return std::string_view();
    }
    buffer_.resize(kPiece);
    const std::size_t n = file_.read(
        buffer_.data(), static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPiece)));
    if (n == 0) {
      return file_.error() != 0
                 ? unreadable(path_, file_.error())
                 : Error{ErrorCode::aborted, fmt::format("archive {}: became shorter while it was "
                                                         "sent; run the same command again",
                                                         printable(path_, 1024))};
    }
    left_ -= n;
    if (sent_) {
      sent_(n);
    }
    return std::string_view(buffer_.data(), n);
  }

 private:
  std::string path_;
  InFile file_;
  std::uint64_t left_;
  std::function<void(std::uint64_t)> sent_;
  std::vector<char> buffer_;
};

/// The checksum of what is fed to it.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256() { EVP_MD_CTX_free(context_); }
  void feed(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_, sum.data(), &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += fmt::format("{:02x}", sum[i]);
    }
    return text;
  }

 private:
  EVP_MD_CTX* context_;
};

/// By the first bytes: RFC 1952, the .xz format 2.1.1, RFC 8878, POSIX ustar. nullopt: none of
/// them.
std::optional<std::string> compressor_of(std::string_view head) {
  using namespace std::string_view_literals;
  if (head.starts_with("\x1f\x8b"sv)) {
    return "gzip";
  }
  if (head.starts_with("\xfd\x37zXZ\0"sv)) {
    return "xz";
  }
  if (head.starts_with("\x28\xb5\x2f\xfd"sv)) {
    return "zstd";
  }
  return head.size() >= 262 && head.substr(257, 5) == "ustar" ? std::optional<std::string>("")
                                                              : std::nullopt;
}

/// gzip ends with the size of what it packed, modulo 2^32 (RFC 1952).
std::uint64_t size_in_trailer(std::string_view tail) {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < 4 && tail.size() >= 4; ++i) {
    size |= std::uint64_t{static_cast<unsigned char>(tail[tail.size() - 4 + i])} << (8 * i);
  }
  return size;
}

std::string local_path(const std::string& path, const std::string& folder,
                       const std::string& home) {
  const std::string expanded = path.starts_with("~/") ? home + path.substr(1) : path;
  return expanded.starts_with('/') || folder.empty() ? expanded : folder + "/" + expanded;
}

void take(const ArchiveFile& file, DesiredPackage& package) {
  package.sha256 = file.sha256;
  package.size = file.size;
  package.unpacked = file.unpacked;
  package.compressor = file.compressor;
}

Result<void> inspect_one(DesiredPackage& package) {
  const Result<ArchiveFile> file = inspect_archive(package.archive);
  if (!file) {
    const bool given = !package.sha256.empty() && file.error().code != ErrorCode::invalid_argument;
    package.unreadable = file.error().message;
    if (given) {
      return {};
    }
    Error why = file.error();
    why.message += why.code == ErrorCode::not_found
                       ? "; where it cannot be, give its \"sha256\": `plan --from` needs no more"
                       : "";
    return why;
  }
  if (!package.sha256.empty() && package.sha256 != file->sha256) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("archive {}: its sha256 is {}, and the spec says {}; put the right "
                             "file there, or correct \"sha256\"",
                             printable(package.archive, 1024), file->sha256, package.sha256)};
  }
  take(*file, package);
  return {};
}

}  // namespace

Result<ArchiveFile> inspect_archive(const std::string& path) {
  InFile file(path);
  if (file.error() != 0) {
    return unreadable(path, file.error());
  }
  Sha256 sum;
  ArchiveFile found;
  std::vector<char> buffer(kPiece);
  std::string tail;
  std::optional<std::string> compressor;
  while (const std::size_t n = file.read(buffer.data(), buffer.size())) {
    const std::string_view piece(buffer.data(), n);
    if (found.size == 0) {
      compressor = compressor_of(piece);
    }
    sum.feed(piece);
    found.size += n;
    tail += piece.substr(piece.size() - std::min<std::size_t>(piece.size(), 4));
    tail.erase(0, tail.size() - std::min<std::size_t>(tail.size(), 4));
  }
  if (file.error() != 0) {
    return unreadable(path, file.error());
  }
  if (!compressor) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("archive {}: {}; make one with arcform pack, or with tar and gzip, xz "
                             "or zstd",
                             printable(path, 1024), found.size == 0 ? "is empty" : "is no tar")};
  }
  found.compressor = *compressor;
  found.unpacked = *compressor == "gzip" ? size_in_trailer(tail) : 0;
  found.sha256 = sum.hex();
  return found;
}

Result<void> inspect_archives(DesiredState& desired, const std::string& folder,
                              const std::string& home) {
  for (DesiredPackage& package : desired.packages) {
    if (package.archive.empty()) {
      continue;
    }
    package.archive = local_path(package.archive, folder, home);
    if (Result<void> inspected = inspect_one(package); !inspected) {
      return inspected.error().with("packages." + package.name);
    }
  }
  return {};
}

Result<void> find_archives(DesiredState& desired, const std::vector<std::string>& folders,
                           const std::string& home, const std::set<std::string>& needed) {
  for (DesiredPackage& package : desired.packages) {
    if (package.archive.empty()) {
      continue;
    }
    std::string path = local_path(package.archive, folders.front(), home);
    for (const std::string& folder : folders) {
      if (const std::string other = local_path(package.archive, folder, home);
          InFile(path).error() != 0 && InFile(other).error() == 0) {
        path = other;
      }
    }
    package.archive = path;
    const Result<ArchiveFile> file = inspect_archive(path);
    if (file && file->sha256 == package.sha256) {
      take(*file, package);
      continue;
    }
    Error why = file ? Error{ErrorCode::failed_precondition,
                             fmt::format("archive {}: its sha256 is {}, and was {} when the plan "
                                         "was made; put that file back, or make a new plan",
                                         printable(path, 1024), file->sha256, package.sha256)}
                     : file.error();
    package.unreadable = why.message;
    if (needed.contains(package.name)) {
      return why;
    }
  }
  return {};
}

Result<std::shared_ptr<ByteSource>> open_archive(const std::string& path, std::uint64_t size,
                                                 std::function<void(std::uint64_t)> sent) {
  auto source = std::make_shared<FileSource>(path, size, std::move(sent));
  if (source->file().error() != 0) {
    return unreadable(path, source->file().error());
  }
  if (source->file().size() != size) {
    return Error{ErrorCode::aborted,
                 fmt::format("archive {}: has {} bytes by now, and had {}; run the same command "
                             "again",
                             printable(path, 1024), source->file().size(), size)};
  }
  return std::shared_ptr<ByteSource>(std::move(source));
}

}  // namespace arcform
