#!/usr/bin/env bash
# cmake_step.sh PRESET [TARGET]: configures the preset if needed, then builds TARGET if given.
# Run from the root, with the lock of the build tree held (presets.sh). Ninja configures again by
# itself when a CMakeLists.txt changes, but it does not know the presets.
set -u

preset=$1
target=${2:-}
stamp=build/$preset/.configured

if [ ! -e "build/$preset/build.ninja" ] || [ CMakePresets.json -nt "$stamp" ]; then
  cmake --preset "$preset" || exit 1
  touch "$stamp"
fi
[ -n "$target" ] || exit 0
# Where the tree lies makes no other object files: what another clone compiled is taken as it is,
# and only the folder in its debug information is the other one's.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
exec nice -n 5 cmake --build --preset "$preset" --parallel "$(nproc)" --target "$target"
