#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The completions and the manual in the programs that they are for.
#   shells.sh ARCFORM SPEC MANUAL SCRATCH
# SPEC has the cloud test-cloud and the host cache001.arcus.
# shellcheck disable=SC2317 # expect calls offer_SHELL
set -eu
arcform=$1 spec=$2 manual=$3 scratch=$4
mkdir -p "$scratch"
PATH=$(dirname "$arcform"):$PATH
export PATH
failed=0

# expect SHELL LINE WORD...: what SHELL offers at the end of LINE has each WORD in a line of its own.
# A word after ! must not be there.
expect() {
  shell=$1 line=$2
  shift 2
  "offer_$shell" "$line" >"$scratch/offered" 2>"$scratch/errors" || failed=1
  if [ -s "$scratch/errors" ]; then
    echo "$shell: $line: said: $(cat "$scratch/errors")"
    failed=1
  fi
  for word; do
    if [ "${word#!}" != "$word" ]; then
      ! grep -qxF -e "${word#!}" "$scratch/offered" || { echo "$shell: $line: offers $word" && failed=1; }
    elif ! grep -qxF -e "$word" "$scratch/offered"; then
      echo "$shell: $line: does not offer $word, only: $(tr '\n' ' ' <"$scratch/offered")"
      failed=1
    fi
  done
}

# What readline would put in place of the last piece of the line.
offer_bash() {
  bash --norc -c '. "$1"; COMP_LINE=$2 COMP_POINT=${#2}
    read -r -a COMP_WORDS <<<"$2"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _arcform; printf "%s\n" "${COMPREPLY[@]}"' bash "$scratch/bash" "$1"
}

# Its completion builtins work only inside of the line editor: they are told apart here.
offer_zsh() {
  zsh -f -c 'compdef() { :; }
    compadd() { shift; print -l -- "$@"; }
    _describe() { print -l -- "${(@)${(P@)@[-1]}%%:*}"; }
    _files() { print -l -- *; }
    . "$1"
    words=("${(@s: :)2}"); CURRENT=$#words; _arcform' zsh "$scratch/zsh" "$1"
}

offer_fish() {
  fish --no-config -c "source '$scratch/fish'; complete -C '$1'" | cut -f 1
}

for shell in bash zsh fish; do
  "$arcform" completion $shell >"$scratch/$shell"
done
bash -n "$scratch/bash"
zsh -n "$scratch/zsh"
fish -n "$scratch/fish"
shellcheck --shell=bash --severity=warning --exclude=SC2034,SC2206 "$scratch/bash"

for shell in bash zsh fish; do
  expect "$shell" 'arcform ' plan apply status ping completion !--only
  expect "$shell" 'arcform plan --' --only --exit-code --full !--yes
  expect "$shell" 'arcform apply --' --yes --parallel --only
  expect "$shell" 'arcform completion ' bash zsh fish
  expect "$shell" "arcform status $spec --cloud " test-cloud !cloud:test-cloud
done
for shell in zsh fish; do
  expect "$shell" "arcform plan $spec --only " cloud:test-cloud host:cache001.arcus
done
expect bash "arcform plan $spec --only " cloud:test-cloud host:cache001.arcus node:10.0.0.1:11211
expect bash "arcform plan $spec --only cl" cloud:test-cloud !host:cache001.arcus
expect bash "arcform plan $spec --only cloud:te" test-cloud  # The part behind the colon.
expect bash "arcform status $spec te" test-cloud

mandoc -T lint -W warning "$manual" || failed=1
man --warnings -E UTF-8 -l "$manual" 2>"$scratch/errors" >"$scratch/page" || failed=1
[ ! -s "$scratch/errors" ] || { cat "$scratch/errors" && failed=1; }
[ "$(wc -l <"$scratch/page")" -gt 150 ] || { echo "$manual: too short" && failed=1; }
exit $failed
