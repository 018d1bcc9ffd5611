// SPDX-License-Identifier: Apache-2.0
// Releases of packages on a simulated host.
#include <utility>

#include <fmt/format.h>

#include "model/names.h"
#include "model/packages.h"
#include "tests/sim/sim_host.h"

namespace arcform::sim {

using std::chrono::milliseconds;

namespace {

constexpr int kPieces = 4;

bool is_place(const std::string& folder, const std::string& package, const std::string& release) {
  return folder.starts_with('/') && is_release_name(release, package);
}

}  // namespace

ObservedReleases SimHost::observed_releases(const ReleasePlace& place) const {
  ObservedReleases seen;
  seen.folder = place.folder.empty() ? directory_ + "/packages" : place.folder;
  seen.free_kb = machine_.disk_full ? 0 : machine_.free_kb;
  std::map<std::string, ObservedRelease> found;
  const std::string inside = seen.folder + "/";
  for (const auto& [path, file] : machine_.files) {
    const std::size_t slash = path.find('/', inside.size());
    if (path.starts_with(inside) && slash != std::string::npos) {
      const std::string name = path.substr(inside.size(), slash - inside.size());
      found[name].name = name;
    }
  }
  for (const auto& [path, release] : machine_.releases) {
    if (path.starts_with(inside)) {
      const std::string name = path.substr(inside.size());
      found[name] = ObservedRelease{name, release.sha256, release.installed_at};
    }
  }
  for (auto& [name, release] : found) {
    if (is_release_name(name, place.package)) {
      seen.all.push_back(std::move(release));
    }
  }
  return seen;
}

/// Why nothing is to be sent: it is there (no error), or it cannot be put there.
std::optional<Result<void>> SimHost::settled_before(const InstallRequest& request) {
  const std::string what = "install " + request.release;
  const std::string final = request.folder + "/" + request.release;
  const auto release = machine_.releases.find(final);
  if (release != machine_.releases.end() && release->second.sha256 == request.sha256) {
    return reply(what);
  }
  const auto inside = machine_.files.lower_bound(final + "/");
  if (release != machine_.releases.end() ||
      (inside != machine_.files.end() && inside->first.starts_with(final + "/"))) {
    return error(ErrorCode::already_exists, what, "no whole release of ours stands there");
  }
  for (const std::string& tool :
       {std::string("tar"), std::string("sha256sum"), request.compressor}) {
    if (!tool.empty() && !machine_.tools.contains(tool)) {
      return error(ErrorCode::unsupported, what, "not on the PATH there: " + tool);
    }
  }
  if (!machine_.writable) {
    return error(ErrorCode::permission_denied, what, "the file system is read-only");
  }
  if (machine_.disk_full || machine_.free_kb * 1024 < request.room) {
    return error(ErrorCode::resource_exhausted, what, "no space left on device");
  }
  return std::nullopt;
}

/// What arrives lies in a folder with another name, as `beside`; false: the connection is lost.
Awaitable<Result<void>> SimHost::receive(const InstallRequest& request, std::string beside) {
  const std::string what = "install " + request.release;
  machine_.files[beside + "/archive"] = File{"", 0600};
  core_.effect(fmt::format("host {} receives {}", name_, request.release));
  for (int piece = 0; piece < kPieces; ++piece) {
    co_await core_.clock().wait_until(core_.clock().now() +
                                      core_.pick(milliseconds(5), milliseconds(50)));
    auto still = reachable(what);
    if (!still) {
      co_return still.error();
    }
    if (core_.faults().strikes(Fault::upload_cut, fmt::format("host {} {}", name_, what))) {
      co_return error(ErrorCode::unavailable, what, "the connection was lost");
    }
    machine_.files[beside + "/archive"].content += "piece";
    if (request.sent) {
      request.sent(request.size / kPieces);
    }
  }
  if (core_.faults().strikes(Fault::disk_full, fmt::format("host {} {}", name_, what))) {
    machine_.remove_folder(beside);
    co_return error(ErrorCode::resource_exhausted, what, "no space left on device");
  }
  if (request.sha256 != machine_.arrived_sum.value_or(request.sha256)) {
    machine_.remove_folder(beside);
    co_return error(ErrorCode::aborted, what, "wrong checksum");
  }
  co_return Result<void>();
}

Awaitable<Result<void>> SimHost::install(InstallRequest request) {
  core_.count_mutation();
  const std::string what = "install " + request.release;
  if (!is_place(request.folder, request.package, request.release)) {
    co_return error(ErrorCode::invalid_argument, what, "bad folder or name");
  }
  auto reached = co_await reach_to_change(what);
  if (!reached) {
    co_return reached;
  }
  if (auto settled = settled_before(request)) {
    co_return std::move(*settled);
  }
  forget_leftovers(request.folder, request.package);
  const std::string beside =
      fmt::format("{}/.{}.arcform-{}", request.folder, request.release, machine_.next_pid++);
  auto received = co_await receive(request, beside);
  if (!received) {
    co_return received;
  }
  machine_.files[beside + "/tree/bin/memcached"] = File{"half of it", 0755};
  core_.effect(fmt::format("host {} unpacks {}", name_, request.release));
  co_await core_.clock().wait_until(core_.clock().now() + milliseconds(40));
  if (auto still = reachable(what); !still) {
    co_return still;  // The script ends with its connection, before it has renamed anything.
  }
  machine_.remove_folder(beside);
  const std::string final = request.folder + "/" + request.release;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(core_.clock().now());
  machine_.releases[final] = Release{request.sha256, static_cast<std::uint64_t>(seconds.count())};
  machine_.packages[final] = everything_at(final);
  core_.effect(fmt::format("host {} {}", name_, what));
  co_return reply(what);
}

void SimHost::forget_leftovers(const std::string& folder, const std::string& package) {
  const std::string begin = fmt::format("{}/.{}-", folder, package);
  std::erase_if(machine_.files, [&begin](const auto& file) {
    return file.first.starts_with(begin) && file.first.find(".arcform-") != std::string::npos;
  });
}

Awaitable<Result<void>> SimHost::remove_release(RemoveRequest request) {
  core_.count_mutation();
  const std::string what = "remove " + request.release;
  if (!is_place(request.folder, request.package, request.release)) {
    co_return error(ErrorCode::invalid_argument, what, "bad folder or name");
  }
  auto reached = co_await reach_to_change(what);
  if (!reached) {
    co_return reached;
  }
  forget_leftovers(request.folder, request.package);
  const std::string final = request.folder + "/" + request.release;
  const auto release = machine_.releases.find(final);
  if (release == machine_.releases.end()) {
    const auto inside = machine_.files.lower_bound(final + "/");
    const bool foreign = inside != machine_.files.end() && inside->first.starts_with(final + "/");
    if (foreign) {
      co_return error(ErrorCode::failed_precondition, what, "it is no release of ours");
    }
    co_return reply(what);
  }
  for (const auto& [pid, process] : machine_.processes()) {
    for (const std::string& word : process.argv) {
      if (word.find(final + "/") != std::string::npos) {
        co_return error(ErrorCode::failed_precondition, what, "a process runs from it");
      }
    }
  }
  machine_.releases.erase(release);
  machine_.packages.erase(final);
  core_.effect(fmt::format("host {} {}", name_, what));
  co_return reply(what);
}

}  // namespace arcform::sim
