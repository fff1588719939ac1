# Configure and build: ./dev build [PRESET...] (default: dev)
#
# Presets are those of CMakePresets.json. Programs land in build/PRESET/bin/.
# shellcheck shell=bash

command_main() {
  [ $# -gt 0 ] || set -- dev
  local preset
  for preset in "$@"; do
    build_preset "$preset" || die "the build of preset '$preset' failed"
  done
}
