# Show the commands, or the help of one: ./dev help COMMAND
# shellcheck shell=bash

command_main() {
  local script
  if [ $# -gt 0 ]; then
    script=$ROOT/scripts/dev/cmd/$1.sh
    [[ $1 =~ ^[a-z]+$ && -f $script ]] || die "no command '$1'; try ./dev help"
    script_help "$script"
    return 0
  fi
  echo "usage: ./dev COMMAND [ARG...]"
  echo
  for script in "$ROOT"/scripts/dev/cmd/*.sh; do
    printf '  %-9s %s\n' "$(basename "$script" .sh)" "$(script_summary "$script")"
  done
  echo
  echo "./dev help COMMAND tells more. Each command installs by apt what it lacks, and says so."
}
