# Build reaperd and run it: ./dev run -- COMMAND [ARG...]
#
# Builds reaperctl, too. All arguments go to build/dev/bin/reaperd, so options may stand before
# the "--":
#   ./dev run --log-level debug -- sh -c 'exit 3'
# Terminal, signals and exit code are the program's own. The build is silent unless it fails.
# shellcheck shell=bash

command_main() {
  build_preset_quietly dev programs || die "the build failed, nothing was run"
  exec "$ROOT/build/dev/bin/reaperd" "$@"
}
