# SPDX-License-Identifier: Apache-2.0
# Prints the shell text of one list of commands in a CI file, as its runner would be given it.
#   awk -v job=plan -v key=script -f steps.awk gitlab-ci.yml       (the items below "script:")
#   awk -v job=plan -v step="Comment, or ..." -f steps.awk github-actions.yml
# What these two files use of YAML is known: plain, '...', "|" and ">-" texts, two spaces a level.
function indent(line) { match(line, /^ */); return RLENGTH }
function put(text) { if (text != "") print text }
function begin(text, depth) {
  sub(/ +#.*$/, "", text)
  if (text == "|" || text == ">-") { style = text; below = depth; folded = ""; return }
  if (text ~ /^'.*'$/) { text = substr(text, 2, length(text) - 2); gsub(/''/, "'", text) }
  put(text)
}
function finish() { if (style == ">-") put(folded); style = "" }
{
  depth = indent($0)
  blank = $0 ~ /^ *$/
  if (style != "" && !blank && depth <= below) finish()
  if (style == "|") { print substr($0, below + 3); next }
  if (style == ">-") { folded = folded (folded == "" ? "" : " ") substr($0, depth + 1); next }
}
blank || $0 ~ /^ *#/ { next }
$0 ~ "^ *" job ":$" { here = 1; job_depth = depth; inside = 0; next }
here && depth <= job_depth { here = 0; inside = 0 }
!here { next }
key != "" && $0 ~ "^ *" key ":$" { inside = 1; key_depth = depth; next }
key != "" && inside && depth <= key_depth { inside = 0 }
key != "" && inside { text = $0; sub(/^ *- /, "", text); begin(text, depth); next }
step != "" && $0 ~ /^ *- / { inside = index($0, "- name: " step) > 0 }
step == "" && key == "" && $0 ~ /^ *- run: / { text = $0; sub(/^ *- run: /, "", text); begin(text, depth) }
step != "" && inside && $0 ~ /^ *run: / { text = $0; sub(/^ *run: /, "", text); begin(text, depth) }
END { finish() }
