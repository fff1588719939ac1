# Measure reaperd against its peers in one run: ./dev bench [ARG...]
#
# Builds the release and static presets, then hands the arguments to bench/run.py
# (./dev bench --help shows its options).
# shellcheck shell=bash

command_main() {
  ensure_packages pytest bench
  build_preset_quietly release || die "the build of preset 'release' failed"
  build_preset_quietly static || die "the build of preset 'static' failed"
  cd "$ROOT" || exit 1
  exec /usr/bin/python3 bench/run.py "$@"
}
