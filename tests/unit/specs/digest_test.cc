// SPDX-License-Identifier: Apache-2.0
// Goal: the digest follows what a spec says, and nothing else.
#include <catch2/catch.hpp>

#include "tests/unit/specs/spec_text.h"

namespace arcform {
namespace {

std::string digest(const SpecText& spec) {
  const SpecResult result = read_spec(spec.text(), "s");
  INFO(said_about(spec.text()));
  REQUIRE(result.desired);
  return result.desired->digest;
}

std::string digest_with(std::string SpecText::*part, const std::string& text) {
  SpecText spec;
  spec.*part = text;
  return digest(spec);
}

}  // namespace

TEST_CASE("the digest does not depend on spelling") {
  const std::string plain = digest(SpecText());
  CHECK(plain.size() == 64);
  CHECK(plain == "28d86551a94484a1a27927fd7414a352c4e8afd88e9513092b9f966087d71849");
  const auto [part, text] = GENERATE(table<std::string SpecText::*, std::string>({
      {&SpecText::hosts,
       "/* x */ \"hosts\": [{\"address\": \"10.0.0.[2,3]\", \"name\": "
       "\"h[2-3]\"},\n\n {\"name\": \"h1\", \"address\": \"10.0.0.1\",},]"},
      {&SpecText::clouds, R"("clouds": [{"nodes": [{"ports": ["1"], "host": "h[1]"}], "package":
         "arcus", "serviceCode": "c", "state": "running", "config": {"memlimit": "64"}}])"},
      {&SpecText::ssh, R"("ssh": {"port": 22, "agent": true})"},
  }));
  CHECK(digest_with(part, text) == plain);
}

TEST_CASE("the digest follows every change") {
  const std::string plain = digest(SpecText());
  const auto [part, text] = GENERATE(table<std::string SpecText::*, std::string>({
      {&SpecText::head, R"("apiVersion": "arcform/v1", "deployment": "tesu")"},
      {&SpecText::ssh, R"("ssh": {"user": "x"})"},
      {&SpecText::ssh, R"("ssh": {"port": 23})"},
      {&SpecText::ssh, R"("ssh": {"identityFiles": ["x"]})"},
      {&SpecText::ssh, R"("ssh": {"knownHosts": "x"})"},
      {&SpecText::ssh, R"("ssh": {"directory": "/x"})"},
      {&SpecText::ssh, R"("ssh": {"agent": false})"},
      {&SpecText::ssh, R"("ssh": {"passphrase": {"file": "x"}})"},
      {&SpecText::ssh, R"("ssh": {"password": "prompt"})"},
      {&SpecText::ssh, R"("ssh": {"password": {"environment": "x"}})"},
      {&SpecText::hosts, R"("hosts": [{"name": "h[1-4]", "address": "10.0.0.[1-4]"}])"},
      {&SpecText::hosts, R"("hosts": [{"name": "h[1-3]", "address": "10.0.1.[1-3]"}])"},
      {&SpecText::hosts,
       R"("hosts": [{"name": "h[1-3]", "address": "10.0.0.[1-3]", "transport": "local"}])"},
      {&SpecText::hosts,
       R"("hosts": [{"name": "h[1-3]", "address": "10.0.0.[1-3]", "memory": 64}])"},
      {&SpecText::packages, R"("packages": {"arcus": {"installed": "/opt/arcus2"}})"},
      {&SpecText::ensemble, R"("ensemble": {"external": "10.0.0.9:2182"})"},
      {&SpecText::clouds, R"("clouds": [])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "d", "package": "arcus",
         "nodes": [{"host": "h1", "port": 1}]}])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "c", "package": "arcus",
         "nodes": [{"host": "h2", "port": 1}]}])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "c", "package": "arcus",
         "nodes": [{"host": "h1", "port": 2}]}])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "c", "package": "arcus",
         "nodes": [{"host": "h1", "port": 1, "config": {"memlimit": 65}}]}])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "c", "package": "arcus",
         "nodes": [{"host": "h1", "port": 1, "config": {"threads": 5}}]}])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "c", "package": "arcus",
         "nodes": [{"host": "h1", "port": 1, "config": {"connections": 5}}]}])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "c", "package": "arcus",
         "nodes": [{"host": "h1", "port": 1, "config": {"sessionTimeout": 31}}]}])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "c", "package": "arcus", "protect": true,
         "nodes": [{"host": "h1", "port": 1}]}])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "c", "package": "arcus",
         "state": "stopped", "nodes": [{"host": "h1", "port": 1}]}])"},
      {&SpecText::clouds, R"("clouds": [{"serviceCode": "c", "package": "arcus",
         "rollout": {"maxUnavailable": 9}, "nodes": [{"host": "h1", "port": 1}]}])"},
  }));
  INFO(text);
  CHECK(digest_with(part, text) != plain);
}

}  // namespace arcform
