# Fuzz the parsers of what strangers write: ./dev fuzz [SECONDS] [TARGET...] (60 s of each)
#
# Builds the fuzz preset, by clang. Targets are the folders of tests/fuzz/corpus; without any, all.
# New inputs are kept in build/fuzz/found/TARGET for the next time, findings beside that folder.
# tests/fuzz/CMakeLists.txt tells how to keep them for good.
# shellcheck shell=bash

fuzz_one() {
  local target=$1 seconds=$2
  local found=$ROOT/build/fuzz/found
  mkdir -p "$found/$target" || return 1
  "$ROOT/build/fuzz/bin/fuzz_$target" -max_total_time="$seconds" -print_final_stats=1 \
    -artifact_prefix="$found/$target-" "$found/$target" "$ROOT/tests/fuzz/corpus/$target"
}

command_main() {
  local seconds=60 target
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
  fi
  local all
  all=$(ls "$ROOT/tests/fuzz/corpus") || exit 1
  for target in "$@"; do
    grep -qxF -- "$target" <<<"$all" || die "no fuzz target '$target'; there are: ${all//$'\n'/ }"
  done
  # shellcheck disable=SC2086 # names of folders of ours, a word each
  [ $# -gt 0 ] || set -- $all
  build_preset fuzz || die "the build of preset 'fuzz' failed"
  for target in "$@"; do
    echo "== $target, $seconds s"
    fuzz_one "$target" "$seconds" || die "$target: the input is in build/fuzz/found/$target-*"
  done
}
