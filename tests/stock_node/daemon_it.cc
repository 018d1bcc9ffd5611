// SPDX-License-Identifier: Apache-2.0
// -d and -P: the caller gets 0 at once, the pid file appears with the join and goes with SIGTERM.
#include <csignal>
#include <fstream>

#include <catch2/catch.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stock_node/lab.h"

using namespace arcform::stock_test;

namespace {

pid_t pid_in(const std::string& path) {
  std::ifstream file(path);
  pid_t pid = 0;
  file >> pid;
  return pid;
}

/// The daemon that the test has adopted after its caller ended; it may have ended itself.
pid_t adopted_node() {
  for (const pid_t pid : children_of(getpid())) {
    if (comm(pid) == "memcached") {
      return pid;
    }
  }
  FAIL("no daemon was adopted");
  return 0;
}

/// Waits for an adopted process.
int collected(pid_t pid) {
  int status = -1;
  REQUIRE(eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; }));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// A daemonized node: adopted by the test, so that it can be collected like a child.
class Daemon {
 public:
  explicit Daemon(NodeLab& lab) : file_(lab.file("pid")) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const auto caller = lab.start({"-d", "-r", "-P", file_});
    REQUIRE(caller->exit_status() == 0);
    REQUIRE(eventually([&] { return pid_in(file_) > 0; }));
    pid_ = pid_in(file_);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  Daemon(Daemon&&) = delete;
  Daemon& operator=(Daemon&&) = delete;
  ~Daemon() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
  }
  pid_t pid() const { return pid_; }
  const std::string& file() const { return file_; }
  int exit_status() const { return collected(pid_); }

 private:
  std::string file_;
  pid_t pid_ = 0;
};

bool exists(const std::string& path) {
  return std::ifstream(path).good();
}

}  // namespace

TEST_CASE("the pid file of a daemon means joined; SIGTERM removes it") {
  NodeLab lab;
  lab.prepare_tree();
  const Daemon daemon(lab);
  CHECK(lab.zk().get(lab.znode()));
  CHECK(lab.serving());
  CHECK(comm(daemon.pid()) == "memcached");
  kill(daemon.pid(), SIGHUP);  // A daemon ignores it.
  CHECK(lab.serving());
  kill(daemon.pid(), SIGTERM);
  CHECK(daemon.exit_status() == 0);
  CHECK_FALSE(exists(daemon.file()));
  CHECK_FALSE(lab.zk().get(lab.znode()));
}

TEST_CASE("SIGKILL leaves a daemon's pid file behind") {
  NodeLab lab;
  lab.prepare_tree();
  const Daemon daemon(lab);
  kill(daemon.pid(), SIGKILL);
  CHECK(daemon.exit_status() == 128 + SIGKILL);
  CHECK(pid_in(daemon.file()) == daemon.pid());
}

TEST_CASE("the caller of a daemon gets 0 although the mapping is missing; no pid file then") {
  NodeLab lab;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const auto caller = lab.start({"-d", "-r", "-P", lab.file("pid")});
  CHECK(caller->exit_status() == 0);
  CHECK(collected(adopted_node()) == 76);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  CHECK_FALSE(exists(lab.file("pid")));
}

TEST_CASE("the caller of a daemon hears of a bad option and of a missing user") {
  NodeLab lab;
  CHECK(lab.start({"-d", "-m", "0"})->exit_status() == 1);
  CHECK(lab.start({"-d", "-c", "1"})->exit_status() == 64);
}

TEST_CASE("-P without -d writes nothing") {
  NodeLab lab;
  lab.prepare_tree();
  const auto node = lab.start({"-P", lab.file("pid")});
  REQUIRE(eventually([&] { return lab.zk().get(lab.znode()).has_value() && lab.serving(); }));
  CHECK_FALSE(exists(lab.file("pid")));
}

TEST_CASE("a pid file that cannot be written is only worth a warning") {
  NodeLab lab;
  lab.prepare_tree();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const auto caller = lab.start({"-d", "-v", "-r", "-P", "/nowhere/pid"});
  CHECK(caller->exit_status() == 0);
  REQUIRE(eventually([&] {
    return caller->output().find("Could not open the pid file /nowhere/pid") != std::string::npos;
  }));
  CHECK(lab.serving());
  const pid_t node = adopted_node();
  kill(node, SIGTERM);
  CHECK(collected(node) == 0);
  CHECK(lab.version().empty());
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}
