// SPDX-License-Identifier: Apache-2.0
#include "drivers/archive_library.h"

#include <string>

#include <dlfcn.h>

namespace arcform {
namespace {

/// All of libarchive 3 has this name.
constexpr const char* kName = "libarchive.so.13";
static_assert(ARCHIVE_VERSION_NUMBER / 1'000'000 == 3);

class Loader {
 public:
  explicit Loader(void* handle) : handle_(handle) {}
  template <class Function>
  void find(Function& into, const char* name) {
    into = reinterpret_cast<Function>(::dlsym(handle_, name));
    if (into == nullptr) {
      missing = name;
    }
  }
  const char* missing = nullptr;

 private:
  void* handle_;
};

Result<ArchiveLibrary> load() {
  void* const handle = ::dlopen(kName, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const why = ::dlerror();
    return Error{ErrorCode::not_found, std::string(why != nullptr ? why : kName) +
                                           "; install libarchive (Debian: libarchive13)"};
  }
  Loader loader(handle);
  ArchiveLibrary all{};
  loader.find(all.entry_free, "archive_entry_free");
  loader.find(all.entry_new, "archive_entry_new");
  loader.find(all.entry_set_filetype, "archive_entry_set_filetype");
  loader.find(all.entry_set_gname, "archive_entry_set_gname");
  loader.find(all.entry_set_mtime, "archive_entry_set_mtime");
  loader.find(all.entry_set_pathname, "archive_entry_set_pathname");
  loader.find(all.entry_set_perm, "archive_entry_set_perm");
  loader.find(all.entry_set_size, "archive_entry_set_size");
  loader.find(all.entry_set_symlink, "archive_entry_set_symlink");
  loader.find(all.entry_set_uname, "archive_entry_set_uname");
  loader.find(all.last_errno, "archive_errno");
  loader.find(all.error_string, "archive_error_string");
  loader.find(all.write_add_filter_by_name, "archive_write_add_filter_by_name");
  loader.find(all.write_add_filter_none, "archive_write_add_filter_none");
  loader.find(all.write_close, "archive_write_close");
  loader.find(all.write_data, "archive_write_data");
  loader.find(all.write_free, "archive_write_free");
  loader.find(all.write_header, "archive_write_header");
  loader.find(all.write_new, "archive_write_new");
  loader.find(all.write_open_filename, "archive_write_open_filename");
  loader.find(all.write_set_format_pax_restricted, "archive_write_set_format_pax_restricted");
  loader.find(all.write_set_options, "archive_write_set_options");
  if (loader.missing != nullptr) {
    return Error{ErrorCode::not_found, std::string(kName) + ": has no " + loader.missing +
                                           "; install libarchive 3.4 or later"};
  }
  return all;
}

}  // namespace

Result<const ArchiveLibrary*> archive_library() {
  static const Result<ArchiveLibrary> loaded = load();
  if (!loaded) {
    return loaded.error();
  }
  return &*loaded;
}

}  // namespace arcform
