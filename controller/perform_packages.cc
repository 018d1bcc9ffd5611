// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "controller/perform.h"
#include "model/diff_parts.h"
#include "model/packages.h"

namespace arcform {
namespace {

/// What the release holds, as the host sees it.
Awaitable<Result<ObservedPackage>> look_at_release(ApplyContext& context, InstallPackage action) {
  ProbeRequest request;
  const std::size_t slash = action.prefix.rfind('/');
  request.releases.push_back(
      {action.package, action.prefix.substr(0, slash), action.prefix.substr(slash + 1)});
  const Result<HostFacts> facts = co_await context.host(action.host).probe(std::move(request));
  if (!facts) {
    co_return facts.error();
  }
  const DesiredPackage* const package = context.desired.package(action.package);
  if (package == nullptr || whole_release(*package, *facts) == nullptr) {
    co_return Error{
        ErrorCode::aborted,
        fmt::format("{} on {} is not there, or not whole; plan again", action.prefix, action.host)};
  }
  co_return facts->packages.begin()->second;
}

}  // namespace

Awaitable<Result<void>> perform_action(ApplyContext& context, const InstallPackage& action) {
  const DesiredPackage* const package = context.desired.package(action.package);
  if (package == nullptr || package->sha256 != action.sha256) {
    co_return Error{ErrorCode::aborted,
                    fmt::format("package {}: its archive is another by now; plan again",
                                printable(action.package))};
  }
  InstallRequest request;
  request.package = action.package;
  request.folder = action.prefix.substr(0, action.prefix.rfind('/'));
  request.release = release_name(*package);
  request.archive = package->archive;
  request.sha256 = action.sha256;
  request.compressor = package->compressor;
  request.size = package->size;
  request.room = room_needed(*package);
  UploadMeter& meter = context.uploads;
  request.sent = [&meter](std::uint64_t bytes) { meter.sent(bytes); };
  meter.begin(package->size);
  const Result<void> installed = co_await context.host(action.host).install(std::move(request));
  meter.end(installed.has_value());
  if (!installed) {
    co_return installed.error();
  }
  const Result<ObservedPackage> seen = co_await look_at_release(context, action);
  if (!seen) {
    co_return seen.error();
  }
  const PackageRoles roles = roles_on(context.desired, action.host, action.package);
  if (const std::string without = lacks(roles, *seen); !without.empty()) {
    co_return Error{ErrorCode::failed_precondition,
                    fmt::format("{} on {}: {}; make an archive that holds it, with its bin and lib "
                                "at the top or below one folder",
                                action.prefix, action.host, without)};
  }
  context.installed.insert_or_assign({action.host, action.prefix}, *seen);
  co_return Result<void>();
}

Awaitable<Result<void>> perform_action(ApplyContext& context, const RemoveRelease& action) {
  RemoveRequest request{action.package, action.folder, action.release};
  auto removed = co_await context.host(action.host).remove_release(std::move(request));
  co_return removed;
}

Launch launch_on(const ApplyContext& context, const std::string& host, Launch launch) {
  const auto found = context.installed.find({host, launch.prefix});
  if (found != context.installed.end()) {
    launch.engine = found->second.engine;
    launch.extensions = found->second.extensions;
  }
  return launch;
}

}  // namespace arcform
