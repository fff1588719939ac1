// What is free at exit, and what only after wait: a process gives back its memory and its files
// itself, but not what it stands on (its task, its kernel stack) nor what others still ask for (its
// number, its status). Seen through /proc/<pid>, as root.
#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Row {
  const char* name;
  const char* as_zombie;  // what is expected
  std::string seen[3];    // alive, as a zombie, after wait
};

std::string WhyNot() {
  return errno == EACCES || errno == EPERM ? "refused" : "gone";
}

std::string LookIntoFolder(const std::string& path) {
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) return WhyNot();
  int entries = -2;  // . and ..
  while (readdir(folder) != nullptr)
    ++entries;
  closedir(folder);
  return entries > 0 ? "there" : "empty";
}

std::string LookIntoFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return WhyNot();
  char byte = 0;
  const ssize_t count = read(file, &byte, 1);
  std::string seen = count > 0 ? "there" : count == 0 ? "empty" : WhyNot();
  close(file);
  return seen;
}

std::string Look(pid_t pid, const std::string& name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  char target[256];
  if (name == "pid") return kill(pid, 0) == 0 ? "there" : "gone";
  if (name == "fd") return LookIntoFolder(path);
  if (name == "exe" || name == "cwd") {
    return readlink(path.c_str(), target, sizeof target) > 0 ? "there" : WhyNot();
  }
  return LookIntoFile(path);
}

}  // namespace

int main() {
  std::vector<Row> rows = {
      {"cmdline", "empty", {}}, {"maps", "empty", {}}, {"exe", "gone", {}},     {"cwd", "gone", {}},
      {"fd", "empty", {}},      {"stat", "there", {}}, {"status", "there", {}}, {"io", "there", {}},
      {"limits", "there", {}},  {"comm", "there", {}}, {"pid", "there", {}},
  };
  const pid_t victim = fork();
  if (victim < 0) return 2;
  if (victim == 0) {
    for (;;)
      pause();
  }

  for (Row& row : rows)
    row.seen[0] = Look(victim, row.name);
  kill(victim, SIGKILL);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(victim), &info, WEXITED | WNOWAIT);  // dead, not reaped
  for (Row& row : rows)
    row.seen[1] = Look(victim, row.name);
  waitpid(victim, nullptr, 0);
  for (Row& row : rows)
    row.seen[2] = Look(victim, row.name);

  bool held = true;
  std::printf("%-8s %-6s %-7s %s\n", "", "alive", "zombie", "reaped");
  for (const Row& row : rows) {
    std::printf("%-8s %-6s %-7s %s\n", row.name, row.seen[0].c_str(), row.seen[1].c_str(),
                row.seen[2].c_str());
    // An ordinary user may no longer look at io and fd: without memory they belong to root.
    held &= row.seen[0] == "there" && row.seen[2] == "gone" &&
            (row.seen[1] == row.as_zombie || row.seen[1] == "refused");
  }
  return held ? 0 : 1;
}
