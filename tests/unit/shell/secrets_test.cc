// SPDX-License-Identifier: Apache-2.0
#include "drivers/secrets.h"

#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "tests/support/real_sshd.h"

namespace arcform {
namespace {

std::string shown(const Result<std::string_view>& secret) {
  return secret ? std::string(*secret)
                : std::string(name_of(secret.error().code)) + ": " + secret.error().message;
}

TEST_CASE("a secret is the first line of a file that only its owner may read") {
  const TemporaryFolder folder;
  Secrets secrets(folder.path());
  folder.write("one", "open sesame\nsecond line\n");
  folder.write("bare", "open");
  folder.write("windows", "open\r\n");
  folder.write("empty", "\nsecond\n");
  CHECK(shown(secrets.resolve({"~/one", ""}, "password")) == "open sesame");
  CHECK(shown(secrets.resolve({"~/bare", ""}, "password")) == "open");
  CHECK(shown(secrets.resolve({"~/windows", ""}, "password")) == "open");
  CHECK(shown(secrets.resolve({"~/empty", ""}, "password")) ==
        "not found: password: " + folder.file("empty") + ": its first line is empty");
  CHECK(shown(secrets.resolve({"~/none", ""}, "password")) ==
        "not found: password: " + folder.file("none") + ": No such file or directory");
  CHECK(shown(secrets.resolve({"~", ""}, "password")) ==
        "not found: password: " + folder.path() + ": not a regular file");
}

TEST_CASE("a secret that others may read or write is refused") {
  const TemporaryFolder folder;
  Secrets secrets(folder.path());
  const std::string path = folder.write("shared", "open\n");
  const mode_t mode = GENERATE(0640U, 0604U, 0620U, 0602U, 0777U);
  REQUIRE(::chmod(path.c_str(), mode) == 0);
  CHECK(shown(secrets.resolve({path, ""}, "passphrase of k")) ==
        "permission denied: passphrase of k: " + path +
            ": others may read or write it; chmod 600 it");
}

TEST_CASE("a secret of the environment") {
  Secrets secrets("/");
  ::setenv("ARCFORM_TEST_SECRET", "from there", 1);
  CHECK(shown(secrets.resolve({"", "ARCFORM_TEST_SECRET"}, "password")) == "from there");
  CHECK(shown(secrets.resolve({"", "ARCFORM_TEST_NOTHING"}, "password")) ==
        "not found: password: environment variable ARCFORM_TEST_NOTHING is not set");
  ::unsetenv("ARCFORM_TEST_SECRET");
  CHECK(shown(secrets.resolve({"", "ARCFORM_TEST_SECRET"}, "password")) == "from there");
}

TEST_CASE("a person is asked once for each secret, and again after a wrong answer") {
  std::string asked;
  Secrets secrets("/", [&](const std::string& text) -> Result<std::string> {
    asked += text + ";";
    return "answer " + std::to_string(asked.size());
  });
  CHECK(shown(secrets.resolve({}, "password of a")) == "answer 14");
  CHECK(shown(secrets.resolve({}, "password of a")) == "answer 14");
  CHECK(shown(secrets.resolve({}, "password of b")) == "answer 28");
  secrets.forget({}, "password of a");
  CHECK(shown(secrets.resolve({}, "password of a")) == "answer 42");
  CHECK(asked == "password of a;password of b;password of a;");
}

TEST_CASE("where nobody can be asked, that is said") {
  Secrets secrets("/");
  CHECK(shown(secrets.resolve({}, "password of a")) ==
        "not found: password of a: nobody is there to be asked; name a file or an environment "
        "variable");
}

}  // namespace
}  // namespace arcform
