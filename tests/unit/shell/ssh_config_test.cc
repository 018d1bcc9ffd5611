// SPDX-License-Identifier: Apache-2.0
// The user's OpenSSH configuration: which hosts it treats alike, what ssh -G says, what wins.
#include "drivers/ssh_config.h"

#include <cstdlib>
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/support/on_loop.h"
#include "tests/support/real_sshd.h"

namespace arcform {
namespace {

constexpr const char* kDefaults =
    "host a\nuser me\nhostname a\nport 22\nidentityfile ~/.ssh/id_rsa\n"
    "identityfile ~/.ssh/id_ed25519\nuserknownhostsfile /root/.ssh/known_hosts "
    "/root/.ssh/known_hosts2\n";

SshTarget target() {
  SshTarget out;
  out.host = {"db1", "10.0.0.1", 22};
  out.user = "me";
  return out;
}

}  // namespace

TEST_CASE("what ssh does anyway is not a configuration") {
  CHECK(parse_ssh_config(kDefaults, "a", "me") == SshHostConfig{});
  CHECK(parse_ssh_config("", "a", "me") == SshHostConfig{});
}

TEST_CASE("what ssh -G prints is read") {
  const SshHostConfig config = parse_ssh_config(
      "user arcus\nhostname 10.1.1.1\nport 2222\nidentityfile ~/k1\nidentityfile /k 2\n"
      "userknownhostsfile /a /b\nhostkeyalias x\nproxyjump j1,me@j2:23\nproxycommand none\n",
      "a", "me");
  CHECK(config.user == "arcus");
  CHECK(config.host_name == "10.1.1.1");
  CHECK(config.port == 2222);
  CHECK(config.identity_files == std::vector<std::string>{"~/k1", "/k 2"});
  CHECK(config.known_hosts == std::vector<std::string>{"/a", "/b"});
  CHECK(config.host_key_alias == "x");
  CHECK(config.proxy_jump == "j1,me@j2:23");
  CHECK(config.proxy_command.empty());
}

TEST_CASE("hosts that the file treats alike have one key, others another one, most none") {
  const SshConfigFile file(
      "# nothing\nHost db*  !db9\n  User x\nHost \"db2\" web?\n  Port=23\nHost empty\n");
  CHECK(file.key_of("mail").empty());
  CHECK(file.key_of("empty").empty());
  CHECK(file.key_of("db9").empty());
  CHECK_FALSE(file.key_of("db1").empty());
  CHECK(file.key_of("db1") == file.key_of("db3"));
  CHECK(file.key_of("DB1").empty());  // as ssh sees it
  CHECK(file.key_of("db2") != file.key_of("db1"));
  CHECK_FALSE(file.key_of("web1").empty());
  CHECK(file.key_of("web12").empty());
}

TEST_CASE("what stands before any Host is about all hosts") {
  const SshConfigFile file("User x\n");
  CHECK_FALSE(file.key_of("a").empty());
  CHECK(file.key_of("a") == file.key_of("b"));
}

TEST_CASE("where the answer may depend on the name, each host is asked about") {
  const auto* const text = GENERATE("Match host b\n User x\n", "Include other\n",
                                    "Host *\n HostName %h.example\n", "CanonicalizeHostname yes\n");
  CAPTURE(text);
  const SshConfigFile file(text);
  CHECK(file.key_of("a") != file.key_of("b"));
}

TEST_CASE("the configuration fills in what the spec leaves open, and nothing else") {
  SshHostConfig config;
  config.user = "arcus";
  config.port = 2222;
  config.identity_files = {"~/k"};
  config.known_hosts = {"/a", "/b"};
  config.host_name = "10.9.9.9";
  const SshTarget open = filled_in(target(), config, "/cfg").value();
  CHECK(open.user == "arcus");
  CHECK(open.host.port == 2222);
  CHECK(open.access.identity_files == config.identity_files);
  CHECK(open.access.known_hosts == "/a");
  CHECK(open.more_known_hosts == std::vector<std::string>{"/b"});
  CHECK(open.host.address == "10.0.0.1");  // The spec has one.
  SshTarget said = target();
  said.access.user = said.user = "root";
  said.access.port_given = said.access.known_hosts_given = true;
  said.access.identity_files = {"mine"};
  const SshTarget kept = filled_in(said, config, "/cfg").value();
  CHECK(kept.user == "root");
  CHECK(kept.host.port == 22);
  CHECK(kept.access.identity_files == said.access.identity_files);
  CHECK(kept.access.known_hosts == said.access.known_hosts);
  SshTarget named = target();
  named.host.address = named.host.name;
  CHECK(filled_in(named, config, "/cfg")->host.address == "10.9.9.9");
}

TEST_CASE("a jump host carries the connection") {
  SshHostConfig config;
  config.proxy_jump = "j1,me@j2:23";
  CHECK(filled_in(target(), config, "/cfg")->through ==
        std::vector<std::string>{"ssh", "-F", "/cfg", "-T", "-a", "-x", "-o", "BatchMode=yes", "-J",
                                 "j1", "-W", "10.0.0.1:22", "--", "ssh://me@j2:23"});
  config = {};
  config.proxy_command = "nc -x p%% %h %p # %r %n %z";
  CHECK(filled_in(target(), config, "/cfg")->through ==
        std::vector<std::string>{"/bin/sh", "-c", "exec nc -x p% 10.0.0.1 22 # me db1 %z"});
}

TEST_CASE("a user that a shell could take for more than a name is not put into a command") {
  SshHostConfig config;
  config.proxy_command = "nc %h %p # %r";
  SshTarget whom = target();
  whom.user = GENERATE("me;touch /tmp/x", "$(x)", "`x`", "a b", "-oX", "\xc3\xa4");
  CAPTURE(whom.user);
  const Result<SshTarget> refused = filled_in(whom, config, "/cfg");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::invalid_argument);
  config.proxy_command = "nc %h %p";
  CHECK(filled_in(whom, config, "/cfg").has_value());
}

TEST_CASE("capital letters in a host's name are no other address") {
  CHECK(parse_ssh_config("hostname cache1\n", "Cache1", "me").host_name.empty());
}

namespace {

/// Answers of a program that stands in for ssh, put in front on the PATH.
class StandInSsh {
 public:
  explicit StandInSsh(const std::string& script) {
    std::filesystem::permissions(folder_.write("ssh", "#!/bin/sh\n" + script),
                                 std::filesystem::perms::owner_all);
    ::setenv("PATH", (folder_.path() + ":" + path_).c_str(), 1);
  }
  StandInSsh(const StandInSsh&) = delete;
  StandInSsh& operator=(const StandInSsh&) = delete;
  ~StandInSsh() { ::setenv("PATH", path_.c_str(), 1); }
  std::string file(const std::string& name) const { return folder_.file(name); }
  std::string write(const std::string& name, const std::string& text) const {
    return folder_.write(name, text);
  }

 private:
  const std::string path_ = std::getenv("PATH");
  TemporaryFolder folder_;
};

struct Asking {
  asio::io_context loop;
  Secrets secrets{"/"};
  std::shared_ptr<SshTools> tools =
      std::make_shared<SshTools>(loop, ShellEnvironment{"/", "me", "", "", false}, secrets);
  Result<SshTarget> about(const std::string& host, const std::string& config) {
    SshTarget whom = target();
    whom.host.name = whom.host.address = host;
    whom.access.config = config;
    return on_loop(loop, with_user_config(tools, whom));
  }
};

}  // namespace

TEST_CASE("an answer with another address is given to the host alone that it was asked for") {
  const StandInSsh ssh("for host; do :; done\necho hostname of-$host\n");  // the last argument
  const std::string config = ssh.write("config", "Host *\n  Compression yes\n");
  Asking asking;
  CHECK(asking.about("a", config)->host.address == "of-a");
  CHECK(asking.about("b", config)->host.address == "of-b");
}

TEST_CASE("what ssh -G did not understand is asked again") {
  const StandInSsh ssh("[ -e \"${0%/*}/mended\" ] || { echo 'Bad option' >&2; exit 255; }\n");
  const std::string config = ssh.write("config", "Host *\n  Compression yes\n");
  Asking asking;
  const Result<SshTarget> bad = asking.about("a", config);
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().message ==
        "ssh -G a: Bad option; correct " + config + ", or set \"config\" of \"ssh\" to false");
  CHECK_FALSE(asking.about("a", ssh.file("written later")).has_value());
  ssh.write("mended", "");
  ssh.write("written later", "User x\n");
  CHECK(asking.about("a", config).has_value());
  CHECK(asking.about("a", ssh.file("written later")).has_value());
}

}  // namespace arcform
