// SPDX-License-Identifier: Apache-2.0
// Every status that a command may exit with, each brought about for real on one machine; at the
// end what was seen is compared with what the manual promises. (70 is a bug, and has no cause.)
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/bad_input/here.h"
#include "tests/support/real_sshd.h"

namespace arcform {
namespace {

using std::chrono::seconds;
using Words = std::vector<std::string>;
using Statuses = std::map<std::string, std::set<int>>;

const Statuses kPromised{{"validate", {0, 4}},
                         {"schema", {0, 4}},
                         {"completion", {0, 4}},
                         {"plan", {0, 1, 2, 3, 4, 9}},
                         {"apply", {0, 2, 3, 4, 5, 6, 7, 8, 9, 130, 143}},
                         {"status", {0, 4, 9, 130, 143}},
                         {"ping", {0, 4, 5, 9}},
                         {"observe", {0, 1, 4, 9}},
                         {"import", {0, 1, 3, 4, 9}},
                         {"pack", {0, 1, 4}}};

/// A command, what it must exit with and one thing that it must say.
struct Case {
  Words words;
  int status;
  std::string says;
};

class Exits {
 public:
  Here here;

  void expect(const Case& wanted) { note(wanted, here.arcform(wanted.words)); }
  void expect(const std::vector<Case>& cases) {
    for (const Case& wanted : cases) {
      expect(wanted);
    }
  }
  /// Starts it, waits for what it says, and sends it a signal.
  void interrupt(const Case& wanted, int signal) {
    StartedProcess running(command(wanted.words));
    REQUIRE(running.await_output(wanted.says, seconds(30)));
    running.signal(signal);
    note(wanted, running.finish(seconds(30)));
  }
  Words command(const Words& words) const {
    Words argv{"env", "-C", here.folder(), ARCFORM_BINARY};
    argv.insert(argv.end(), words.begin(), words.end());
    return argv;
  }
  void note(const Case& wanted, const ProcessResult& result) {
    INFO(fmt::format("{}", fmt::join(wanted.words, " ")));
    INFO("exit " << result.status << "\n" << result.out << result.err);
    REQUIRE(result.status == wanted.status);
    REQUIRE((result.out + result.err).find(wanted.says) != std::string::npos);
    seen_[wanted.words.front()].insert(wanted.status);
  }
  void edit(const std::string& part, const std::string& with) {
    const std::size_t place = here.clouds.find(part);
    REQUIRE(place != std::string::npos);
    here.clouds.replace(place, part.size(), with);
    here.write_spec();
  }
  /// Ends a cache node as the kernel would.
  void kill_node(std::size_t index) const {
    std::ifstream file(fmt::format("{}/node-{}/id", here.directory, here.node_port(index)));
    std::string version;
    std::string boot;
    pid_t pid = 0;
    file >> version >> boot >> pid;
    REQUIRE(pid > 1);
    REQUIRE(::kill(pid, SIGKILL) == 0);
    const std::string process = fmt::format("/proc/{}/exe", pid);
    REQUIRE(eventually([&] { return !std::filesystem::exists(process); }, seconds(5)));
  }
  const Statuses& seen() const { return seen_; }

 private:
  Statuses seen_;
};

/// Nothing runs yet.
void offline(Exits& at) {
  at.here.write_spec();
  at.here.write_file("arcus.conf", R"({ "serviceCode": "shop", "config": { "memlimit": "64" },
    "servers": [ { "hostname": "here", "ip": "127.0.0.1", "config": { "port": "11211" } } ] })");
  const Words conf{"import", "conf", "arcus.conf", "-z", "127.0.0.1:2181", "-o", "conf.json"};
  Words nowhere = conf;
  nowhere.back() = "/nonexistent/conf.json";
  at.expect({{{"validate", "spec.json"}, 0, "valid"},
             {{"validate", "none.json"}, 4, "none.json: cannot be read"},
             {{"schema", "plan"}, 0, "arcform plan"},
             {{"schema", "what"}, 4, "what"},
             {{"completion", "bash"}, 0, "arcform"},
             {{"completion", "csh"}, 4, "csh"},
             {{"pack", at.here.arcus, "-o", "arcus.tar.gz"}, 0, "sha256 "},
             {{"pack", at.here.arcus, "-o", "/nonexistent/arcus.tar.gz"}, 1, "/nonexistent"},
             {{"pack", "spec.json", "-o", "x.tar.gz"}, 4, "spec.json"},
             {conf, 0, "1 cache node"},
             {conf, 3, "--force"},
             {nowhere, 1, "/nonexistent/conf.json"},
             {{"import", "conf", "none.conf", "-z", "127.0.0.1:2181"}, 4, "none.conf"},
             {{"import", "live", "-z", "127.0.0.1:1"}, 9, "127.0.0.1:1"}});
}

/// There is something to do, and somebody or something is in the way.
void before_the_first_apply(Exits& at) {
  at.expect({{{"plan", "spec.json"}, 0, "Plan: "},
             {{"plan", "--exit-code", "spec.json"}, 2, "Plan: "},
             {{"plan", "--out", "/nonexistent/x.plan", "spec.json"}, 1, "/nonexistent/x.plan"},
             {{"plan", "--only", "cloud:nowhere", "spec.json"}, 4, "nowhere"},
             {{"apply", "spec.json"}, 3, "nobody is there to say yes"},
             {{"apply", "none.json"}, 4, "none.json"},
             {{"status", "none.json"}, 4, "none.json"},
             {{"ping", "none.json"}, 4, "none.json"},
             {{"observe", "none.json"}, 4, "none.json"}});
  const ForeignListener foreign(at.here.node_port(0));
  at.expect({{"plan", "spec.json"}, 3, "a process that is not ours"});
}

/// One host can be seen; the other shows a key that nobody knows, so nobody logs in there.
void with_a_host_that_is_not_known(Exits& at) {
  const RealSshd sshd("ListenAddress 127.0.0.2");
  const std::string host = at.here.host;
  at.here.write_file("none", "");
  at.here.host += fmt::format(
      R"(, {{ "name": "there", "address": "127.0.0.2",
         "ssh": {{ "user": "nobody", "port": {}, "agent": false, "knownHosts": "{}/none" }} }})",
      sshd.port(), at.here.folder());
  at.here.write_spec();
  at.expect({{{"plan", "spec.json"}, 9, "unknown: "},
             {{"status", "spec.json"}, 9, "could not be observed"},
             {{"observe", "-o", "part.json", "spec.json"}, 9, ""},
             // All that could be seen was done.
             {{"apply", "--yes", "spec.json"}, 9, "something could not be observed"},
             {{"ping", "spec.json"}, 9, "not asked"}});
  at.here.host = host;
  at.here.write_spec();
}

/// The first node cannot live; then it is put right, and the same command goes on.
void a_step_that_fails(Exits& at) {
  const std::string good = at.here.arcus;
  at.here.arcus = at.here.folder() + "/arcus";
  at.here.write_file("arcus/bin/memcached", "#!/bin/sh\necho no luck today >&2\nexit 1\n", 0755);
  std::filesystem::create_symlink(good + "/lib", at.here.folder() + "/arcus/lib");
  at.here.write_spec();
  at.expect({{"apply", "--yes", "spec.json"}, 5, "no luck today"});
  at.here.arcus = good;
  at.here.write_spec();
  at.expect({{{"apply", "--yes", "spec.json"}, 0, "Converged"},
             {{"plan", "--exit-code", "spec.json"}, 0, "No changes."},
             {{"status", "spec.json"}, 0, "converged"},
             {{"ping", "spec.json"}, 0, "127.0.0.1"},
             {{"observe", "spec.json"}, 0, "arcform/observation"},
             {{"observe", "-o", "/nonexistent/x.json", "spec.json"}, 1, "/nonexistent/x.json"}});
}

void saved_plans(Exits& at) {
  at.kill_node(0);
  at.expect({{{"ping", "spec.json"}, 5, fmt::format("127.0.0.1:{}", at.here.node_port(0))},
             {{"plan", "--out", "x.plan", "spec.json"}, 0, "1 to start"}});
  at.kill_node(1);
  at.expect({{{"apply", "--yes", "x.plan"}, 2, "1 step is still to be done"},
             {{"apply", "--yes", "x.plan"}, 6, "stale plan"},
             {{"apply", "--yes", "spec.json"}, 0, "Converged"}});
}

/// An apply that waits between two restarts: it holds the lock, and can be ended.
void while_another_works(Exits& at) {
  at.edit(R"("threads": 2)", R"("threads": 3)");
  at.edit(R"("nodes": [)", R"("rollout": { "minReadySeconds": 60 }, "nodes": [)");
  const Words apply{"apply", "--yes", "spec.json"};
  const char* const waits = "next node is touched";
  {
    StartedProcess first(at.command(apply));
    REQUIRE(first.await_output(waits, seconds(30)));
    at.expect({{"apply", "--yes", "--lock-timeout", "1s", "spec.json"}, 7, "holds the lock"});
    first.signal(SIGTERM);
    at.note({apply, 143, "Interrupted"}, first.finish(seconds(30)));
  }
  at.interrupt({apply, 130, waits}, SIGINT);
  at.expect({{"apply", "--yes", "--timeout", "3s", "spec.json"}, 8, "Not converged in time"});
  for (const int signal : {SIGINT, SIGTERM}) {
    at.interrupt({{"status", "--watch", "1s", "spec.json"}, 128 + signal, "needs work"}, signal);
  }
}

}  // namespace

TEST_CASE("every exit status of every command has a cause") {
  Exits at;
  offline(at);
  before_the_first_apply(at);
  a_step_that_fails(at);
  with_a_host_that_is_not_known(at);
  saved_plans(at);
  while_another_works(at);
  CHECK(at.seen() == kPromised);
}

}  // namespace arcform
