# Format all C++ files in place with clang-format.
# shellcheck shell=bash

command_main() {
  [ $# -eq 0 ] || die "./dev format takes no argument"
  ensure_packages lint
  # shellcheck source=scripts/dev/sources.sh
  . "$ROOT/scripts/dev/sources.sh"
  cd "$ROOT" || exit 1
  cxx_files | xargs -0 -r clang-format -i
}
