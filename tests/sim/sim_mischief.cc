// SPDX-License-Identifier: Apache-2.0
// What a test does to a SimWorld behind arcform's back.
#include <fmt/format.h>

#include "model/znodes.h"
#include "tests/sim/sim_world.h"

namespace arcform::sim {

Machine* SimWorld::machine_at(std::uint32_t ip) {
  for (const auto& [name, machine] : machines_) {
    if (parse_ipv4(machine->address()) == ip) {
      return machine.get();
    }
  }
  return nullptr;
}

std::pair<Machine*, std::uint32_t> SimWorld::find_node(Endpoint endpoint) {
  Machine* const machine = machine_at(endpoint.ip);
  const Process* process = machine == nullptr ? nullptr : machine->listener(endpoint.port);
  if (process == nullptr) {
    throw SimFailure(fmt::format("nothing listens on {}", endpoint.text()));
  }
  return {machine, process->pid};
}

const Process* SimWorld::node(Endpoint endpoint) const {
  for (const auto& [name, machine] : machines_) {
    if (parse_ipv4(machine->address()) == endpoint.ip) {
      const Process* process = machine->listener(endpoint.port);
      return process != nullptr && process->comm == "memcached" ? process : nullptr;
    }
  }
  return nullptr;
}

void SimWorld::kill_node(Endpoint endpoint) {
  const auto [machine, pid] = find_node(endpoint);
  machine->kill(pid, "");
}

void SimWorld::terminate_node(Endpoint endpoint) {
  const auto [machine, pid] = find_node(endpoint);
  machine->terminate(pid);
}

void SimWorld::freeze_node(Endpoint endpoint, bool frozen) {
  const auto [machine, pid] = find_node(endpoint);
  machine->freeze(pid, frozen);
}

void SimWorld::kill_server(std::string_view host) {
  Machine& there = machine(host);
  for (const auto& [pid, process] : there.processes()) {
    if (process.comm == "java") {
      there.kill(pid, "");
      return;
    }
  }
  throw SimFailure(fmt::format("no server runs on {}", host));
}

void SimWorld::delete_znode(const std::string& path) {
  const TreeNode* node = tree().find(path);
  if (node == nullptr) {
    return;
  }
  const std::set<std::string> children = node->children;
  for (const std::string& child : children) {
    delete_znode(fmt::format("{}/{}", path, child));
  }
  static_cast<void>(ensemble_.commit(0, {{ZnodeChange::Kind::remove, path, {}, -1}}, "operator:"));
}

void SimWorld::create_znode(const std::string& path, const std::string& data) {
  const std::string parent = parent_of(path);
  if (tree().find(parent) == nullptr) {
    create_znode(parent, "");
  }
  static_cast<void>(
      ensemble_.commit(0, {{ZnodeChange::Kind::create, path, data, -1}}, "operator:"));
}

void SimWorld::set_znode(const std::string& path, const std::string& data) {
  static_cast<void>(ensemble_.commit(0, {{ZnodeChange::Kind::set, path, data, -1}}, "operator:"));
}

void SimWorld::register_foreign_cloud(const std::string& name, const std::vector<Endpoint>& nodes) {
  create_znode(znodes::cache_list(name), fmt::format(R"({{"serviceCode": "{}"}})", name));
  create_znode(znodes::client_list(name), "");
  for (const Endpoint& node : nodes) {
    create_znode(znodes::mapping_key(node), R"({"memlimit": "100"})");
    create_znode(znodes::mapping(node, name), "");
  }
}

void SimWorld::attach_client(const std::string& service_code, const std::string& name) {
  create_znode(fmt::format("{}/{}", znodes::client_list(service_code), name), "");
}

void SimWorld::expire_sessions() {
  for (const std::int64_t session : zookeeper_.sessions()) {
    ensemble_.expire(session);
  }
}

void SimWorld::network_changed(const std::string& what) {
  core_.effect(what);
  ensemble_.refresh();
}

void SimWorld::cut(std::string_view host) {
  core_.cut(machine(host).name());
  network_changed(fmt::format("host {} is cut off", host));
}

void SimWorld::mend(std::string_view host) {
  core_.mend(machine(host).name());
  network_changed(fmt::format("host {} is back", host));
}

void SimWorld::cut_for(std::string_view host, Time length) {
  cut(host);
  core_.clock().after(length, fmt::format("{} comes back", host),
                      [this, name = std::string(host)] { mend(name); });
}

void SimWorld::heal() {
  core_.faults().calm();
  mend_controller();
  for (const auto& [name, machine] : machines_) {
    machine->disk_full = false;
    machine->writable = true;
    set_ssh(name, true);
    mend(name);
  }
}

void SimWorld::cut_controller() {
  core_.cut(std::string(kController));
  network_changed("controller is cut off");
}

void SimWorld::mend_controller() {
  core_.mend(std::string(kController));
  network_changed("controller is back");
}

void SimWorld::set_ssh(std::string_view host, bool works) {
  machine(host).ssh = works;
  core_.effect(fmt::format("host {} {} our commands", host, works ? "takes" : "refuses"));
}

void SimWorld::reboot(std::string_view host) {
  machine(host).reboot();
}

void SimWorld::edit_file(std::string_view host, const std::string& path,
                         const std::string& content) {
  machine(host).files[path].content = content;
  core_.effect(fmt::format("host {} operator edits {}", host, path));
}

void SimWorld::remove_data(std::string_view host) {
  Machine& there = machine(host);
  while (!there.stores.empty()) {
    const std::string path = there.stores.begin()->first;
    there.remove_folder(path);
    core_.effect(fmt::format("host {} operator removes {}", host, path));
  }
}

std::uint32_t SimWorld::add_foreign_process(std::string_view host, std::uint16_t port,
                                            std::vector<std::string> argv) {
  return machine(host).spawn_foreign(port, std::move(argv));
}

void SimWorld::foreign_write() {
  if (tree().find(std::string(znodes::kClientList)) == nullptr) {
    create_znode("/foreign-" + std::to_string(++foreign_), "");
    return;
  }
  if (core_.pick(std::uint64_t{0}, std::uint64_t{1}) == 0) {
    register_foreign_cloud("foreign-" + std::to_string(++foreign_));
    return;
  }
  // Somebody touches one znode of Arcus: its version moves.
  std::vector<std::string> paths;
  for (const std::string& path : tree().paths()) {
    if (path.starts_with("/arcus/")) {
      paths.push_back(path);
    }
  }
  const std::string& chosen = paths[core_.pick(std::uint64_t{0}, paths.size() - 1)];
  set_znode(chosen, tree().find(chosen)->data);
}

}  // namespace arcform::sim
