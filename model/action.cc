// SPDX-License-Identifier: Apache-2.0
#include "model/action.h"

#include <fmt/format.h>

#include "model/overload.h"

namespace arcform {
namespace {

std::string server(int id, const std::string& host) {
  return fmt::format("ZooKeeper server {} on {}", id, host);
}

std::string node(Endpoint endpoint, const std::string& host) {
  return fmt::format("cache node {} on {}", endpoint.text(), host);
}

std::string nodes(std::size_t count) {
  return count == 1 ? "1 node" : fmt::format("{} nodes", count);
}

}  // namespace

std::string describe(const Action& action) {
  return std::visit(
      Overload{
          [](const InstallPackage& a) {
            return fmt::format("install package {} on {}", a.package, a.host);
          },
          [](const RemoveRelease& a) {
            return fmt::format("remove release {} from {}", a.release, a.host);
          },
          [](const ConfigureServer& a) { return "configure " + server(a.id, a.host); },
          [](const StartServer& a) { return "start " + server(a.id, a.host); },
          [](const StopServer& a) { return "stop " + server(a.id, a.host); },
          [](const RestartServer& a) { return "restart " + server(a.start->id, a.start->host); },
          [](const AwaitQuorum& a) {
            return fmt::format("wait for a leader of {} ZooKeeper server{}", a.servers.size(),
                               a.servers.size() == 1 ? "" : "s");
          },
          [](const CreateTree&) { return std::string("create the Arcus tree"); },
          [](const RegisterCloud& a) { return "register cloud " + a.service_code; },
          [](const MapNodes& a) {
            return a.nodes.size() == 1
                       ? fmt::format("map {} to cloud {}", a.nodes.front().node.text(),
                                     a.service_code)
                       : fmt::format("map {} to cloud {}", nodes(a.nodes.size()), a.service_code);
          },
          [](const UnmapNodes& a) {
            if (a.nodes.empty()) {
              return fmt::format("forget how {} is reached", fmt::join(a.forget_hosts, ", "));
            }
            return a.nodes.size() == 1 ? fmt::format("unmap {} from cloud {}",
                                                     a.nodes.front().text(), a.service_code)
                                       : fmt::format("unmap {} from cloud {}",
                                                     nodes(a.nodes.size()), a.service_code);
          },
          [](const StartNode& a) { return "start " + node(a.node, a.host); },
          [](const StopNode& a) { return "stop " + node(a.node, a.host); },
          [](const RestartNode& a) { return "restart " + node(a.start->node, a.start->host); },
          [](const ForgetNode& a) { return "forget " + node(a.node, a.host); },
          [](const UnregisterCloud& a) { return "unregister cloud " + a.service_code; },
          [](const TuneNode& a) { return "tune " + node(a.node, a.host); },
          [](const ReconfigureEnsemble& a) {
            const std::string who = a.host.empty() ? fmt::format("ZooKeeper server {}", a.server)
                                                   : server(a.server, a.host);
            return a.line.empty() ? "take " + who + " out of the ensemble"
                                  : "let " + who + " join the ensemble";
          },
          [](const RetireServer& a) { return "retire " + server(a.stop->id, a.stop->host); },
          [](const SetDataAside& a) { return "set aside the data of " + server(a.id, a.host); },
          [](const AdoptServer& a) { return "adopt " + server(a.id, a.host); },
          [](const AdoptCloud& a) { return "adopt cloud " + a.service_code; },
          [](const AdoptNode& a) { return "adopt " + node(a.node, a.host); },
      },
      action);
}

std::string subject(const Action& action) {
  return std::visit(
      Overload{
          [](const InstallPackage& a) { return a.prefix.substr(a.prefix.rfind('/') + 1); },
          [](const RemoveRelease& a) { return a.release; },
          [](const ConfigureServer& a) { return fmt::format("server {}", a.id); },
          [](const StartServer& a) { return fmt::format("server {}", a.id); },
          [](const StopServer& a) { return fmt::format("server {}", a.id); },
          [](const RestartServer& a) { return fmt::format("server {}", a.start->id); },
          [](const AwaitQuorum&) { return std::string("ensemble"); },
          [](const CreateTree&) { return std::string("tree"); },
          [](const RegisterCloud& a) { return "cloud " + a.service_code; },
          [](const MapNodes& a) { return "cloud " + a.service_code; },
          [](const UnmapNodes& a) {
            return a.nodes.empty() ? a.forget_hosts.front() : "cloud " + a.service_code;
          },
          [](const StartNode& a) { return a.node.text(); },
          [](const StopNode& a) { return a.node.text(); },
          [](const RestartNode& a) { return a.start->node.text(); },
          [](const ForgetNode& a) { return a.node.text(); },
          [](const UnregisterCloud& a) { return "cloud " + a.service_code; },
          [](const TuneNode& a) { return a.node.text(); },
          [](const ReconfigureEnsemble& a) { return fmt::format("server {}", a.server); },
          [](const RetireServer& a) { return fmt::format("server {}", a.stop->id); },
          [](const SetDataAside& a) { return fmt::format("server {}", a.id); },
          [](const AdoptServer& a) { return fmt::format("server {}", a.id); },
          [](const AdoptCloud& a) { return "cloud " + a.service_code; },
          [](const AdoptNode& a) { return a.node.text(); },
      },
      action);
}

Disruption disruption(const Action& action) {
  return std::visit(Overload{
                        [](const InstallPackage&) { return Disruption::none; },
                        [](const RemoveRelease&) { return Disruption::none; },
                        [](const ConfigureServer&) { return Disruption::none; },
                        [](const StartServer&) { return Disruption::none; },
                        [](const StopServer&) { return Disruption::none; },
                        [](const RestartServer&) { return Disruption::none; },
                        [](const AwaitQuorum&) { return Disruption::none; },
                        [](const CreateTree&) { return Disruption::none; },
                        [](const RegisterCloud&) { return Disruption::none; },
                        [](const MapNodes&) { return Disruption::none; },
                        [](const UnmapNodes&) { return Disruption::none; },
                        [](const StartNode&) { return Disruption::keys_remapped; },
                        [](const StopNode&) { return Disruption::keys_remapped; },
                        [](const RestartNode&) { return Disruption::cache_loss; },
                        [](const ForgetNode&) { return Disruption::none; },
                        [](const UnregisterCloud&) { return Disruption::cloud_gone; },
                        [](const TuneNode&) { return Disruption::none; },
                        [](const ReconfigureEnsemble&) { return Disruption::none; },
                        [](const RetireServer&) { return Disruption::none; },
                        [](const SetDataAside&) { return Disruption::none; },
                        [](const AdoptServer&) { return Disruption::none; },
                        [](const AdoptCloud&) { return Disruption::none; },
                        [](const AdoptNode&) { return Disruption::none; },
                    },
                    action);
}

const char* symbol(const Action& action) {
  return std::visit(Overload{
                        [](const InstallPackage&) { return "+"; },
                        [](const RemoveRelease&) { return "-"; },
                        [](const ConfigureServer&) { return "+"; },
                        [](const StartServer&) { return "+"; },
                        [](const StopServer&) { return "-"; },
                        [](const RestartServer&) { return "±"; },
                        [](const AwaitQuorum&) { return "·"; },
                        [](const CreateTree&) { return "+"; },
                        [](const RegisterCloud&) { return "+"; },
                        [](const MapNodes&) { return "+"; },
                        [](const UnmapNodes&) { return "-"; },
                        [](const StartNode&) { return "+"; },
                        [](const StopNode&) { return "-"; },
                        [](const RestartNode&) { return "±"; },
                        [](const ForgetNode&) { return "-"; },
                        [](const UnregisterCloud&) { return "-"; },
                        [](const TuneNode&) { return "~"; },
                        [](const ReconfigureEnsemble& a) { return a.line.empty() ? "-" : "+"; },
                        [](const RetireServer&) { return "-"; },
                        [](const SetDataAside&) { return "-"; },
                        [](const AdoptServer&) { return "="; },
                        [](const AdoptCloud&) { return "="; },
                        [](const AdoptNode&) { return "="; },
                    },
                    action);
}

std::string host_of(const Action& action) {
  return std::visit(Overload{
                        [](const InstallPackage& a) { return a.host; },
                        [](const RemoveRelease& a) { return a.host; },
                        [](const ConfigureServer& a) { return a.host; },
                        [](const StartServer& a) { return a.host; },
                        [](const StopServer& a) { return a.host; },
                        [](const RestartServer& a) { return a.start->host; },
                        [](const AwaitQuorum&) { return std::string(); },
                        [](const CreateTree&) { return std::string(); },
                        [](const RegisterCloud&) { return std::string(); },
                        [](const MapNodes&) { return std::string(); },
                        [](const UnmapNodes&) { return std::string(); },
                        [](const StartNode& a) { return a.host; },
                        [](const StopNode& a) { return a.host; },
                        [](const RestartNode& a) { return a.start->host; },
                        [](const ForgetNode& a) { return a.host; },
                        [](const UnregisterCloud&) { return std::string(); },
                        [](const TuneNode& a) { return a.host; },
                        [](const ReconfigureEnsemble& a) { return a.host; },
                        [](const RetireServer& a) { return a.stop->host; },
                        [](const SetDataAside& a) { return a.host; },
                        [](const AdoptServer& a) { return a.host; },
                        [](const AdoptCloud&) { return std::string(); },
                        [](const AdoptNode& a) { return a.host; },
                    },
                    action);
}

std::string cloud_of(const Action& action) {
  return std::visit(Overload{
                        [](const InstallPackage&) { return std::string(); },
                        [](const RemoveRelease&) { return std::string(); },
                        [](const ConfigureServer&) { return std::string(); },
                        [](const StartServer&) { return std::string(); },
                        [](const StopServer&) { return std::string(); },
                        [](const RestartServer&) { return std::string(); },
                        [](const AwaitQuorum&) { return std::string(); },
                        [](const CreateTree&) { return std::string(); },
                        [](const RegisterCloud& a) { return a.service_code; },
                        [](const MapNodes& a) { return a.service_code; },
                        [](const UnmapNodes& a) { return a.service_code; },
                        [](const StartNode& a) { return a.service_code; },
                        [](const StopNode& a) { return a.service_code; },
                        [](const RestartNode& a) { return a.start->service_code; },
                        [](const ForgetNode& a) { return a.service_code; },
                        [](const UnregisterCloud& a) { return a.service_code; },
                        [](const TuneNode& a) { return a.service_code; },
                        [](const ReconfigureEnsemble&) { return std::string(); },
                        [](const RetireServer&) { return std::string(); },
                        [](const SetDataAside&) { return std::string(); },
                        [](const AdoptServer&) { return std::string(); },
                        [](const AdoptCloud& a) { return a.service_code; },
                        [](const AdoptNode& a) { return a.service_code; },
                    },
                    action);
}

bool is_adoption(const Action& action) {
  return std::holds_alternative<AdoptServer>(action) ||
         std::holds_alternative<AdoptCloud>(action) || std::holds_alternative<AdoptNode>(action);
}

}  // namespace arcform
