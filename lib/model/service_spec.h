// What the user wants started: values only. The command of command mode is the service `main`.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace reaperd::model {

/// Where the child stands among process groups and sessions.
enum class ProcessGroup {
  kOwn,         ///< a group of its own, with the terminal's foreground if we had it
  kInherit,     ///< ours
  kNewSession,  ///< setsid, and the terminal becomes its controlling terminal if it was ours
};

/// Resolved before the child exists: name services may wait and allocate.
struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string home;  ///< becomes HOME; empty leaves it
};

struct ServiceSpec {
  std::string name = "main";
  std::vector<std::string> command;      ///< argv; [0] is looked up in the child's PATH
  std::vector<std::string> environment;  ///< complete, "NAME=value"
  std::optional<std::string> working_directory;
  std::optional<Credentials> user;
  bool no_new_privileges = false;
  ProcessGroup process_group = ProcessGroup::kOwn;
  /// Hand a file that the kernel refuses with ENOEXEC to /bin/sh, as execvp(3) does. The programs
  /// we stand in for do; we do not.
  bool shell_fallback = false;
  /// Start the child with no signal blocked instead of with the mask that we inherited (dumb-init).
  bool unblock_all_signals = false;
};

}  // namespace reaperd::model
