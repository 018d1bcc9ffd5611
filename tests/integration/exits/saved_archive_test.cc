// SPDX-License-Identifier: Apache-2.0
// Plans in files and the archives that they send: one machine, the local transport.
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/bad_input/here.h"
#include "tests/support/text_file.h"

namespace arcform {
namespace {

namespace fs = std::filesystem;

/// Packs the stock node with `marker` in it; its checksum.
std::string pack(const Here& here, const std::string& name) {
  const std::string folder = here.folder() + "/in-" + name;
  fs::copy(ARCFORM_STOCK_NODE, folder, fs::copy_options::recursive);
  here.write_file("in-" + name + "/lib/marker", name);
  const ProcessResult packed = here.arcform({"pack", folder, "-o", name + ".tar.gz"});
  require(packed, 0, "sha256 ");
  return packed.out.substr(packed.out.find("\nsha256 ") + 8, 64);
}

/// The spec of `here` with these words in place of its installed Arcus.
void write_spec(const Here& here, const std::string& archive) {
  here.write_spec();
  std::string spec = content_of(here.folder() + "/spec.json");
  const std::string installed = fmt::format(R"("installed": "{}")", here.arcus);
  spec.replace(spec.find(installed), installed.size(), archive);
  here.write_file("spec.json", spec);
}

}  // namespace

TEST_CASE("a saved plan holds its archive's checksum, and is refused when the file is another") {
  Here here;
  here.clouds = fmt::format(  // One node: nothing waits for its cloud to settle.
      R"([ {{ "serviceCode": "one", "package": "arcus",
    "config": {{ "memlimit": 64, "threads": 2, "sessionTimeout": 10 }},
    "nodes": [ {{ "host": "here", "port": {} }} ] }} ])",
      here.node_port(0));
  const std::string one = pack(here, "one");
  const std::string two = pack(here, "two");
  write_spec(here, R"("archive": "one.tar.gz")");
  require(here.arcform({"plan", "--out", "x.plan", "spec.json"}), 0, "1 to install");
  CHECK(content_of(here.folder() + "/x.plan").find("\"arcus\": \"" + one + "\"") !=
        std::string::npos);
  const std::string file = here.folder() + "/one.tar.gz";
  fs::rename(file, here.folder() + "/aside");
  require(here.arcform({"apply", "--yes", "x.plan"}), 6, "archive one.tar.gz: cannot be read");
  fs::copy(here.folder() + "/two.tar.gz", file);
  const ProcessResult other = here.arcform({"apply", "--yes", "x.plan"});
  require(other, 6, "its sha256 is " + two + ", and was " + one + " when the plan was made");
  CHECK_FALSE(fs::exists(here.directory));
  fs::remove(file);
  // The plan and its archive may be elsewhere than where the plan was made.
  fs::create_directory(here.folder() + "/carried");
  fs::rename(here.folder() + "/aside", here.folder() + "/carried/one.tar.gz");
  fs::rename(here.folder() + "/x.plan", here.folder() + "/carried/x.plan");
  require(here.arcform({"apply", "--yes", "carried/x.plan"}), 0, "The plan is done. Converged");

  // Where no archive is, its checksum is enough to plan.
  require(here.arcform({"observe", "-o", "seen.json", "spec.json"}, {}), 4, "give its \"sha256\"");
  fs::rename(here.folder() + "/carried/one.tar.gz", file);
  require(here.arcform({"observe", "-o", "seen.json", "spec.json"}), 0, "");
  fs::create_directory(here.folder() + "/ci");
  write_spec(here, fmt::format(R"("archive": "two.tar.gz", "sha256": "{}")", two));
  fs::rename(here.folder() + "/spec.json", here.folder() + "/ci/spec.json");
  const ProcessResult planned = here.arcform(
      {"plan", "--from", "seen.json", "--out", "ci.plan", "--format", "markdown", "ci/spec.json"});
  require(planned, 0, "1 to install, 1 to restart");
  CHECK(planned.err.find("planned by its sha256 alone") != std::string::npos);
  require(here.arcform({"apply", "--yes", "ci.plan"}), 0, "The plan is done. Converged");
  write_spec(here, R"("archive": "three.tar.gz")");
  require(here.arcform({"plan", "--from", "seen.json", "spec.json"}), 4,
          "archive three.tar.gz: cannot be read: No such file or directory; put it there, or "
          "correct \"archive\"; where it cannot be, give its \"sha256\"");
}

}  // namespace arcform
