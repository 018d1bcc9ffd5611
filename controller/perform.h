// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/apply_context.h"

namespace arcform {

/// Performs one action: re-checks its preconditions, does it, and returns when its effect has been
/// observed. The only switch with side effects. An error leaves the world for the next round to
/// observe; nothing is rolled back. Errors: aborted (the world has moved since it was planned),
/// else as the drivers say. `action` must outlive the call.
Awaitable<Result<void>> perform(ApplyContext& context, const Action& action);

// The parts of the switch, one overload per kind of action.
Awaitable<Result<void>> perform_action(ApplyContext& context, const InstallPackage& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const RemoveRelease& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const ConfigureServer& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const StartServer& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const StopServer& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const RestartServer& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const AwaitQuorum& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const CreateTree& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const RegisterCloud& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const MapNodes& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const UnmapNodes& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const StartNode& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const StopNode& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const RestartNode& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const ForgetNode& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const UnregisterCloud& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const TuneNode& action);

/// Whether there is such a znode.
Awaitable<Result<bool>> exists(ZnodeReader& reader, std::string path);

/// The name of the ephemeral of `node` among the children of its cloud; empty: it does not stand.
Awaitable<Result<std::string>> find_join(ZnodeReader& reader, std::string service_code,
                                         Endpoint node);
/// The same, and whose life it is; nothing: it does not stand, or is nobody's.
Awaitable<Result<std::optional<ObservedJoin>>> find_life(ZnodeReader& reader,
                                                         std::string service_code, Endpoint node);
Awaitable<Result<void>> perform_action(ApplyContext& context, const ReconfigureEnsemble& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const RetireServer& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const SetDataAside& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const AdoptServer& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const AdoptCloud& action);
Awaitable<Result<void>> perform_action(ApplyContext& context, const AdoptNode& action);

/// What a node is started with: of a package that was installed in this apply, what was found in
/// it.
Launch launch_on(const ApplyContext& context, const std::string& host, Launch launch);

/// Records the spec as the last applied revision, one above `context.revision`.
Awaitable<Result<void>> record_applied(ApplyContext& context, DeploymentLock& lock);

/// Writes how a host with nodes of ours is reached, for the day when it leaves the spec.
Awaitable<Result<void>> write_host_record(DeploymentLock& lock, const DesiredState& desired,
                                          HostRecord record);

/// ": its last words: ..." of a slot's log, or "" when there are none.
Awaitable<std::string> last_words_of(ApplyContext& context, std::string host, std::string slot);

}  // namespace arcform
