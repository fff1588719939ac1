#include "sys/process_walk.h"

#include <cerrno>
#include <unordered_map>

#include "base/text.h"
#include "sys/children_list.h"

namespace reaperd::sys {

Result<ProcessWalk> ProcessWalk::Begin(const std::string& proc_root) {
  DIR* dir = opendir(proc_root.c_str());
  if (dir == nullptr) return Error::FromErrno("cannot open " + proc_root, errno);
  return ProcessWalk(proc_root, dir);
}

bool ProcessWalk::Next(std::size_t count, std::vector<ProcStat>& found) {
  while (count > 0) {
    const dirent* entry = readdir(dir_.get());
    if (entry == nullptr) return false;
    const auto pid = ParseUnsigned(entry->d_name, 1U << 30);
    if (!pid) continue;
    --count;
    auto stat = ReadStat(proc_root_, static_cast<pid_t>(*pid));
    if (stat) found.push_back(std::move(stat).value());
  }
  return true;
}

std::vector<pid_t> ChildrenOf(const std::string& proc_root, pid_t pid) {
  std::vector<pid_t> children;
  const std::string tasks = proc_root + "/" + std::to_string(pid) + "/task";
  const auto close_dir = [](DIR* dir) { closedir(dir); };
  const std::unique_ptr<DIR, decltype(close_dir)> dir(opendir(tasks.c_str()), close_dir);
  if (!dir) return children;
  while (const dirent* entry = readdir(dir.get())) {
    if (entry->d_name[0] == '.') continue;
    auto text = ReadSmallFile(tasks + "/" + entry->d_name + "/children");
    if (text) TakePids(*text, children);
  }
  return children;
}

std::vector<ProcStat> DescendantsOf(pid_t ancestor, const std::vector<ProcStat>& all) {
  std::unordered_multimap<pid_t, const ProcStat*> by_parent;
  for (const ProcStat& process : all)
    by_parent.emplace(process.parent, &process);
  std::vector<ProcStat> found;
  std::vector<pid_t> open{ancestor};
  while (!open.empty()) {
    const pid_t parent = open.back();
    open.pop_back();
    const auto [begin, end] = by_parent.equal_range(parent);
    for (auto it = begin; it != end; ++it) {
      found.push_back(*it->second);
      open.push_back(it->second->pid);
    }
    // A snapshot taken while pids are reused can show a circle: visit each parent once.
    by_parent.erase(parent);
  }
  return found;
}

}  // namespace reaperd::sys
