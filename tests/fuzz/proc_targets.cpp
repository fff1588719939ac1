// Texts of /proc: names of processes are chosen by strangers, and a file may be cut anywhere.
#include <string>
#include <vector>

#include "sys/children_list.h"
#include "sys/procfs.h"
#include "targets.h"

namespace reaperd::fuzz {

void FuzzStat(std::string_view input) {
  const auto stat = sys::ParseStat(input);
  if (!stat) return;
  const std::string begin = std::to_string(stat->pid) + " (" + stat->comm + ")";
  // "-0" and "007" are numbers, too; the kernel writes none of them.
  const bool plain = input.starts_with(begin);
  const std::size_t name = input.find(" (");
  Require(plain || input.substr(name + 2).starts_with(stat->comm + ")"), "comm is in the text");
  Require(stat->state != ' ' && stat->state != '\n', "the state is a letter");
}

void FuzzPidList(std::string_view input) {
  std::vector<pid_t> whole;
  std::string text(input);
  sys::TakePids(text, whole);
  Require(input.ends_with(text), "what is left is the end of the text");
  // The same wherever it is cut, unless it is no list at all.
  if (input.find_first_not_of("0123456789 ") != std::string_view::npos) return;
  for (std::size_t cut = 0; cut <= input.size(); cut += 1 + input.size() / 8) {
    std::vector<pid_t> parts;
    std::string part(input.substr(0, cut));
    sys::TakePids(part, parts);
    part += input.substr(cut);
    sys::TakePids(part, parts);
    Require(parts == whole && part == text, "a cut changes nothing");
  }
}

}  // namespace reaperd::fuzz
