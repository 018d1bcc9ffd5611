// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "drivers/shell.h"
#include "model/desired.h"

/// Archives of packages, as files on this machine.
namespace arcform {

/// What is known of an archive without unpacking it.
struct ArchiveFile {
  std::uint64_t size = 0;      ///< bytes
  std::uint64_t unpacked = 0;  ///< at least so many bytes unpacked; 0: not known
  std::string sha256;          ///< hexadecimal
  std::string compressor;      ///< "gzip", "xz", "zstd"; empty: a plain tar
};

/// Reads the whole file once. Errors: not_found, permission_denied (it cannot be read),
/// invalid_argument (it is no tar, plain or packed by gzip, xz or zstd).
Result<ArchiveFile> inspect_archive(const std::string& path);

/// Fills in what the spec's archives are: their paths here (those that are relative are below
/// `folder`, "~" is `home`), sizes and checksums. A file that cannot be read is an error only where
/// the spec does not give its checksum; else DesiredPackage::unreadable says so. Error
/// invalid_argument: the checksum is another than the spec's.
Result<void> inspect_archives(DesiredState& desired, const std::string& folder,
                              const std::string& home);

/// For a plan that was saved, whose desired state has the checksum of every archive: finds them
/// again, below the first of `folders` that has them. Those of the packages `needed` must be there
/// and still be the same. Errors: not_found, permission_denied, or failed_precondition (it is
/// another by now).
Result<void> find_archives(DesiredState& desired, const std::vector<std::string>& folders,
                           const std::string& home, const std::set<std::string>& needed);

/// Hands over a file in pieces of 256 kB. Errors as inspect_archive; aborted: it is not of `size`
/// bytes (any more). `sent` is told the size of every piece; may be empty.
Result<std::shared_ptr<ByteSource>> open_archive(const std::string& path, std::uint64_t size,
                                                 std::function<void(std::uint64_t)> sent);

}  // namespace arcform
