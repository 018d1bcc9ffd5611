// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "model/result.h"

namespace arcform {

/// The functions of libarchive that pack() needs. It is loaded when the first archive is written:
/// it brings ten more libraries along (libxml2, ICU, ...), which cost each start of a command that
/// writes none, thus nearly all, 0.9 ms of CPU.
struct ArchiveLibrary {
  decltype(&::archive_entry_free) entry_free;
  decltype(&::archive_entry_new) entry_new;
  decltype(&::archive_entry_set_filetype) entry_set_filetype;
  decltype(&::archive_entry_set_gname) entry_set_gname;
  decltype(&::archive_entry_set_mtime) entry_set_mtime;
  decltype(&::archive_entry_set_pathname) entry_set_pathname;
  decltype(&::archive_entry_set_perm) entry_set_perm;
  decltype(&::archive_entry_set_size) entry_set_size;
  decltype(&::archive_entry_set_symlink) entry_set_symlink;
  decltype(&::archive_entry_set_uname) entry_set_uname;
  decltype(&::archive_errno) last_errno;
  decltype(&::archive_error_string) error_string;
  decltype(&::archive_write_add_filter_by_name) write_add_filter_by_name;
  decltype(&::archive_write_add_filter_none) write_add_filter_none;
  decltype(&::archive_write_close) write_close;
  decltype(&::archive_write_data) write_data;
  decltype(&::archive_write_free) write_free;
  decltype(&::archive_write_header) write_header;
  decltype(&::archive_write_new) write_new;
  decltype(&::archive_write_open_filename) write_open_filename;
  decltype(&::archive_write_set_format_pax_restricted) write_set_format_pax_restricted;
  decltype(&::archive_write_set_options) write_set_options;
};

/// Loaded once, for good. Error not_found: it is not installed, or lacks one of them.
Result<const ArchiveLibrary*> archive_library();

}  // namespace arcform
