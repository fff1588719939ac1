// FakeProc: a tree like /proc in a temporary directory.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "temp_dir.h"

namespace reaperd::test {

struct FakeProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string comm = "fake";
  char state = 'S';
  int threads = 1;
  pid_t group = 0;
  pid_t session = 0;
  unsigned long start_ticks = 100;
  unsigned flags = 0;
};

/// The text of a stat file. What nobody reads is 0.
inline std::string StatText(const FakeProcess& process) {
  const auto number = [](auto value) { return " " + std::to_string(value); };
  std::string text = std::to_string(process.pid) + " (" + process.comm + ") " + process.state +
                     number(process.parent) + number(process.group) + number(process.session);
  for (int field = 7; field <= 19; ++field)
    text += number(field == 9 ? process.flags : 0);
  text += number(process.threads) + " 0" + number(process.start_ticks);
  for (int field = 23; field <= 52; ++field)
    text += " 0";
  return text + "\n";
}

class FakeProc {
 public:
  /// With `ours`, it shows the caller's own pid namespace.
  explicit FakeProc(bool ours = true) {
    if (ours) Self(std::to_string(getpid()), "NSpid:\t" + std::to_string(getpid()));
  }

  [[nodiscard]] std::string root() const { return dir_.path(); }

  void Add(const FakeProcess& process) const {
    dir_.Write(std::to_string(process.pid) + "/stat", StatText(process));
  }

  /// A status file with the numbers of NSpid, separated by tabs.
  void Namespaces(pid_t pid, const std::string& numbers) const {
    dir_.Write(std::to_string(pid) + "/status", "Name:\tfake\nNSpid:\t" + numbers + "\n");
  }

  void Remove(pid_t pid) const { std::filesystem::remove_all(dir_.Path(std::to_string(pid))); }

  /// The link "self" and, unless `status_line` is empty, its status file with that line.
  void Self(const std::string& target, const std::string& status_line) const {
    std::filesystem::remove(dir_.Path("self"));
    std::filesystem::create_symlink(target, dir_.Path("self"));
    const std::string line = status_line.empty() ? "" : status_line + "\n";
    dir_.Write(target + "/status", "Name:\tfake\n" + line + "Threads:\t1\n");
  }

  void Children(const std::string& text) const {
    const std::string pid = std::to_string(getpid());
    dir_.Write(pid + "/task/" + pid + "/children", text);
  }

  [[nodiscard]] const TempDir& dir() const { return dir_; }

 private:
  TempDir dir_;
};

}  // namespace reaperd::test
