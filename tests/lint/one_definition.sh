#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A type that two files define in the same namespace is two types to its users and one to the linker,
# which keeps one destructor for both; of two functions that differ in what they return alone it keeps
# one, too. No compiler says so. What is in an anonymous namespace or in a class is nobody else's.
#   one_definition.sh FOLDER
set -eu
cd "$1"
found=$(mktemp)
trap 'rm -f "$found"' EXIT

# shellcheck disable=SC2016 # awk expands it
find model specs drivers controller examples tests \( -name '*.h' -o -name '*.cc' \) -type f | sort |
  xargs awk '
    FNR == 1 { space = ""; hidden = collecting = templated = 0 }
    /^namespace \{/ { hidden = 1 }
    /^}  \/\/ namespace$/ { hidden = 0 }
    /^namespace [a-z]/ { space = $2 }
    hidden || space == "" { next }
    # One of many: what it is of may be on the next line.
    /^template/ { templated = !/[;{]$/; next }
    templated && /^[A-Za-z]/ { templated = 0; next }
    function note(name) {
      if (name in where && where[name] != FILENAME)
        printf "%s:%d: %s is defined in %s, too\n", FILENAME, FNR, name, where[name]
      else
        where[name] = FILENAME
    }
    # "struct Name {", "class Name final : public Base {"; "struct A::B {" and templates are others.
    /^(struct|class|enum class|enum) [A-Za-z]+( final)?( :.*)?( \{.*)?$/ && !/;$/ {
      name = $1 == "enum" && $2 == "class" ? $3 : $2
      note("type " space "::" name)
      next
    }
    # A function begins at the edge and may go on below; what it returns is not part of its name.
    /^[A-Za-z]/ && /\(/ && !/^(static|constexpr|using|struct|class)/ {
      statement = ""
      collecting = 1
    }
    collecting {
      statement = statement $0
      if ($0 ~ /;$/) { collecting = 0 }
      else if ($0 ~ /\{/) {
        collecting = 0
        sub(/\) *(const)? *(noexcept)? *(:.*)?\{.*/, ")", statement)
        sub(/^[^(]* [&*]*/, "", statement)
        gsub(/[ \t]+/, " ", statement)
        if (statement !~ /^[A-Z_]*\(/ && statement !~ /^main\(/ && statement ~ /^[a-z_]+\(/)
          note("function " space "::" statement)
      }
    }
  ' >"$found"
cat "$found"
[ ! -s "$found" ]
