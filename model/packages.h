// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/desired.h"
#include "model/observed.h"

/// Packages that come out of archives: where they lie on a host, which are there, which may go.
///
/// A release lies in FOLDER/NAME-SUM, where NAME is the package's name in the spec and SUM are the
/// first 12 digits of its archive's sha256. It gets this name only when it is whole, by a rename,
/// with a file kReleaseMark in it that says so; whatever has the name without that file is not
/// ours.
namespace arcform {

/// In every release: "1 SHA256 SECONDS\n", the archive's checksum and when it was installed.
inline constexpr std::string_view kReleaseMark = ".arcform-release";

/// Old releases that are kept on a host beside the one in use, newest first.
inline constexpr std::size_t kReleasesKept = 2;

/// "arcus-0123456789ab"; empty when the package is not out of an archive.
std::string release_name(const DesiredPackage& package);
/// Whether `name` is a release of the package: NAME- and 12 hexadecimal digits.
bool is_release_name(std::string_view name, std::string_view package);

/// The folder of its releases on a host whose folder of ours is `ours`.
std::string releases_folder(const DesiredPackage& package, const std::string& ours);
/// Where the package is, or will be, on the host.
std::string prefix_of(const DesiredPackage& package, const HostFacts& facts);

/// The release that the spec wants, when it is there; nullptr: it is not, or not whole.
const ObservedRelease* whole_release(const DesiredPackage& package, const HostFacts& facts);
/// Something stands where the release should, and we did not put it there.
bool is_taken(const DesiredPackage& package, const HostFacts& facts);

/// Bytes that must be free on the host's disk to install it: the archive, and what is known of its
/// size unpacked.
std::uint64_t room_needed(const DesiredPackage& package);
/// The tools of the host that unpacking takes and that it does not have, as words for people.
std::string missing_tools(const DesiredPackage& package, const HostFacts& facts);

/// The class path of a release that is not there yet: right for both layouts of ZooKeeper's own.
std::string expected_classpath(const std::string& prefix);
/// Whether a ZooKeeper server's process runs from the package: from its release, when it is out of
/// an archive; else from anything that is not one of its releases.
bool runs_from(const DesiredPackage& package, const HostFacts& facts,
               const ObservedProcess& process);

/// Names of releases that may be removed: whole ones of ours, not the one that the spec wants, that
/// no process seen runs from, but for the newest kReleasesKept of them. Oldest first.
std::vector<std::string> unneeded_releases(const DesiredPackage& package, const HostFacts& facts);

/// "20.3 MB"; below a tenth of one "81.0 kB"
std::string megabytes(std::uint64_t bytes);

}  // namespace arcform
