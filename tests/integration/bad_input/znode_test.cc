// SPDX-License-Identifier: Apache-2.0
// Znodes that are not what Arcus or arcform write, and ensembles that are not there.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "drivers/clock.h"
#include "drivers/zookeeper.h"
#include "model/znodes.h"
#include "tests/integration/bad_input/here.h"
#include "tests/support/golden.h"
#include "tests/support/on_loop.h"

namespace arcform {
namespace {

/// Somebody else's hand in the tree.
class Mischief {
 public:
  explicit Mischief(const std::string& servers) {
    auto connected = on_loop(loop_, client_.connect(servers, std::chrono::seconds(20)));
    REQUIRE(connected);
    session_ = std::move(*connected);
  }
  ~Mischief() { on_loop(loop_, closed()); }
  Mischief(const Mischief&) = delete;
  Mischief& operator=(const Mischief&) = delete;

  void create(const std::string& path, const std::string& data = "") {
    commit({ZnodeChange::Kind::create, path, data, -1});
  }
  void create_ephemeral(const std::string& path, const std::string& data = "") {
    commit({ZnodeChange::Kind::create_ephemeral, path, data, -1});
  }
  void set(const std::string& path, const std::string& data) {
    commit({ZnodeChange::Kind::set, path, data, -1});
  }
  void remove(const std::string& path) { commit({ZnodeChange::Kind::remove, path, "", -1}); }
  std::string data(const std::string& path) {
    const auto found = on_loop(loop_, session_->read(path));
    REQUIRE(found);
    return *found ? (*found)->data : "(no such znode)";
  }
  std::vector<std::string> children(const std::string& path) {
    const auto found = on_loop(loop_, session_->children(path));
    REQUIRE(found);
    return *found ? **found : std::vector<std::string>{"(no such znode)"};
  }

 private:
  void commit(ZnodeChange change) {
    std::vector<ZnodeChange> changes{std::move(change)};
    const auto done = on_loop(loop_, session_->commit(changes));
    INFO(changes.front().path << ": " << (done ? "" : done.error().message));
    REQUIRE(done);
  }
  Awaitable<bool> closed() {
    co_await session_->close();
    co_return true;
  }

  asio::io_context loop_;
  SystemClock clock_{loop_};
  ZookeeperClient client_{loop_, clock_};
  std::unique_ptr<ZnodeSession> session_;
};

constexpr const char* kMapping = "/arcus/cache_server_mapping/";
constexpr const char* kList = "/arcus/cache_list/test-cloud";
// ZooKeeper takes no control characters in names, but marks that turn the text around (U+202E).
constexpr const char* kBackwards = "/11211\xe2\x80\xae:gnorw";
constexpr const char* kOurs = "/arcform/bad-input/";

/// The plan without its first line, which says how long it took.
std::string body(const Here& here, const ProcessResult& result) {
  const std::string text = here.plain(result.out);
  return text.substr(text.find('\n') + 1) + here.plain(result.err) +
         fmt::format("exit {}\n", result.status);
}

bool is_harmless(const std::string& text) {
  return text.find("\xe2\x80\xae") == std::string::npos &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
         });
}

TEST_CASE("znodes that are not what Arcus writes") {
  const Here here;
  const ProcessResult applied = here.apply();
  INFO(applied.out << applied.err);
  REQUIRE(applied.status == 0);
  Mischief tree(here.connect_string());
  std::string seen;
  const auto look = [&](const std::string& what) {
    const ProcessResult plan = here.plan();
    CHECK(is_harmless(plan.out + plan.err));
    const ProcessResult status = here.arcform({"status", "spec.json"});
    CHECK(is_harmless(status.out + status.err));
    seen += fmt::format("### {}\n{}\n", what, body(here, plan));
  };
  const std::string node1 = fmt::format("{}127.0.0.1:{}", kMapping, here.node_port(0));

  tree.create(kMapping + std::string("foo"));
  look("a mapping key that is no address");
  tree.remove(kMapping + std::string("foo"));

  tree.create(kList + std::string("/foo"));
  look("a persistent child in the cloud's cache_list");
  tree.remove(kList + std::string("/foo"));

  tree.create_ephemeral(kList + std::string(kBackwards));
  look("a child whose name would turn the line around");
  tree.remove(kList + std::string(kBackwards));

  tree.create(node1 + "/other");
  look("a mapping that names two clouds");
  tree.remove(node1 + "/other");

  const std::string config = tree.data(kList);
  tree.set(kList, "{ no JSON \x1b[31m");
  look("data of the cloud that is no JSON");
  tree.set(kList, config);

  const std::string record = tree.data(kOurs + std::string("applied"));
  tree.set(kOurs + std::string("applied"), "garbage \x1b[31m");
  look("the record of the last apply is garbage");
  tree.set(kOurs + std::string("applied"), record);

  tree.create(kOurs + std::string("hosts/gone"), "garbage");
  look("the record of a host is garbage");
  tree.remove(kOurs + std::string("hosts/gone"));

  tree.create(znodes::claim("bad-input", "ghost"));
  look("a claim on a cloud that is not there");
  tree.remove(znodes::claim("bad-input", "ghost"));

  CHECK(compare_golden("bad_input/znodes.txt", seen) == "");
  const ProcessResult after = here.arcform({"plan", "--exit-code", "spec.json"});
  CHECK(after.status == 0);
}

TEST_CASE("garbage in our own records does not stop an apply") {
  Here here;
  const std::string clouds = here.clouds;
  here.clouds = "[]";
  REQUIRE(here.apply().status == 0);
  Mischief tree(here.connect_string());
  tree.set(kOurs + std::string("applied"), "garbage");
  tree.set(kOurs + std::string("epoch"), "garbage");
  here.clouds = clouds;
  const ProcessResult result = here.apply();
  INFO(result.out << result.err);
  CHECK(result.status == 0);
  CHECK(tree.data(kOurs + std::string("applied")).find("specDigest") != std::string::npos);
}

TEST_CASE("the lock of another, with a record that nobody wrote like this") {
  Here here;
  const std::string clouds = here.clouds;
  here.clouds = "[]";
  REQUIRE(here.apply().status == 0);
  here.clouds = clouds;
  here.write_spec();
  const std::vector<std::string> words{"apply", "--yes", "--lock-timeout", "1s", "spec.json"};
  std::string seen;
  {
    Mischief tree(here.connect_string());
    tree.create_ephemeral(kOurs + std::string("lock"), "red\x1b[31m");
    const ProcessResult result = here.arcform(words);
    CHECK(is_harmless(result.out + result.err));
    seen = here.essence(result);
    CHECK(tree.children("/arcus/cache_list") == std::vector<std::string>{});
  }
  CHECK(compare_golden("bad_input/lock.txt", seen) == "");
  CHECK(here.arcform(words).status == 0);
}

TEST_CASE("the lock of an apply that was killed goes by itself") {
  Here here;
  const std::string clouds = here.clouds;
  here.clouds = "[]";
  REQUIRE(here.apply().status == 0);
  here.clouds = clouds;
  here.write_spec();
  {
    StartedProcess killed({ARCFORM_BINARY, "apply", "--yes", here.folder() + "/spec.json"});
    REQUIRE(killed.await_output("map 2 nodes to cloud test-cloud ...", std::chrono::seconds(30)));
    killed.signal(9);
    CHECK(killed.finish(std::chrono::seconds(10)).status == 128 + 9);
  }
  const ProcessResult result =
      here.arcform({"apply", "--yes", "--lock-timeout", "30s", "spec.json"});
  INFO(result.out << result.err);
  CHECK(result.status == 0);
}

TEST_CASE("an external ensemble that is not there") {
  Here here;
  here.ensemble = fmt::format(R"({{ "external": "127.0.0.1:{}" }})", here.client_port());
  const ProcessResult result = here.apply();
  CHECK(compare_golden("bad_input/external.txt", here.essence(result)) == "");
  const ProcessResult status = here.arcform({"status", "spec.json"});
  CHECK(compare_golden("bad_input/external_status.txt", here.plain(status.out + status.err)) == "");
  CHECK(status.status == 9);
}

TEST_CASE("a spec that is emptied of its clouds takes them down when they are named") {
  Here here;
  REQUIRE(here.apply().status == 0);
  here.clouds = "[]";
  const ProcessResult plan = here.plan();
  CHECK(compare_golden("bad_input/emptied.txt", body(here, plan)) == "");
  CHECK(here.arcform({"apply", "--yes", "spec.json"}).status == 3);
  Mischief tree(here.connect_string());
  CHECK(tree.children("/arcus/cache_list") == std::vector<std::string>{"test-cloud"});
  const ProcessResult result =
      here.arcform({"apply", "--yes", "--allow-removal", "test-cloud", "spec.json"});
  INFO(result.out << result.err);
  CHECK(result.status == 0);
  CHECK(tree.children("/arcus/cache_list") == std::vector<std::string>{});
  CHECK(tree.children("/arcus/cache_server_mapping") == std::vector<std::string>{});
  CHECK(tree.children(znodes::claims("bad-input")) == std::vector<std::string>{});
}

}  // namespace
}  // namespace arcform
