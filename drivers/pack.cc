// SPDX-License-Identifier: Apache-2.0
#include "drivers/pack.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "drivers/archive_library.h"
#include "model/names.h"

namespace arcform {
namespace {

namespace fs = std::filesystem;

/// 2000-01-01: tar warns of files from 1970.
constexpr std::time_t kTime = 946'684'800;

struct Found {
  std::string name;  ///< below the folder
  fs::path path;
  fs::file_type type = fs::file_type::none;
};

Error bad(const fs::path& path, const std::string& what, const std::string& advice = "") {
  return Error{ErrorCode::invalid_argument,
               fmt::format("pack {}: {}{}{}", printable(path.string(), 1024), what,
                           advice.empty() ? "" : "; ", advice)};
}

Error failed(const fs::path& path, std::error_code why) {
  const ErrorCode code = why == std::errc::permission_denied    ? ErrorCode::permission_denied
                         : why == std::errc::no_space_on_device ? ErrorCode::resource_exhausted
                                                                : ErrorCode::not_found;
  return Error{code, fmt::format("pack {}: {}", printable(path.string(), 1024), why.message())};
}

/// Its target must be there and below the folder: on another host there is nothing else.
Result<void> check_link(const fs::path& root, const fs::path& link) {
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  if (error) {
    return failed(link, error);
  }
  const fs::path full = fs::canonical(link.parent_path() / target, error);
  const fs::path inside = error ? fs::path() : full.lexically_relative(root);
  if (target.is_absolute()) {
    return bad(link, fmt::format("is a link to {}", printable(target.string(), 512)),
               "make it relative, on another host that path leads elsewhere");
  }
  if (error) {
    return bad(link,
               fmt::format("is a link to {}: {}", printable(target.string(), 512), error.message()),
               "remove it");
  }
  if (inside.empty() || *inside.begin() == "..") {
    return bad(link,
               fmt::format("is a link to {}, which lies outside of the folder",
                           printable(target.string(), 512)),
               "copy the file in its place");
  }
  return {};
}

Result<void> check(const fs::path& root, const Found& found) {
  switch (found.type) {
    case fs::file_type::regular:
    case fs::file_type::directory:
      return {};
    case fs::file_type::symlink:
      return check_link(root, found.path);
    case fs::file_type::none:
    case fs::file_type::not_found:
    case fs::file_type::block:
    case fs::file_type::character:
    case fs::file_type::fifo:
    case fs::file_type::socket:
    case fs::file_type::unknown:
      break;
  }
  return bad(found.path, "is neither a file, a folder nor a link", "remove it");
}

Result<std::vector<Found>> list(const fs::path& root) {
  std::error_code error;
  std::vector<Found> all;
  fs::recursive_directory_iterator each(root, error);
  for (; !error && each != fs::recursive_directory_iterator(); each.increment(error)) {
    Found found;
    found.path = each->path();
    found.name = found.path.lexically_relative(root).string();
    found.type = each->symlink_status(error).type();
    if (error) {
      break;
    }
    if (Result<void> fine = check(root, found); !fine) {
      return fine.error();
    }
    all.push_back(std::move(found));
  }
  if (error) {
    return failed(all.empty() ? root : all.back().path, error);
  }
  if (all.empty()) {
    return bad(root, "is empty");
  }
  std::sort(all.begin(), all.end(), [](const Found& a, const Found& b) { return a.name < b.name; });
  return all;
}

struct Closer {
  const ArchiveLibrary* library;
  void operator()(archive* handle) const { library->write_free(handle); }
  void operator()(archive_entry* entry) const { library->entry_free(entry); }
};
using Writer = std::unique_ptr<archive, Closer>;
using Entry = std::unique_ptr<archive_entry, Closer>;

/// Fixed levels and one thread: what a library would choose by itself may differ.
bool set_compressor(const ArchiveLibrary& library, archive* out, const std::string& file) {
  const auto set = [&library, out](const char* filter, const char* options) {
    return library.write_add_filter_by_name(out, filter) == ARCHIVE_OK &&
           library.write_set_options(out, options) == ARCHIVE_OK;
  };
  if (file.ends_with(".tar.gz") || file.ends_with(".tgz")) {
    return set("gzip", "gzip:compression-level=9,gzip:!timestamp");
  }
  if (file.ends_with(".tar.xz")) {
    return set("xz", "xz:compression-level=6,xz:threads=1");
  }
  if (file.ends_with(".tar.zst")) {
    return set("zstd", "zstd:compression-level=19");
  }
  return file.ends_with(".tar") && library.write_add_filter_none(out) == ARCHIVE_OK;
}

/// One archive being written beside its place.
class Packer {
 public:
  Packer(const ArchiveLibrary& library, const std::string& file)
      : library_(library), file_(file), beside_(fmt::format("{}.arcform-{}", file, ::getpid())) {}
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  ~Packer() {
    out_.reset();
    std::error_code ignored;
    fs::remove(beside_, ignored);
  }

  Result<void> open() {
    library_.write_set_format_pax_restricted(out_.get());
    if (!set_compressor(library_, out_.get(), file_)) {
      return bad(file_, "is the name of no archive that can be made",
                 "let it end in .tar.gz, .tar.xz, .tar.zst or .tar");
    }
    return fine(library_.write_open_filename(out_.get(), beside_.c_str())) ? Result<void>()
                                                                           : error();
  }

  Result<void> add(const Found& found, Packed& packed) {
    const Entry entry(library_.entry_new(), Closer{&library_});
    library_.entry_set_pathname(entry.get(), found.name.c_str());
    library_.entry_set_mtime(entry.get(), kTime, 0);
    library_.entry_set_uname(entry.get(), "root");
    library_.entry_set_gname(entry.get(), "root");
    std::error_code failure;
    if (found.type == fs::file_type::symlink) {
      const std::string target = fs::read_symlink(found.path, failure).string();
      library_.entry_set_filetype(entry.get(), AE_IFLNK);
      library_.entry_set_perm(entry.get(), 0777);
      library_.entry_set_symlink(entry.get(), target.c_str());
      ++packed.links;
    } else if (found.type == fs::file_type::directory) {
      library_.entry_set_filetype(entry.get(), AE_IFDIR);
      library_.entry_set_perm(entry.get(), 0755);
      ++packed.folders;
    } else {
      return add_file(found, entry.get(), packed);
    }
    if (failure) {
      return failed(found.path, failure);
    }
    return fine(library_.write_header(out_.get(), entry.get())) ? Result<void>() : error();
  }

  Result<void> finish() {
    if (!fine(library_.write_close(out_.get()))) {
      return error();
    }
    std::error_code failure;
    fs::rename(beside_, file_, failure);
    return failure ? failed(file_, failure) : Result<void>();
  }

 private:
  static bool fine(int status) { return status == ARCHIVE_OK || status == ARCHIVE_WARN; }

  Error error() const {
    const int why = library_.last_errno(out_.get());
    const ErrorCode code = why == ENOSPC   ? ErrorCode::resource_exhausted
                           : why == EACCES ? ErrorCode::permission_denied
                                           : ErrorCode::not_found;
    const char* const text = library_.error_string(out_.get());
    return Error{code, fmt::format("pack {}: {}", printable(file_, 1024),
                                   text == nullptr ? "cannot be written" : printable(text))};
  }

  Result<void> add_file(const Found& found, archive_entry* entry, Packed& packed) {
    std::error_code failure;
    const std::uintmax_t size = fs::file_size(found.path, failure);
    const fs::perms mode =
        failure ? fs::perms::none : fs::status(found.path, failure).permissions();
    if (failure) {
      return failed(found.path, failure);
    }
    constexpr fs::perms kRun =
        fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
    library_.entry_set_filetype(entry, AE_IFREG);
    library_.entry_set_perm(entry, (mode & kRun) != fs::perms::none ? 0755 : 0644);
    library_.entry_set_size(entry, static_cast<la_int64_t>(size));
    std::ifstream in(found.path, std::ios::binary);
    if (!in) {
      return failed(found.path, std::make_error_code(std::errc::permission_denied));
    }
    if (!fine(library_.write_header(out_.get(), entry))) {
      return error();
    }
    std::vector<char> buffer(std::size_t{1} << 18U);
    std::uintmax_t left = size;
    while (left > 0 && in) {
      in.read(buffer.data(),
              static_cast<std::streamsize>(std::min<std::uintmax_t>(left, buffer.size())));
      const auto n = static_cast<std::size_t>(in.gcount());
      left -= n;
      if (n > 0 && library_.write_data(out_.get(), buffer.data(), n) < 0) {
        return error();
      }
    }
    if (left > 0) {
      return bad(found.path, "changed while it was read", "run the same command again");
    }
    ++packed.files;
    packed.bytes += size;
    return {};
  }

  const ArchiveLibrary& library_;
  std::string file_;
  std::string beside_;
  Writer out_{library_.write_new(), Closer{&library_}};
};

}  // namespace

Result<Packed> pack(const std::string& folder, const std::string& file) {
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error || !fs::is_directory(root, error)) {
    return error ? failed(folder, error) : bad(folder, "is no folder");
  }
  const fs::path place = fs::weakly_canonical(fs::absolute(file), error).lexically_relative(root);
  if (!place.empty() && *place.begin() != "..") {
    return bad(file, "lies in the folder that is packed", "name a place outside");
  }
  const Result<std::vector<Found>> found = list(root);
  if (!found) {
    return found.error();
  }
  const Result<const ArchiveLibrary*> library = archive_library();
  if (!library) {
    return library.error().with("pack " + printable(file, 1024));
  }
  Packed packed;
  Packer packer(**library, file);
  if (Result<void> opened = packer.open(); !opened) {
    return opened.error();
  }
  for (const Found& each : *found) {
    if (Result<void> added = packer.add(each, packed); !added) {
      return added.error();
    }
  }
  if (Result<void> finished = packer.finish(); !finished) {
    return finished.error();
  }
  return packed;
}

}  // namespace arcform
