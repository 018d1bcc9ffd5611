// SPDX-License-Identifier: Apache-2.0
// A plan that is saved, reviewed and applied; a world that moves under it; a plan made from an
// observation in a file; and the exit statuses of all that.
#include <csignal>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {
namespace {

using std::chrono::seconds;

constexpr const char* kPassword = "hunter2-is-secret";

/// One lab for all: three hosts with a running deployment.
struct Plans {
  Deployment it{3};
  std::string file = it.lab().scratch() + "/x.plan";
  std::string seen = it.lab().scratch() + "/seen.json";

  /// `arcform WORDS...` without a spec, with a secret in the environment.
  ProcessResult words(std::vector<std::string> words) const {
    words.insert(words.begin(),
                 {"env", fmt::format("ARCFORM_TEST_PASSWORD={}", kPassword), ARCFORM_BINARY});
    return it.lab().run(words, seconds(60));
  }
  ProcessResult apply_file() const { return words({"apply", "--yes", file}); }
  std::string text_of(const std::string& path) const {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  void save() const {
    require_status(it.run({"plan", "--out", file}), 0);
    REQUIRE(contains(text_of(file), "\"format\": \"arcform/plan\""));
  }
  void kill_node(int host, int port) const {
    const std::string pid = it.node_pid(host, port);
    REQUIRE_FALSE(pid.empty());
    it.lab().exec(host, "kill -KILL " + pid);
  }
};

void bring_up(Plans& at) {
  step("a saved plan needs no spec, and brings everything up");
  // Passwords are named by their place; the place is all that anybody may see of them.
  at.it.edit("\"user\": \"arcus\",",
             R"("user": "arcus", "password": { "environment": "ARCFORM_TEST_PASSWORD" },)");
  at.save();
  const std::string spec = at.it.spec();
  std::remove((at.it.lab().scratch() + "/spec.json").c_str());
  const ProcessResult applied = at.apply_file();
  require_status(applied, 0);
  require_says(applied, "The plan is done. Converged: observed equals desired.");
  require_status(at.it.run({"plan", "--exit-code"}), 0);

  step("applied twice it does nothing: it is stale, and says of what");
  const ProcessResult again = at.apply_file();
  require_status(again, 6);
  require_says(again, "stale plan");
  require_says(again, "Nothing was done");
}

void moved(Plans& at) {
  step("a node killed under a plan that restarts it: refused, the node is named, nothing is done");
  at.it.edit(R"("config": { "threads": 4 })", R"("config": { "threads": 5 })");
  require_status(at.it.run({"plan", "--exit-code"}), 2);
  at.save();
  const std::string other = at.it.node_pid(2, 11212);
  at.kill_node(2, 11211);
  const ProcessResult refused = at.apply_file();
  require_status(refused, 6);
  require_says(refused, "cache node 10.0.0.2:11211 on cache002.arcus: process");
  CHECK(at.it.node_pid(2, 11212) == other);
  at.it.edit(R"("config": { "threads": 5 })", R"("config": { "threads": 4 })");
  require_status(at.it.apply(), 0);

  step("a mapping changed by hand");
  at.kill_node(3, 11211);
  at.save();
  at.it.zk("create", "/arcus/cache_server_mapping/10.0.0.3:11211/other-cloud");
  const ProcessResult mapped = at.apply_file();
  require_status(mapped, 6);
  require_says(mapped,
               "/arcus/cache_server_mapping/10.0.0.3:11211: was \"names test-cloud\", is now "
               "\"names other-cloud, test-cloud\"");
  CHECK(at.it.node_pid(3, 11211).empty());
  at.it.zk("rm", "/arcus/cache_server_mapping/10.0.0.3:11211/other-cloud");
}

void unrelated(const Plans& at) {
  step("what the plan does not rely on may change: it does its step, and says that more is left");
  at.save();
  at.kill_node(1, 11211);
  const ProcessResult applied = at.apply_file();
  require_status(applied, 2);
  require_says(applied, "start cache node 10.0.0.3:11211 on cache003.arcus: done in");
  require_says(applied, "The plan is done. Not converged: 1 step is still to be done");
  CHECK(at.it.node_pid(1, 11211).empty());
  require_status(at.it.apply(), 0);
}

void from_file(const Plans& at) {
  step("observed once, planned anywhere: no key, no network");
  at.kill_node(1, 11212);
  require_status(at.it.run({"observe", "-o", at.seen}), 0);
  // Outside of the lab nothing of it can be reached, and no key is read.
  const ProcessResult offline =
      run_process({"env", "-i", "HOME=/nonexistent", ARCFORM_BINARY, "plan", "--from", at.seen,
                   at.it.lab().scratch() + "/spec.json"},
                  seconds(10));
  require_status(offline, 0);
  require_says(offline, "10.0.0.1:11212");
  require_says(offline, "Plan: 1 to start.");
  CHECK(offline.out.starts_with("observed 2"));
  const ProcessResult comment =
      run_process({ARCFORM_BINARY, "plan", "--from", at.seen, "--format", "markdown", "--out",
                   at.file, at.it.lab().scratch() + "/spec.json"},
                  seconds(10));
  require_status(comment, 0);
  CHECK(comment.out.starts_with("<!-- arcform-plan -->\n"));
  step("a plan from an observation is checked like any other when it is applied");
  require_status(at.apply_file(), 0);
  require_status(at.apply_file(), 6);
}

void no_secrets(const Plans& at) {
  step("no secret is in any output");
  std::string all = at.text_of(at.file) + at.text_of(at.seen) + at.it.all_znodes();
  const std::string spec = at.it.lab().scratch() + "/spec.json";
  for (const char* const format : {"text", "json", "markdown", "dot"}) {
    const ProcessResult result = at.words({"plan", "--format", format, spec});
    require_status(result, 0);
    all += result.out + result.err;
  }
  for (const std::vector<std::string>& words : {std::vector<std::string>{"observe", spec},
                                                {"status", "--format", "json", spec},
                                                {"validate", "--format", "json", spec}}) {
    const ProcessResult result = at.words(words);
    require_status(result, 0);
    all += result.out + result.err;
  }
  CHECK(contains(all, "ARCFORM_TEST_PASSWORD"));
  CHECK_FALSE(contains(all, kPassword));
}

void refused_files(const Plans& at) {
  step("files that are no good plan are refused by name, and exit statuses tell why");
  at.save();
  const std::string text = at.text_of(at.file);
  const auto with = [&at](const std::string& content) {
    std::ofstream(at.file) << content;
    return at.apply_file();
  };
  const ProcessResult cut = with(text.substr(0, text.size() / 2));
  require_status(cut, 4);
  require_says(cut, "cut off or was edited");
  const ProcessResult edited = with(replaced(text, "\"converged\": true", "\"converged\": false"));
  require_status(edited, 4);
  require_says(edited, "was changed after it was written");
  const ProcessResult newer = with(replaced(text, "\"version\": 1", "\"version\": 9"));
  require_status(newer, 4);
  require_says(newer, "is version 9");
  const ProcessResult wrong = with(at.text_of(at.seen));
  require_status(wrong, 4);
  require_says(wrong, "arcform/observation");
  require_status(at.it.run({"plan", "--out", "/nonexistent/x.plan"}), 1);
  require_status(at.it.run({"plan", "--from", "/nonexistent"}), 4);
}

}  // namespace

TEST_CASE("plans are saved, reviewed and applied") {
  Plans at;
  bring_up(at);
  moved(at);
  unrelated(at);
  from_file(at);
  no_secrets(at);
  refused_files(at);
}

}  // namespace arcform
