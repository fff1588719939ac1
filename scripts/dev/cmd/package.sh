# Make the .deb and the .tar.gz: ./dev package
#
# Builds release (reaperd, reaperctl) and static (reaperd-static), writes manual pages from --help,
# packs with CPack and reads the .deb with lintian. The result is in build/release/packages/.
# shellcheck shell=bash

command_main() {
  [ $# -eq 0 ] || die "./dev package takes no argument"
  ensure_packages package
  local preset release=$ROOT/build/release
  for preset in release static; do
    build_preset_quietly "$preset" || die "the build of preset '$preset' failed"
  done
  cd "$ROOT" || exit 1
  rm -rf "$release/packages"
  make_extras "$release/packaging" || die "cannot make the manual pages"
  quietly cpack cpack --config "$release/CPackConfig.cmake" -G 'DEB;TGZ' -B "$release/packages" ||
    die "cpack failed"
  rm -rf "$release/packages/_CPack_Packages"
  # No Debian bug asks for this package, and no mail host stands behind its maintainers.
  local known=initial-upload-closes-no-bugs,bogus-mail-host,bogus-mail-host-in-debian-changelog
  lintian --allow-root --fail-on error,warning --tag-display-limit 0 --suppress-tags "$known" \
    "$release"/packages/*.deb || die "lintian complains"
  printf '%s\n' "$release"/packages/*
}

# What packaging/cpack.cmake installs and CMake does not build.
make_extras() {
  local made=$1
  local ctl=build/release/bin/reaperctl
  mkdir -p "$made"/{man1,man8,completions} &&
    install -m 755 -s build/static/bin/reaperd-static "$made/" || return 1
  help2man --no-info --section=8 --name="container init and subreaper" \
    --output="$made/man8/reaperd.8" build/release/bin/reaperd &&
    gzip -9nf "$made/man8/reaperd.8" &&
    ln -sf reaperd.8.gz "$made/man8/reaperd-static.8.gz" || return 1
  help2man --no-info --section=1 --name="ask a running reaperd" \
    --output="$made/man1/reaperctl.1" "$ctl" && gzip -9nf "$made/man1/reaperctl.1" &&
    "$ctl" completions bash >"$made/completions/reaperctl" &&
    "$ctl" completions zsh >"$made/completions/_reaperctl" &&
    "$ctl" completions fish >"$made/completions/reaperctl.fish"
}
