// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "specs/reader.h"

namespace arcform {

/// A correct spec, one part per line, so that a test can replace the part that it is about.
struct SpecText {
  std::string head = R"("apiVersion": "arcform/v1", "deployment": "test")";           // line 2
  std::string ssh = R"("ssh": {})";                                                   // line 3
  std::string hosts = R"("hosts": [{"name": "h[1-3]", "address": "10.0.0.[1-3]"}])";  // line 4
  std::string packages = R"("packages": {"arcus": {"installed": "/opt/arcus"}})";     // line 5
  std::string ensemble = R"("ensemble": {"external": "10.0.0.9:2181"})";              // line 6
  // line 7
  std::string clouds = R"("clouds": [{"serviceCode": "c", "package": "arcus", )"
                       R"("nodes": [{"host": "h1", "port": 1}]}])";

  std::string text() const {
    return "{\n" + head + ",\n" + ssh + ",\n" + hosts + ",\n" + packages + ",\n" + ensemble +
           ",\n" + clouds + "\n}\n";
  }
};

/// Everything that the reader says about a text, a line each; also checks that there is a desired
/// state exactly when there is no error.
inline std::string said_about(const std::string& text) {
  const SpecResult result = read_spec(text, "s");
  std::string said;
  bool errors = false;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    said += (said.empty() ? "" : "\n") + format(diagnostic, "s");
    errors = errors || !diagnostic.warning;
  }
  return errors == result.desired.has_value() ? said + "\n(and a desired state beside errors)"
                                              : said;
}

/// One wrong part, and everything that is said about it.
struct Case {
  std::string SpecText::*part;
  std::string text;
  std::string said;
};

inline std::string said_about(const Case& wrong) {
  SpecText spec;
  spec.*wrong.part = wrong.text;
  return said_about(spec.text());
}

}  // namespace arcform
