// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/integration/three_hosts/deployment.h"
#include "tests/integration/watch/browser.h"

namespace arcform {
namespace {

using std::chrono::seconds;

constexpr const char* kUrl = "http://127.0.0.1:9464";
constexpr const char* kNode = "10.0.0.2:11211";

struct Stage {
  Stage() {
    it.converge();
    watch = std::make_unique<StartedProcess>(it.command({"watch", "--log", "text"}));
    REQUIRE(watch->await_output("leading", seconds(20)));
  }

  /// What curl prints: with -i the head too.
  std::string curl(const std::string& path, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> argv{"curl", "-sS", "--max-time", "5"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back(kUrl + path);
    const ProcessResult result = run_process(it.lab().at_operator(argv), seconds(10));
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
    return result.out;
  }
  std::string status_of(const std::string& path, const std::vector<std::string>& options) const {
    std::vector<std::string> all{"-o", "/dev/null", "-w", "%{http_code}"};
    all.insert(all.end(), options.begin(), options.end());
    return curl(path, all);
  }
  void kill_node() const {
    const std::string pid = it.node_pid(2, 11211);
    REQUIRE_FALSE(pid.empty());
    REQUIRE(it.lab().exec(2, "kill -9 " + pid).status == 0);
  }

  Deployment it{3};
  std::unique_ptr<StartedProcess> watch;
};

/// "true" where a tile of the node shows that verdict, its letter and its word.
std::string tile_says(const std::string& verdict, const std::string& letter) {
  return "(() => { const t = document.querySelector('[data-node=\\\"" + std::string(kNode) +
         "\\\"]'); return Boolean(t) && t.dataset.verdict === '" + verdict +
         "' && t.querySelector('.letter').textContent === '" + letter + "'; })()";
}

std::string event_says(const std::string& text) {
  return "document.getElementById('event-list').textContent.includes('" + text + "')";
}

TEST_CASE("what watch tells collectors and scripts") {
  Stage stage;
  CHECK(stage.curl("/healthz") == "ok\n");
  CHECK(stage.curl("/readyz") == "ready: leading\n");
  const std::string metrics = stage.curl("/metrics");
  for (const char* const line : {"arcform_nodes{cloud=\"test-cloud\",verdict=\"up\"} 6\n",
                                 "arcform_quorum_margin 1\n", "arcform_leader 1\n"}) {
    INFO(line);
    CHECK(contains(metrics, line));
  }
  CHECK(contains(stage.curl("/api/v1/state"), "\"verdict\": \"three-hosts: converged\""));

  step("what it refuses");
  CHECK(stage.status_of("/", {"-X", "POST"}) == "405");
  CHECK(stage.status_of("/", {"-H", "Host: evil.example"}) == "421");
  CHECK(stage.status_of("/", {"-H", "Origin: http://evil.example"}) == "403");

  step("a stream while a node is killed and healed");
  StartedProcess stream(stage.it.lab().at_operator(
      {"curl", "-sSN", "--max-time", "60", std::string(kUrl) + "/api/v1/events"}));
  REQUIRE(stream.await_output("\"converged\":true", seconds(5)));
  stage.kill_node();
  CHECK(stream.await_output("\"event\":\"node gone\"", seconds(5)));
  CHECK(stream.await_output("start cache node 10.0.0.2:11211", seconds(5)));
  CHECK(stream.await_output("\"event\":\"action done\"", seconds(10)));
  CHECK(eventually(
      [&stage] {
        return contains(
            stage.curl("/metrics"),
            "arcform_actions_total{cloud=\"test-cloud\",kind=\"start node\",result=\"done\"} 1\n");
      },
      seconds(5)));

  CHECK(stage.it.lab().exec(1, "curl -sS --max-time 5 http://10.0.0.254:9464/healthz").status != 0);

  step("it ends with its followers there");
  stage.watch->signal(SIGTERM);
  require_status(stage.watch->finish(seconds(10)), 0);
  CHECK(stream.finish(seconds(5)).status == 0);

  step("for others only where it is told so, with a warning");
  StartedProcess open(stage.it.command({"watch", "--log", "text", "--listen", "10.0.0.254:9464"}));
  REQUIRE(open.await_output("leading", seconds(20)));
  CHECK(stage.it.lab().exec(1, "curl -sS --max-time 5 http://10.0.0.254:9464/healthz").out ==
        "ok\n");
  open.signal(SIGTERM);
  const ProcessResult ended = open.finish(seconds(10));
  require_status(ended, 0);
  CHECK(contains(ended.err,
                 "arcform: warning: shows itself at http://10.0.0.254:9464/ to all who can reach "
                 "that address: there is no login; 127.0.0.1 is for this machine alone\n"));
}

TEST_CASE("the page shows a node that is killed and healed, live") {
  Stage stage;
  Browser wall(stage.it.lab(), kUrl, GENERATE(1600, 390));
  REQUIRE(wall.until(tile_says("up", "U"), seconds(15)));
  CHECK(wall.evaluate("document.body.dataset.connection") == "live");
  CHECK(wall.evaluate("document.querySelectorAll('button.tile').length") == "6");
  CHECK(wall.evaluate("document.documentElement.scrollWidth <= innerWidth") == "true");

  step("nobody acts on it: it stays dead");
  require_status(stage.it.run({"pause", "node:10.0.0.2:11211", "--for", "1m", "--reason",
                               "<img src=x onerror=alert(1)>"}),
                 0);
  stage.kill_node();
  CHECK(wall.until(event_says("node gone"), seconds(5)));
  CHECK(wall.until("['crashed', 'stopped'].includes(document.querySelector('[data-node=\\\"" +
                       std::string(kNode) + "\\\"]').dataset.verdict)",
                   seconds(15)));
  CHECK(wall.until("document.getElementById('now-list').textContent.includes('<img src=x')",
                   seconds(10)));
  CHECK(wall.evaluate("document.images.length") == "0");

  step("by keyboard");
  wall.evaluate("document.querySelector('button.tile').focus()");
  wall.evaluate(
      "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', "
      "bubbles: true}))");
  CHECK(wall.evaluate("document.activeElement.dataset.node") == "10.0.0.1:11212");
  wall.evaluate("document.activeElement.click()");
  CHECK(wall.evaluate("document.getElementById('more').open") == "true");
  wall.evaluate("document.getElementById('more-close').click()");

  step("and is healed");
  require_status(stage.it.run({"resume", "node:10.0.0.2:11211"}), 0);
  CHECK(wall.until(tile_says("up", "U"), seconds(15)));
  CHECK(wall.until(event_says("action done"), seconds(5)));
  CHECK(wall.until("document.getElementById('verdict').textContent.startsWith('✓')", seconds(5)));
  const std::string told = wall.complaints().empty() ? "" : wall.complaints().front();
  CHECK(told == "");
}

}  // namespace
}  // namespace arcform
