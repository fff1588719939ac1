# Run the tests: ./dev test [--quick] [--list] [-v] [STAGE...] [-- RUNNER-ARG...]
#
# Without a stage all of them run, in the order of scripts/dev/stages.txt; --list shows them.
#   --quick   unit and integration, and what is cheap of lint
#   -v        show the output of the runner while it runs
#   --        what follows goes to the runner (pytest or ctest) of each stage:
#             ./dev test system -- -k stop_signal      ./dev test unit -- -R Plan
# Logs are in build/test-logs/. The last line is "N passed, N failed, N skipped"; the exit code is 1
# when something failed or a stage ran no test. With CI=true a test skipped because a tool is
# missing ("needs ...") has failed.
# shellcheck shell=bash

STAGES=$ROOT/scripts/dev/stages.txt
LOGS=$ROOT/build/test-logs

# shellcheck source=scripts/dev/stage.sh
. "$ROOT/scripts/dev/stage.sh"

# quick, verbose and runner_args are read by stage.sh.
# shellcheck disable=SC2034
command_main() {
  local quick='' verbose='' stages=() runner_args=()
  while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --list) list_stages; return 0 ;;
    -v | --verbose) verbose=yes ;;
    --) shift; runner_args=("$@"); break ;;
    -*) die "unknown option '$1'; try ./dev help test" ;;
    *) stages+=("$1") ;;
    esac
    shift
  done
  select_stages
  cd "$ROOT" || exit 1
  mkdir -p "$LOGS"
  : >"$LOGS/counts"
  : >"$LOGS/failed"
  run_all
}

list_stages() {
  local stage
  while read -r stage; do
    printf '%-13s %s\n' "$stage" "$(table_field "$STAGES" "$stage" 1)"
  done < <(table_keys "$STAGES")
}

# Fills `stages`: as named, or those of --quick, or all.
select_stages() {
  local stage known
  known=$(table_keys "$STAGES")
  for stage in "${stages[@]}"; do
    grep -qxF -- "$stage" <<<"$known" || die "no stage '$stage'; try ./dev test --list"
  done
  [ ${#stages[@]} -eq 0 ] || return 0
  for stage in $known; do
    if [ -z "$quick" ] || [ "$(table_field "$STAGES" "$stage" 4)" != no ]; then
      stages+=("$stage")
    fi
  done
}

run_all() {
  local stage
  RUN_START=$(now_us)
  # Whatever goes wrong from here on, the last line is the sum and the code says so.
  trap finish EXIT
  for stage in "${stages[@]}"; do prepare_stage "$stage"; done
  for stage in "${stages[@]}"; do run_stage "$stage"; done
  COMPLETE=yes
}

finish() {
  local stage passed failed skipped sum=(0 0 0)
  while read -r stage passed failed skipped; do
    sum=($((sum[0] + passed)) $((sum[1] + failed)) $((sum[2] + skipped)))
  done <"$LOGS/counts"
  if [ -z "${COMPLETE:-}" ]; then
    echo "stopped before the end"
    sum[1]=$((sum[1] + 1))
  fi
  # Again, where whoever sees only the end of the output finds it.
  head -n 40 "$LOGS/failed" | sed 's/^/failed: /'
  printf 'in %s s; logs in build/test-logs/\n' "$(seconds_since "$RUN_START")"
  printf '%d passed, %d failed, %d skipped\n' "${sum[@]}"
  trap - EXIT
  [ "${sum[1]}" -eq 0 ] || exit 1
  exit 0
}
