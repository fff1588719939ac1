# Write cmake/hot_text.ld anew: which functions the static program puts side by side: ./dev hot
#
# To be done when the gate's rss_kib has grown without a reason.
# shellcheck shell=bash

command_main() {
  ensure_packages gate
  build_preset_quietly static || die "the build of preset 'static' failed"
  exec /usr/bin/python3 "$ROOT/scripts/dev/hot_text.py" "$ROOT/build/static/bin/reaperd-static" \
    "$ROOT/build/static/reaperd-static.map"
}
