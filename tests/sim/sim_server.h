// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/sim/sim_machine.h"

namespace arcform::sim {

/// A ZooKeeper 3.8.0 server process: reads its zoo.cfg and myid, binds its client port, takes part
/// in the ensemble, answers four-letter words.
class ServerProgram final : public Program {
 public:
  ServerProgram(SimCore& core, Ensemble& ensemble, Machine& machine, std::string config_path)
      : Program(core, machine), ensemble_(ensemble), config_path_(std::move(config_path)) {}

  void launch() override;
  void gone() override;
  void freeze(bool frozen) override { frozen_ = frozen; }
  bool listens_on(Endpoint at) const override;
  std::optional<std::string> answer(std::uint16_t port, const std::string& question) override;

 private:
  void open();
  std::string srvr() const;
  std::string mntr() const;
  std::string conf() const;
  void rewrite(const ServerSettings& settings);

  Ensemble& ensemble_;
  std::string config_path_;
  ServerSettings settings_;
  std::optional<Ensemble::ServerHandle> handle_;
  bool frozen_ = false;
};

/// The settings of a zoo.cfg without its id; nullopt: a server would refuse it.
std::optional<ServerSettings> parse_zoo_cfg(const std::string& text);

}  // namespace arcform::sim
