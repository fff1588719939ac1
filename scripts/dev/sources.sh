# Which files are ours, for the tools that read them. Found by name and not by git, so that an
# unpacked tarball is checked like a clone. NUL-separated, relative to the root.
# shellcheck shell=bash

CXX_FOLDERS=(lib daemon ctl gateway tests bench docs/examples)

find_in_root() {
  (cd "$ROOT" && find "$@" -type f -print0 2>/dev/null | sort -z)
}

# cxx_files [FOLDER...]
cxx_files() {
  local folder present=()
  [ $# -gt 0 ] || set -- "${CXX_FOLDERS[@]}"
  for folder in "$@"; do [ ! -d "$ROOT/$folder" ] || present+=("$folder"); done
  [ ${#present[@]} -eq 0 ] || find_in_root "${present[@]}" \( -name '*.cpp' -o -name '*.h' \)
}

# Every shell script: by its ending or by its first line.
shell_files() {
  local file line
  while IFS= read -r -d '' file; do
    if [[ $file == *.sh ]]; then
      printf '%s\0' "$file"
    elif [[ ${file##*/} != *.* || $file == ./.ci/* ]]; then
      line=
      IFS= read -r line <"$ROOT/$file" || true
      [[ $line =~ ^#!.*(bash|/sh|' sh') ]] && printf '%s\0' "$file"
    fi
  done < <(find_in_root . \( -path ./build -o -path ./.git \) -prune -o -size -200k)
}
