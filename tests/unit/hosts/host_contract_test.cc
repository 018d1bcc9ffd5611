// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/foreign_contract.h"
#include "tests/unit/hosts/shell_fixture.h"

namespace arcform {

TEST_CASE("host contract under dash", "[hosts]") {
  ShellFixture fixture("dash");
  check_host_contract(fixture);
}

TEST_CASE("host contract under bash", "[hosts]") {
  ShellFixture fixture("bash");
  check_host_contract(fixture);
}

TEST_CASE("host contract under bash --posix", "[hosts]") {
  ShellFixture fixture("bash --posix");
  check_host_contract(fixture);
}

TEST_CASE("host contract under busybox sh", "[hosts]") {
  ShellFixture fixture("busybox sh");
  check_host_contract(fixture);
}

TEST_CASE("the contract of what others made", "[hosts]") {
  const std::string shell = GENERATE(from_range(shells_to_test()));
  INFO(shell);
  ShellFixture fixture(shell);
  check_foreign_contract(fixture);
}

}  // namespace arcform
