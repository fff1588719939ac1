# One stage of ./dev test: packages, builds, the runners of its parts, and the report. Sourced by
# cmd/test.sh, whose variables quick, verbose and runner_args it reads.
# shellcheck shell=bash disable=SC2154

declare -A BUILD_DONE=()    # preset -> ok or failed
declare -A NEEDS_MISSING=() # stage -> yes when apt could not bring all it needs

# words_of COMMA,LIST; "-" has none.
words_of() { [ "$1" = - ] || printf '%s' "${1//,/ }"; }

# Packages and builds of a stage. What cannot be installed fails the stage on CI; at home its tests
# skip. A build that failed fails the stages that need it, no others.
prepare_stage() {
  local preset
  # shellcheck disable=SC2046 # lists of words
  (ensure_packages $(words_of "$(table_field "$STAGES" "$1" 5)")) || NEEDS_MISSING[$1]=yes
  for preset in $(words_of "$(table_field "$STAGES" "$1" 2)"); do
    [ -z "${BUILD_DONE[$preset]:-}" ] || continue
    build_for_tests "$preset"
  done
}

build_for_tests() {
  local start
  start=$(now_us)
  if (build_preset_quietly "$1") 2>&1; then
    BUILD_DONE[$1]=ok
    printf '%-13s built in %s s\n' "$1" "$(seconds_since "$start")"
  else
    BUILD_DONE[$1]=failed
    printf '%-13s BUILD FAILED after %s s\n' "$1" "$(seconds_since "$start")"
  fi
}

run_stage() {
  local stage=$1 start part preset reports=() broken=()
  local log=$LOGS/$stage.log
  start=$(now_us)
  : >"$log"
  rm -f "$LOGS/$stage".*.xml
  for preset in $(words_of "$(table_field "$STAGES" "$stage" 2)"); do
    [ "${BUILD_DONE[$preset]}" = ok ] || broken+=("preset $preset does not build")
  done
  if [ "${CI:-}" = true ] && [ -n "${NEEDS_MISSING[$stage]:-}" ]; then
    broken+=("its packages could not be installed")
  fi
  if [ ${#broken[@]} -eq 0 ]; then
    for part in $(words_of "$(table_field "$STAGES" "$stage" 1)"); do
      run_part "$stage" "${part%%:*}" "${part#*:}"
    done
  fi
  report_stage "$stage" "$start"
}

# run_part STAGE RUNNER FOLDER: adds to the caller's reports.
run_part() {
  local stage=$1 runner=$2 folder=$3 status start limit preset ended='' command=()
  local xml=$LOGS/$stage.$folder.xml
  start=$(now_us)
  limit=$(table_field "$STAGES" "$stage" 3)
  preset=$(table_field "$STAGES" "$stage" 2)
  preset=${preset%%,*}
  "command_of_$runner"
  # Signals ignored by our own caller (a background job ignores INT and QUIT) are not for the tests.
  # --foreground: ^C reaches the runner. TERM lets pytest run its clean-ups (tests/conftest.py).
  run_logged "$log" env --default-signal \
    timeout --foreground --signal=TERM --kill-after=20 "$limit" \
    "${command[@]}" "${runner_args[@]}" </dev/null
  status=$?
  if [ $(($(now_us) - start)) -ge $((limit * 1000000)) ]; then
    ended="stopped after $limit s"
  elif [ $status -ne 0 ]; then
    ended="$runner ended with $status"
  fi
  reports+=("$folder=$ended=$xml")
}

run_logged() {
  local log=$1
  shift
  printf '$ %s\n' "${*@Q}" >>"$log"
  if [ -n "$verbose" ] || [ ${#runner_args[@]} -gt 0 ]; then
    "$@" 2>&1 | tee -a "$log"
  else
    "$@" >>"$log" 2>&1
  fi
}

command_of_ctest() {
  command=(nice -n 5 ctest --test-dir "build/$preset" -L "^$folder\$" --no-tests=error
    --output-on-failure --output-junit "$xml" --timeout 60 --parallel "$(nproc)")
}

command_of_pytest() {
  command=(env PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
    REAPERD_BUILD="$ROOT/build/$preset/bin" REAPERD_STATIC="$ROOT/build/static/bin/reaperd-static"
    /usr/bin/python3 -m pytest -p no:cacheprovider -q -o junit_family=xunit1
    "--junitxml=$xml" "tests/$folder")
  if [ "$quick" = yes ] && [ "$(table_field "$STAGES" "$stage" 4)" = cheap ]; then
    command+=(-m "not slow")
  fi
}

# Prints the stage's line, failures in full and the reasons of skips; adds to the sums.
report_stage() {
  /usr/bin/python3 "$ROOT/scripts/dev/report.py" --stage "$1" --seconds "$(seconds_since "$2")" \
    --log "$log" --counts "$LOGS/counts" --failed "$LOGS/failed" \
    "${broken[@]/#/--broken=}" "${reports[@]}" ||
    printf '%s 0 1 0\n' "$1" >>"$LOGS/counts"
}
