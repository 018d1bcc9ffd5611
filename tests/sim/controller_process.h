// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "tests/sim/sim_world.h"

namespace arcform::sim {

/// A process of the controller: its coroutines can be destroyed without touching the world's.
class ControllerProcess {
 public:
  explicit ControllerProcess(SimWorld& world)
      : world_(world), loop_(std::make_unique<asio::io_context>(1)) {}
  ~ControllerProcess() { end(); }
  ControllerProcess(const ControllerProcess&) = delete;
  ControllerProcess& operator=(const ControllerProcess&) = delete;

  asio::io_context& loop() { return *loop_; }

  template <class T>
  T run(Awaitable<T> work) {
    return sim::run(*loop_, world_.core().clock(), std::move(work));
  }

 private:
  void end() {
    SimClock& clock = world_.core().clock();
    static_cast<void>(clock.take_failure());
    world_.abandon_sessions();
    clock.drop_coroutines();
    loop_.reset();
    clock.drop_coroutines();
  }

  SimWorld& world_;
  std::unique_ptr<asio::io_context> loop_;
};

}  // namespace arcform::sim
