#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Goal: the jobs of examples/ci do what they say when a runner runs them. Method: their shell text is
# taken out of the files and run by bash as the runners do, with the real arcform, jq and curl, in a
# network namespace without a network. GitHub's client is a stand-in; GitLab is a small server here.
# Left out are the lines that install programs.
#   ci_test.sh ARCFORM EXAMPLES STOCK_NODE FOLDER
set -eu
if [ "${5-}" != inside ]; then
  exec unshare --net "$0" "$1" "$2" "$3" "$4" inside
fi
arcform=$1 examples=$2 stock_node=$3 folder=$4
here=$(cd "$(dirname "$0")" && pwd)
ip link set lo up
rm -rf "$folder"
mkdir -p "$folder/bin" "$folder/forge" "$folder/work"
ln -s "$arcform" "$folder/bin/arcform"
cp "$here/gh" "$folder/bin/gh"
chmod 755 "$folder/bin/gh"
cp "$here/gitlab" "$folder/gitlab"
chmod 755 "$folder/gitlab"
server=
finish() {
  status=$?
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$folder"
  exit $status
}
trap finish EXIT

fail() {
  echo "ci_test: $*"
  cat "$folder/out" 2>/dev/null || true
  exit 1
}

spec() {
  cat >"$folder/work/arcform.json" <<END
{
  "apiVersion": "arcform/v1", "deployment": "ci", "ssh": { "directory": "$folder/ours" },
  "hosts": [{ "name": "here", "address": "127.0.0.1", "transport": "local" }],
  "packages": { "arcus": { "installed": "$stock_node" },
                "zookeeper": { "installed": "/usr/share/zookeeper" } },
  "ensemble": { "package": "zookeeper", "servers": ["here"], "dataDirectory": "$folder/data" },
  "clouds": [{ "serviceCode": "shop", "package": "arcus",
               "nodes": [{ "host": "here", "port": 11211, "count": $1 }] }]
}
END
}

# run FILE JOB KEY=VALUE [STATUS]: what FILE says, as a runner would run it.
run() {
  awk -v job="$2" -v "$3" -f "$here/steps.awk" "$examples/$1" |
    grep -vE 'install-arcform|apt-get' >"$folder/step.sh"
  [ -s "$folder/step.sh" ] || fail "$1: nothing found for $2, $3"
  status=0
  (cd "$folder/work" && env -i PATH="$folder/bin:/usr/bin:/bin" HOME=/nonexistent \
    FORGE="$folder/forge" GH_REPO=me/it NUMBER=7 \
    API="http://127.0.0.1:8080/api/v4/projects/5" CI_DEFAULT_BRANCH=main \
    CI_MERGE_REQUEST_IID=7 PLAN_TOKEN=sesame \
    bash -e -o pipefail "$folder/step.sh") >"$folder/out" 2>&1 || status=$?
  [ "$status" -eq "${4-0}" ] || fail "$1, $2, $3: exit $status"
}

count() { jq "[.[] | select(.body | $1)] | length" "$folder/forge/comments.json"; }

# The comment is there once, is the plan, and the others are as they were.
commented() {
  [ "$(count 'startswith("<!-- arcform-plan -->")')" -eq 1 ] || fail "not one comment of ours"
  [ "$(count '. == "looks good"')" -eq 2 ] || fail "a person's comment was touched"
  jq -j '.[] | select(.body | startswith("<!-- arcform-plan -->")) | .body' \
    "$folder/forge/comments.json" | cmp - "$folder/work/plan.md" || fail "not the plan"
  grep -qF "$1" "$folder/work/plan.md" || fail "not in the plan: $1"
}

# on_forge FILE RUN: observed once; planned, changed and planned again; refused; and invalid.
on_forge() {
  echo '[{"id": 1, "body": "looks good"}, {"id": 2, "body": "looks good"}]' \
    >"$folder/forge/comments.json"
  spec 1
  $2 observe
  mv "$folder/work/observed.json" "$folder/forge/"
  $2 plan
  commented '1 to register, 1 to map'
  spec 2
  $2 plan
  commented '1 to register, 2 to map'
  sed -i 's|"installed": "/usr/share/zookeeper"|"installed": "/nowhere"|' "$folder/work/arcform.json"
  $2 plan
  commented 'left alone'
  cp "$folder/forge/comments.json" "$folder/before"
  echo '{' >"$folder/work/arcform.json"
  $2 plan 4
  cmp "$folder/before" "$folder/forge/comments.json" || fail "a failed job has commented"
}

github() {
  if [ "$1" = observe ]; then
    run github-actions.yml observe key=
    return
  fi
  run github-actions.yml plan 'step=Fetch the last observation'
  run github-actions.yml plan 'step=Plan' "${2-0}"
  [ "${2-0}" -ne 0 ] || run github-actions.yml plan 'step=Comment, or update the comment'
}

gitlab() {
  if [ "$1" = observe ]; then
    run gitlab-ci.yml observe key=script
    return
  fi
  run gitlab-ci.yml plan key=before_script
  run gitlab-ci.yml plan key=script "${2-0}"
}

on_forge github-actions.yml github
echo "github-actions.yml: observed, planned, commented, updated, refused, stopped"

FORGE="$folder/forge" busybox nc -ll -p 8080 -e "$folder/gitlab" &
server=$!
tries=0
until curl -s -o /dev/null http://127.0.0.1:8080/; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || fail "no server"
done
on_forge gitlab-ci.yml gitlab
echo "gitlab-ci.yml: observed, planned, commented, updated, refused, stopped"
