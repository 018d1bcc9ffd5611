// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/desired.h"
#include "tests/sim/sim_host.h"
#include "tests/sim/sim_zookeeper.h"

namespace arcform::sim {

/// A whole world in memory: machines, one ensemble, virtual time, faults, a log. The same seed and
/// the same calls give the same log, byte for byte. Start here.
///
///   SimWorld world(desired, 42);
///   auto facts = world.run(world.host("cache001").probe({}));
class SimWorld final : public Hosts {
 public:
  using Invariants = std::function<void(const SimWorld&)>;

  /// A machine for every host of the spec, bare but for the packages that the spec calls
  /// installed; an external ensemble runs already.
  explicit SimWorld(const DesiredState& desired, std::uint64_t seed = 1);
  static std::unique_ptr<SimWorld> from(const DesiredState& desired, std::uint64_t seed = 1) {
    return std::make_unique<SimWorld>(desired, seed);
  }
  ~SimWorld() override;
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  // What arcform works on.
  Clock& clock() { return core_.clock(); }
  Time now() const { return core_.clock().now(); }
  Zookeeper& zookeeper() { return zookeeper_; }
  Host& host(const DesiredHost& access, const std::string& deployment) override;
  /// By name, for the deployment of the spec.
  Host& host(std::string_view name);
  asio::io_context& io() { return core_.io(); }
  /// Runs a coroutine to its end; see sim::run.
  template <class T>
  T run(Awaitable<T> work, Time limit = std::chrono::hours(2)) {
    return sim::run(core_.io(), core_.clock(), std::move(work), limit);
  }
  /// Lets virtual time pass.
  void advance(Time by);

  // What a test looks at.
  const std::vector<std::string>& log() const { return core_.log(); }
  /// Lines of the log that contain `text`.
  std::vector<std::string> log_with(std::string_view text) const;
  std::uint64_t mutations() const { return core_.mutations(); }
  const Ensemble& ensemble() const { return ensemble_; }
  const ZnodeTree& tree() const { return ensemble_.tree(); }
  const Machine& machine(std::string_view name) const;
  const std::map<std::string, std::unique_ptr<Machine>>& machines() const { return machines_; }
  /// Endpoints with an ephemeral in cache_list/<svc>, sorted.
  std::vector<Endpoint> joined(std::string_view service_code) const;
  /// Live cache node processes that listen on this endpoint's port.
  const Process* node(Endpoint endpoint) const;
  /// Called after every effect; throws to fail: run() then ends with that exception.
  void set_invariants(Invariants check);

  // What a test does to the world.
  SimCore& core() { return core_; }
  Faults& faults() { return core_.faults(); }
  Ensemble& ensemble() { return ensemble_; }
  Machine& machine(std::string_view name);
  Machine& add_machine(const std::string& name, const std::string& address);
  void kill_node(Endpoint endpoint);       ///< SIGKILL
  void terminate_node(Endpoint endpoint);  ///< SIGTERM, by a person
  void freeze_node(Endpoint endpoint, bool frozen);
  void kill_server(std::string_view host);
  /// An operator's zkCli: with all children; nothing happens when it is not there.
  void delete_znode(const std::string& path);
  void create_znode(const std::string& path, const std::string& data);  ///< and missing parents
  void set_znode(const std::string& path, const std::string& data);
  /// A cloud that somebody else registered with arcus.sh: cache_list, client_list, mappings.
  void register_foreign_cloud(const std::string& name, const std::vector<Endpoint>& nodes = {});
  /// Everything that the spec says runs, registered and started by arcus.sh: none of it is ours.
  void set_up_by_arcus_sh(const DesiredState& desired);
  void start_node_by_hand(const DesiredState& desired, const DesiredNode& node);
  void attach_client(const std::string& service_code, const std::string& name = "client");
  void expire_sessions();           ///< all of the controller's
  void cut(std::string_view host);  ///< from everything
  void mend(std::string_view host);
  void cut_for(std::string_view host, Time length);  ///< mends itself
  /// The end of all trouble: no more faults, everything reachable, every disk has room. What died
  /// stays dead.
  void heal();
  void cut_controller();  ///< the controller from everything
  void mend_controller();
  void set_ssh(std::string_view host, bool works);  ///< only our commands; the network is fine
  void reboot(std::string_view host);
  void edit_file(std::string_view host, const std::string& path, const std::string& content);
  void remove_data(std::string_view host);  ///< a server's data directories, myid too
  std::uint32_t add_foreign_process(std::string_view host, std::uint16_t port,
                                    std::vector<std::string> argv = {"/usr/bin/nc", "-lk"});
  void suspend(Time pause) { zookeeper_.suspend(pause); }
  /// The controller's process dies: see run_loop.h.
  void abandon_sessions() { zookeeper_.abandon(); }

 private:
  Machine* machine_at(std::uint32_t ip);
  std::pair<Machine*, std::uint32_t> find_node(Endpoint endpoint);
  void network_changed(const std::string& what);
  void foreign_write();

  SimCore core_;
  Ensemble ensemble_;
  SimZookeeper zookeeper_;
  std::string deployment_;
  std::map<std::string, DesiredHost, std::less<>> access_;
  std::map<std::string, std::unique_ptr<Machine>> machines_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<SimHost>> hosts_;
  std::uint32_t foreign_ = 0;
};

}  // namespace arcform::sim
