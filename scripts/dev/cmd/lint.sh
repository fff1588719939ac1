# Check the sources: ./dev lint [--changed] [CHECK...]
#
# Checks (default: all):
#   format    clang-format would change nothing
#   tidy      clang-tidy (.clang-tidy); a file that was clean and did not change is not read again
#   cppcheck  with scripts/dev/cppcheck.suppressions
#   shell     shellcheck on every shell script
#   rules     our own: layers, includes, sizes, docs that must not drift (tests/lint)
#   --changed tidy only what differs from the last commit
# shellcheck shell=bash

CHECKS=(format tidy cppcheck shell rules)

# shellcheck source=scripts/dev/sources.sh
. "$ROOT/scripts/dev/sources.sh"

command_main() {
  local tidy_args=() checks=() check start failed=()
  while [ $# -gt 0 ]; do
    case $1 in
    --changed) tidy_args+=(--changed) ;;
    *)
      [[ " ${CHECKS[*]} " == *" $1 "* ]] || die "no check '$1'; there are: ${CHECKS[*]}"
      checks+=("$1")
      ;;
    esac
    shift
  done
  [ ${#checks[@]} -gt 0 ] || checks=("${CHECKS[@]}")
  ensure_packages lint pytest
  cd "$ROOT" || exit 1
  for check in "${checks[@]}"; do
    start=$(now_us)
    if "check_$check"; then
      printf '%-9s ok in %s s\n' "$check" "$(seconds_since "$start")"
    else
      printf '%-9s FAILED after %s s\n' "$check" "$(seconds_since "$start")"
      failed+=("$check")
    fi
  done
  [ ${#failed[@]} -eq 0 ] || die "lint: ${failed[*]} failed"
}

check_format() {
  cxx_files | xargs -0 -r clang-format --dry-run -Werror --ferror-limit=1 && return 0
  echo "-> ./dev format"
  return 1
}

# Needs the compile commands, so the dev preset is configured; nothing has to be compiled.
check_tidy() {
  configure_preset_quietly dev || return 1
  nice -n 5 /usr/bin/python3 scripts/dev/tidy.py "${tidy_args[@]}"
}

check_cppcheck() {
  local cache=build/cppcheck files=()
  mkdir -p "$cache"
  mapfile -d '' -t files < <(cxx_files lib daemon ctl gateway)
  nice -n 5 cppcheck --quiet --std=c++20 --language=c++ --platform=unix64 -I lib -I . \
    --enable=warning,performance,portability --inline-suppr -j "$(nproc)" \
    --suppressions-list=scripts/dev/cppcheck.suppressions --cppcheck-build-dir="$cache" \
    --template='{file}:{line}: {severity}: {message} [{id}]' --error-exitcode=1 "${files[@]}"
}

check_shell() {
  shell_files | xargs -0 -r shellcheck -x
}

# The tools above are part of tests/lint too (test_tools.py); here they have been run already.
check_rules() {
  /usr/bin/python3 -m pytest -p no:cacheprovider -q tests/lint --ignore=tests/lint/test_tools.py
}
