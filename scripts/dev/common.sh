# Words that every command shares. Sourced by ./dev; needs ROOT.
# Messages go to stderr: the stdout of `./dev run` belongs to the program that is run.
# shellcheck shell=bash

say() { printf 'dev: %s\n' "$*" >&2; }

die() {
  printf 'dev: error: %s\n' "$*" >&2
  exit 1
}

# Microseconds of the wall clock; for durations that are shown, never for decisions.
now_us() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }

# seconds_since START_US: "12.3"
seconds_since() {
  local tenths=$((($(now_us) - $1) / 100000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# table_field FILE KEY N: field N of the row that starts with KEY; fails when there is no such row.
# Blanks separate fields; a # starts a comment.
table_field() {
  local line fields
  while IFS= read -r line; do
    read -r -a fields <<<"${line%%#*}"
    if [ "${fields[0]:-}" = "$2" ]; then
      printf '%s' "${fields[$3]:-}"
      return 0
    fi
  done <"$1"
  return 1
}

# table_rest FILE KEY: all fields after KEY.
table_rest() {
  local line fields
  while IFS= read -r line; do
    read -r -a fields <<<"${line%%#*}"
    if [ "${fields[0]:-}" = "$2" ]; then
      printf '%s' "${fields[*]:1}"
      return 0
    fi
  done <"$1"
  return 1
}

table_keys() {
  local line fields
  while IFS= read -r line; do
    read -r -a fields <<<"${line%%#*}"
    [ ${#fields[@]} -eq 0 ] || printf '%s\n' "${fields[0]}"
  done <"$1"
}

# The comment block on top of a command script is its help; its first line is the summary.
script_help() { sed -n '/^#!/d; /^# shellcheck/d; /^#/!q; s/^# \{0,1\}//; p' "$1"; }
script_summary() { script_help "$1" | head -n 1; }
