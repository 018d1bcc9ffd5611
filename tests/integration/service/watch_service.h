// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/service/notify_socket.h"
#include "tests/integration/three_hosts/deployment.h"

namespace arcform {

/// `arcform watch` as a service manager runs it, for one host with a server and two nodes. Its spec
/// is reached by a link, so that only SIGHUP tells of a change.
class WatchService {
 public:
  WatchService();

  const Deployment& deployment() const { return it_; }
  NotifySocket& manager() { return manager_; }
  std::string file(const std::string& name) const { return it_.lab().scratch() + "/" + name; }
  void write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;

  /// What stands under "watch" in the spec, and how many nodes there are; nobody is told yet.
  void set_spec(const std::string& watch, int nodes);
  /// Not JSON.
  void break_spec();
  /// Until it leads. `watchdog`: it must say every 0.9 s that it is alive.
  void start(bool watchdog = false);
  void signal(int number) const { process_->signal(number); }
  /// Whether it has ended by itself by then.
  bool ends_within(std::chrono::milliseconds time) const;
  /// Ends within ten seconds of `begun`, with status 0.
  void must_end(std::chrono::steady_clock::time_point begun);

  /// From here on says() looks.
  void mark() { mark_ = log().size(); }
  std::string log() const { return read("log"); }
  std::string news() const { return log().substr(mark_); }
  void must_say(const std::string& text, std::chrono::milliseconds limit);
  /// Of the log since mark(), those that have the text.
  std::vector<std::string> lines(const std::string& text) const;
  void kill_node(int port) const;

 private:
  Deployment it_;
  NotifySocket manager_;
  std::unique_ptr<StartedProcess> process_;
  std::size_t mark_ = 0;
};

/// The lines of a text that have a part.
std::vector<std::string> lines_with(const std::string& text, const std::string& part);
/// What stands behind `"name":` in one line of JSON; empty: nothing does.
std::string member(const std::string& line, const std::string& name);

}  // namespace arcform
