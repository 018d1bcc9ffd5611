#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs every test; fails if one fails or does not run.
#   tests/run.sh              all of them
#   tests/run.sh LABEL...     only these: unit, golden, ..., integration, lint
#   tests/run.sh --soak 30    the soak alone, for so many minutes; among the others it takes three
# Tests labelled integration need root: they make namespaces and start real servers.
set -euo pipefail
cd "$(dirname "$0")/.."
soak=""
if [ "${1-}" = --soak ]; then
  soak=${2:?minutes}
  shift 2
fi
# shellcheck source=examples/packages.sh
. examples/packages.sh
# shellcheck disable=SC2086 # one word per package
install_packages $build_packages $run_packages $test_packages

options=(-DARCFORM_TESTS=ON -DARCFORM_WERROR=ON)
if command -v ccache >/dev/null; then
  options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
cmake --preset release "${options[@]}"
cmake --build --preset release

if [ -n "$soak" ]; then
  ARCFORM_SOAK_MINUTES=$soak exec build/release/tests/integration/service/service_soak
fi

summary=build/release/test-summary.txt
: >"$summary"
failed=0

# run_tests WHAT ARGUMENT...: one run of ctest; its closing lines go to the summary too.
run_tests() {
  local what=$1 log=build/release/test-log-$BASHPID.txt
  shift
  printf '\n== %s tests\n' "$what"
  ctest --preset release --timeout 300 --no-tests=error "$@" 2>&1 | tee "$log" || failed=1
  if grep -q '^The following tests did not run:' "$log"; then
    failed=1
  fi
  {
    printf '\n== %s tests\n' "$what"
    sed -n '/tests passed, /,$p' "$log"
    grep -h '^No tests were found' "$log" || :
  } >>"$summary"
}

# Tests with real servers come after everything else, three at a time: each brings its own hosts
# or ports, and mostly waits. The soak runs beside them.
run_integration() {
  local told=build/release/soak.txt soak
  (
    failed=0
    run_tests soak -L '^soak$'
    exit "$failed"
  ) >"$told" 2>&1 &
  soak=$!
  run_tests integration -L '^integration$' --parallel 3
  wait "$soak" || failed=1
  cat "$told"
}

has_integration=0
others=()
for label; do
  if [ "$label" = integration ]; then
    has_integration=1
  else
    others+=("$label")
  fi
done
if [ $# -eq 0 ]; then
  run_tests 'all but integration' -LE '^(integration|soak)$' --parallel 2
  run_integration
else
  if [ ${#others[@]} -gt 0 ]; then
    wanted=$(IFS='|' && echo "${others[*]}")
    run_tests "$wanted" -L "^($wanted)\$" -LE '^integration$' --parallel 2
  fi
  if [ "$has_integration" = 1 ]; then
    run_integration
  fi
fi

cat "$summary"
exit "$failed"
