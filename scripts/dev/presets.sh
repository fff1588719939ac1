# Configure and build CMake presets. Sourced by ./dev.
# shellcheck shell=bash

# build_preset PRESET [TARGET]
build_preset() {
  ready_preset "$1"
  cmake_step "$1" "${2:-all}"
}

# The same without a word, unless it fails: then all of it.
build_preset_quietly() {
  ready_preset "$1"
  quietly "build-$1" cmake_step "$1" "${2:-all}"
}

configure_preset_quietly() {
  ready_preset "$1"
  quietly "build-$1" cmake_step "$1"
}

# Checks the name, brings the packages, and says so when somebody else is building the preset.
ready_preset() {
  local needs=(build)
  preset_exists "$1" || die "no preset '$1'; there are: $(preset_names | tr '\n' ' ')"
  ! table_rest "$PACKAGES" "preset:$1" >/dev/null || needs+=("preset:$1")
  ensure_packages "${needs[@]}"
  mkdir -p "$ROOT/build/$1"
  flock --nonblock "$ROOT/build/$1/.dev-lock" true ||
    say "waiting for another build of preset '$1'"
}

# One of ours at a time per build tree; a second waits.
cmake_step() (
  cd "$ROOT" || exit 1
  exec flock --close "build/$1/.dev-lock" scripts/dev/cmake_step.sh "$@" </dev/null
)

# quietly LOG-NAME COMMAND...
quietly() {
  local log=$ROOT/build/dev-logs/$1.log
  shift
  mkdir -p "${log%/*}"
  "$@" >"$log" 2>&1 && return 0
  cat "$log" >&2
  return 1
}

# Read by sed: before the first build there is no cmake to ask.
preset_names() {
  sed -n '/"buildPresets"/,$ s/.*"name": *"\([^"]*\)".*/\1/p' "$ROOT/CMakePresets.json"
}

preset_exists() { preset_names | grep -qxF -- "$1"; }
