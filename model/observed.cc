// SPDX-License-Identifier: Apache-2.0
#include "model/observed.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace arcform {

const ObservedProcess* HostFacts::process_of(const ObservedSlot& slot) const {
  if (!slot.identity || slot.identity->boot_id != boot_id) {
    return nullptr;
  }
  const auto found = std::lower_bound(
      processes.begin(), processes.end(), slot.identity->pid,
      [](const ObservedProcess& process, std::uint32_t pid) { return process.pid < pid; });
  const bool same = found != processes.end() && found->pid == slot.identity->pid &&
                    found->start_ticks == slot.identity->start_ticks;
  return same ? &*found : nullptr;
}

const ObservedSlot* HostFacts::slot(std::string_view name) const {
  const auto found = slots.find(name);
  return found == slots.end() ? nullptr : &found->second;
}

bool HostFacts::is_listening(std::uint16_t port) const {
  return std::binary_search(listening.begin(), listening.end(), port);
}

const HostFacts* ObservedState::host(std::string_view name) const {
  const auto found = hosts.find(std::string(name));
  return found == hosts.end() ? nullptr : found->second.get();
}

std::string node_slot(std::uint16_t port) {
  std::array<char, 10> text{'n', 'o', 'd', 'e', '-'};  // Asked for every node: no formatting.
  const auto end = std::to_chars(text.data() + 5, text.data() + text.size(), port).ptr;
  return {text.data(), end};
}

std::optional<std::uint16_t> node_slot_port(std::string_view name) {
  std::uint16_t port = 0;
  if (!name.starts_with("node-") || name.size() < 6 || name[5] == '0') {
    return std::nullopt;
  }
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + 5, end, port);
  return error == std::errc{} && stop == end ? std::optional(port) : std::nullopt;
}

std::string server_slot(int id) {
  return fmt::format("server-{}", id);
}

std::optional<int> server_slot_id(std::string_view name) {
  int id = 0;
  if (!name.starts_with("server-") || name.size() < 8 || name[7] == '0') {
    return std::nullopt;
  }
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + 7, end, id);
  return error == std::errc{} && stop == end ? std::optional(id) : std::nullopt;
}

}  // namespace arcform
