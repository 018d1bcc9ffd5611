// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <unistd.h>

#include "tests/integration/shell/lab.h"
#include "tests/support/text_file.h"

namespace arcform {
namespace {

/// "ok" when a script ran, else the error.
std::string outcome(Controller& controller, const DesiredHost& host) {
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(host);
  const Result<ShellOutput> output = run_script(controller.loop, *shell, "printf ok");
  return output ? output->out
                : std::string(name_of(output.error().code)) + ": " + output.error().message;
}

std::string outcome(const ShellLab& lab, const DesiredHost& host, const std::string& agent = "") {
  Controller controller(lab.folder.path(), agent);
  return outcome(controller, host);
}

std::string where(const ShellLab& lab) {
  return "ssh to cache1 (127.0.0.1:" + std::to_string(lab.sshd.port()) + "): ";
}

std::string fingerprint_of(const std::string& public_key) {
  const std::string line = run_program({"ssh-keygen", "-lf", public_key});
  const std::size_t begin = line.find("SHA256:");
  return line.substr(begin, line.find(' ', begin) - begin);
}

TEST_CASE("every kind of key file opens the door") {
  static const ShellLab lab;
  struct Kind {
    std::string type;
    std::string name;
    std::vector<std::string> options;
  };
  const Kind kind = GENERATE(values<Kind>({{"ed25519", "e", {}},
                                           {"ecdsa", "c256", {"-b", "256"}},
                                           {"ecdsa", "c384", {"-b", "384"}},
                                           {"ecdsa", "cpem", {"-m", "PEM"}},
                                           {"rsa", "r", {}},
                                           {"rsa", "rpem", {"-m", "PEM"}},
                                           {"rsa", "rpkcs8", {"-m", "PKCS8"}},
                                           {"rsa", "r2048", {"-b", "2048"}}}));
  INFO(kind.name);
  DesiredHost host = lab.host();
  host.ssh.identity_files = {lab.folder.file(kind.name)};
  make_key(kind.type, lab.folder.file(kind.name), "", kind.options);
  lab.sshd.authorize(lab.folder.file(kind.name));
  CHECK(outcome(lab, host) == "ok");
}

TEST_CASE("a key with a passphrase, from a file, the environment or a person") {
  static const ShellLab lab;
  const std::string type = GENERATE("ed25519", "ecdsa", "rsa");
  const std::string key = lab.folder.file("locked_" + type);
  if (::access(key.c_str(), F_OK) != 0) {
    const std::vector<std::string> pem = {"-m", "PEM"};
    make_key(type, key, "sesame", type == "rsa" ? pem : std::vector<std::string>{});
    lab.sshd.authorize(key);
  }
  DesiredHost host = lab.host();
  host.ssh.identity_files = {key};
  SECTION("from a file") {
    host.ssh.passphrase.file = lab.folder.write("passphrase", "sesame\n");
    CHECK(outcome(lab, host) == "ok");
  }
  SECTION("from the environment") {
    ::setenv("ARCFORM_TEST_PASSPHRASE", "sesame", 1);
    host.ssh.passphrase.environment = "ARCFORM_TEST_PASSPHRASE";
    CHECK(outcome(lab, host) == "ok");
    ::unsetenv("ARCFORM_TEST_PASSPHRASE");
  }
  SECTION("from a person, asked once for two hosts") {
    int asked = 0;
    asio::io_context loop;
    Secrets secrets("/", [&](const std::string&) -> Result<std::string> {
      ++asked;
      return std::string("sesame");
    });
    const Shells shells(loop, Controller::environment(lab.folder.path(), ""), secrets);
    for (int i = 0; i < 2; ++i) {
      const std::unique_ptr<Shell> shell = shells.make_shell(host);
      CHECK(output_of(loop, *shell, "printf ok").out == "ok");
    }
    CHECK(asked == 1);
  }
  SECTION("a wrong one is told as such") {
    host.ssh.passphrase.file = lab.folder.write("wrong", "open\n");
    CHECK(outcome(lab, host) == "unauthenticated: " + where(lab) + "log in as root: " + key +
                                    ": wrong passphrase; correct that, or name another key in "
                                    "\"identityFiles\"");
  }
}

TEST_CASE("the agent's keys open the door") {
  static const ShellLab lab;
  const RealAgent agent;
  const std::string type = GENERATE("ed25519", "ecdsa", "rsa");
  const std::string key = lab.folder.file("agent_" + type);
  ::unlink(key.c_str());
  make_key(type, key);
  lab.sshd.authorize(key);
  agent.add(key);
  DesiredHost host = lab.host();
  SECTION("without any file") {
    host.ssh.identity_files = {};
    CHECK(outcome(lab, host, agent.socket()) == "ok");
  }
  SECTION("a locked file that the agent holds needs no passphrase") {
    run_program({"ssh-keygen", "-q", "-p", "-f", key, "-P", "", "-N", "sesame"});
    host.ssh.identity_files = {key};
    CHECK(outcome(lab, host, agent.socket()) == "ok");
  }
  SECTION("not when the spec turns it off") {
    host.ssh.identity_files = {};
    host.ssh.agent = false;
    CHECK(outcome(lab, host, agent.socket()).find("there is no key to try") != std::string::npos);
  }
}

TEST_CASE("what no key opens is told with what was tried") {
  static const ShellLab lab;
  const std::string advice =
      "; add the public key to that user's ~/.ssh/authorized_keys there, or name the right key in "
      "\"identityFiles\"";
  const std::string correct = "; correct that, or name another key in \"identityFiles\"";
  const std::string start = "unauthenticated: " + where(lab) + "log in as root: ";
  const std::string wrong = lab.folder.file("wrong");
  const std::string sealed = lab.folder.file("sealed");
  if (::access(wrong.c_str(), F_OK) != 0) {
    make_key("ed25519", wrong);
    make_key("rsa", sealed, "sesame");
  }
  DesiredHost host = lab.host();
  SECTION("a key that is not authorised") {
    host.ssh.identity_files = {wrong};
    CHECK(outcome(lab, host) == start + wrong + ": refused" + advice);
  }
  SECTION("a file that is not there") {
    host.ssh.identity_files = {lab.folder.file("none")};
    CHECK(outcome(lab, host) ==
          start + lab.folder.file("none") + ": No such file or directory" + correct);
  }
  SECTION("a file that is no key") {
    host.ssh.identity_files = {lab.known_hosts};
    CHECK(outcome(lab, host) ==
          start + lab.known_hosts + ": not a private key that we can read" + correct);
  }
  SECTION("an RSA key that only the agent could use") {
    host.ssh.identity_files = {sealed};
    CHECK(outcome(lab, host) ==
          start + sealed + ": an encrypted RSA key works only through the agent (ssh-add " +
              sealed + "), or use an ed25519 key" + correct);
  }
  SECTION("a user that is not there is like a wrong key") {
    host.ssh.user = "nobody-of-that-name";
    CHECK(outcome(lab, host).find("log in as nobody-of-that-name: " + lab.key + ": refused") !=
          std::string::npos);
  }
  SECTION("the second key is tried after the first") {
    host.ssh.identity_files = {wrong, lab.key};
    CHECK(outcome(lab, host) == "ok");
  }
}

TEST_CASE("a refused login is not repeated at once") {
  const ShellLab lab;
  Controller controller(lab);
  DesiredHost host = lab.host();
  host.ssh.user = "nobody-of-that-name";
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(host);
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(run_script(controller.loop, *shell, "printf ok").has_value());
  }
  std::size_t attempts = 0;
  const std::string log = lab.sshd.log();
  for (std::size_t at = log.find("Invalid user"); at != std::string::npos;
       at = log.find("Invalid user", at + 1)) {
    ++attempts;
  }
  CHECK(attempts == 1);
}

TEST_CASE("a host key must be the one that known_hosts has") {
  static const ShellLab lab;
  const std::string ed25519 = lab.folder.write("k.pub", lab.sshd.host_key("ed25519"));
  const std::string offered = "ssh-ed25519 " + fingerprint_of(ed25519);
  const std::string subject = "unauthenticated: " + where(lab) +
                              "host key of cache1 ([127.0.0.1]:" + std::to_string(lab.sshd.port()) +
                              "): ";
  DesiredHost host = lab.host();
  SECTION("another key there: the message has file and line") {
    std::string line = lab.sshd.known_hosts_line();
    make_key("ed25519", lab.folder.file("other"));
    const std::string other = content_of(lab.folder.file("other.pub"));
    line = line.substr(0, line.find(' ')) + " " + other;
    host.ssh.known_hosts = lab.folder.write("changed", "# comment\n" + line);
    CHECK(outcome(lab, host) == subject + "it offers " + offered +
                                    ", which is not the ssh-ed25519 key in " +
                                    lab.folder.file("changed") +
                                    ":2; somebody may be in between: find out why, then remove "
                                    "that line and add the new key");
  }
  SECTION("no key there") {
    host.ssh.known_hosts = lab.folder.file("nothing");
    const std::string ecdsa = lab.folder.write("e.pub", lab.sshd.host_key("ecdsa"));
    CHECK(outcome(lab, host) == subject + "ecdsa-sha2-nistp256 " + fingerprint_of(ecdsa) +
                                    " is not in known_hosts; compare the fingerprint on the host "
                                    "itself, then add the key (ssh-keyscan -p " +
                                    std::to_string(lab.sshd.port()) + " 127.0.0.1 >> " +
                                    lab.folder.file("nothing") + ")");
  }
  SECTION("revoked") {
    host.ssh.known_hosts = lab.folder.write(
        "revoked", lab.sshd.known_hosts_line() + "@revoked * " + lab.sshd.host_key("ed25519"));
    CHECK(outcome(lab, host) == subject + offered + " is revoked by " + lab.folder.file("revoked") +
                                    ":2; do not trust that machine until its key was replaced");
  }
  SECTION("only the ECDSA key: that one is asked for") {
    host.ssh.known_hosts = lab.folder.write("ecdsa", lab.sshd.known_hosts_line("ecdsa"));
    CHECK(outcome(lab, host) == "ok");
  }
  SECTION("only an RSA key: libssh2 cannot, and says what can") {
    host.ssh.known_hosts = lab.folder.write("rsa", lab.sshd.known_hosts_line("rsa"));
    CHECK(outcome(lab, host) ==
          "unsupported: " + where(lab) +
              "no key exchange, host key (known_hosts has ssh-rsa), cipher or MAC in common with "
              "this server; use \"transport\": \"openssh\" for this host");
    host.transport = Transport::openssh;
    CHECK(outcome(lab, host) == "ok");
  }
}

TEST_CASE("the system ssh says the same things in its own words") {
  static const ShellLab lab;
  DesiredHost host = lab.host(Transport::openssh);
  SECTION("unknown host key") {
    host.ssh.known_hosts = lab.folder.file("nothing");
    CHECK(outcome(lab, host).find("unauthenticated: " + where(lab)) == 0);
    CHECK(outcome(lab, host).find("host key is known for") != std::string::npos);
  }
  SECTION("changed host key") {
    make_key("ed25519", lab.folder.file("other"));
    const std::string line = lab.sshd.known_hosts_line();
    host.ssh.known_hosts = lab.folder.write(
        "changed", line.substr(0, line.find(' ')) + " " + content_of(lab.folder.file("other.pub")));
    const std::string told = outcome(lab, host);
    CHECK(told.find("unauthenticated: ") == 0);
    CHECK(told.find(lab.folder.file("changed") + ":1") != std::string::npos);
  }
  SECTION("wrong key") {
    make_key("ed25519", lab.folder.file("wrong"));
    host.ssh.identity_files = {lab.folder.file("wrong")};
    CHECK(outcome(lab, host).find("Permission denied (publickey") != std::string::npos);
  }
}

}  // namespace
}  // namespace arcform
