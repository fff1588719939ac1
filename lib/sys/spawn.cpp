#include "sys/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sys/linux_process_ops.h"
#include "sys/pidfd.h"
#include "sys/program_path.h"

namespace reaperd::sys {
namespace {

// Deep enough for RunChild and execve; in .bss, so that untouched pages cost nothing.
constexpr std::size_t kChildStackBytes = 32 * 1024;
alignas(64) char g_child_stack[kChildStackBytes];

/// Owns every array that a ChildPlan points into.
class PlanStorage {
 public:
  explicit PlanStorage(const SpawnRequest& request);
  PlanStorage(const PlanStorage&) = delete;
  PlanStorage& operator=(const PlanStorage&) = delete;

  ChildPlan& plan() { return plan_; }

 private:
  void AddArguments(const model::ServiceSpec& spec);
  void AddEnvironment(const model::ServiceSpec& spec);
  void AddCandidates(const model::ServiceSpec& spec);
  void AddUser(const model::ServiceSpec& spec);
  /// Room for our pid where `entry` names us, e.g. LISTEN_PID=1: the child writes its own there.
  char* PidSlot(std::string& slot, std::string_view entry, std::string_view name);

  ChildPlan plan_;
  std::vector<char*> argv_;
  std::vector<char*> environment_;
  std::vector<std::string> candidate_texts_;
  std::vector<const char*> candidates_;
  std::vector<const char*> shell_argv_;
  std::string home_;
  std::string listen_pid_;
  std::string watchdog_pid_;
};

char* Mutable(const std::string& text) {
  return const_cast<char*>(text.c_str());  // execve(2) takes char* but does not write
}

PlanStorage::PlanStorage(const SpawnRequest& request) {
  const model::ServiceSpec& spec = *request.spec;
  AddArguments(spec);
  AddUser(spec);
  AddEnvironment(spec);
  AddCandidates(spec);
  if (spec.working_directory) plan_.working_directory = spec.working_directory->c_str();
  plan_.no_new_privileges = spec.no_new_privileges;
  plan_.group = static_cast<ChildPlan::Group>(spec.process_group);
  plan_.terminal_fd = request.terminal_fd;
  plan_.signal_mask = request.signal_mask;
  if (spec.unblock_all_signals) sigemptyset(&plan_.signal_mask);
}

static_assert(static_cast<int>(model::ProcessGroup::kOwn) ==
              static_cast<int>(ChildPlan::Group::kOwn));
static_assert(static_cast<int>(model::ProcessGroup::kInherit) ==
              static_cast<int>(ChildPlan::Group::kInherit));
static_assert(static_cast<int>(model::ProcessGroup::kNewSession) ==
              static_cast<int>(ChildPlan::Group::kNewSession));

void PlanStorage::AddArguments(const model::ServiceSpec& spec) {
  argv_.reserve(spec.command.size() + 1);
  for (const std::string& argument : spec.command)
    argv_.push_back(Mutable(argument));
  argv_.push_back(nullptr);
  plan_.argv = argv_.data();
  if (!spec.shell_fallback) return;
  shell_argv_ = {"/bin/sh", nullptr};
  shell_argv_.insert(shell_argv_.end(), argv_.begin() + 1, argv_.end());
  plan_.shell_argv = shell_argv_.data();
}

char* PlanStorage::PidSlot(std::string& slot, std::string_view entry, std::string_view name) {
  if (!entry.starts_with(name)) return nullptr;
  const auto pid = ParseUnsigned(entry.substr(name.size()));
  if (!pid || *pid != static_cast<std::uint64_t>(getpid())) return nullptr;
  slot = std::string(name) + "0000000000";
  return slot.data() + name.size();
}

void PlanStorage::AddEnvironment(const model::ServiceSpec& spec) {
  environment_.reserve(spec.environment.size() + 2);
  for (const std::string& entry : spec.environment) {
    if (!home_.empty() && entry.starts_with("HOME=")) continue;
    if (char* digits = PidSlot(listen_pid_, entry, "LISTEN_PID=")) {
      plan_.listen_pid_digits = digits;
      environment_.push_back(listen_pid_.data());
    } else if (char* watchdog = PidSlot(watchdog_pid_, entry, "WATCHDOG_PID=")) {
      plan_.watchdog_pid_digits = watchdog;
      environment_.push_back(watchdog_pid_.data());
    } else {
      environment_.push_back(Mutable(entry));
    }
  }
  if (!home_.empty()) environment_.push_back(home_.data());
  environment_.push_back(nullptr);
  plan_.environment = environment_.data();
}

void PlanStorage::AddCandidates(const model::ServiceSpec& spec) {
  candidate_texts_ = ProgramCandidates(spec.command.front(), spec.environment);
  for (const std::string& text : candidate_texts_)
    candidates_.push_back(text.c_str());
  candidates_.push_back(nullptr);
  plan_.candidates = candidates_.data();
}

void PlanStorage::AddUser(const model::ServiceSpec& spec) {
  if (!spec.user) return;
  plan_.set_user = true;
  plan_.uid = spec.user->uid;
  plan_.gid = spec.user->gid;
  plan_.groups = spec.user->groups.data();
  plan_.group_count = spec.user->groups.size();
  if (!spec.user->home.empty()) home_ = "HOME=" + spec.user->home;
}

/// Refusals of a way to start, not of the start: a seccomp filter, or a kernel without the flag.
bool Refused(int code) {
  return code == ENOSYS || code == EPERM || code == EINVAL;
}

// ASan would take the borrowed stack for an overflow of the parent's.
[[gnu::no_sanitize_address]] int ChildMain(void* argument) {
  auto& plan = *static_cast<ChildPlan*>(argument);
  RunChild(plan);
  _exit(kFailedChildCode);
}

void AdoptPidfd(Spawned& spawned, int pidfd) {
  spawned.pidfd = UniqueFd(pidfd);
  if (!spawned.pidfd) spawned.pidfd = OpenPidfd(spawned.pid);
}

/// A child that failed before exec has ended or is about to: it is ours to reap, and nobody else's
/// business. Its pid cannot have been reused: it is unreaped.
void ReapFailed(Spawned& spawned) {
  int status = 0;
  while (waitpid(spawned.pid, &status, 0) < 0 && errno == EINTR) {
  }
  spawned.ended_pid = std::exchange(spawned.pid, 0);
  spawned.pidfd.reset();
}

bool CloneSharing(ChildPlan& plan, Spawned& spawned, int& code) {
  for (const int with_pidfd : {CLONE_PIDFD, 0}) {
    int pidfd = -1;
    const pid_t pid = clone(&ChildMain, g_child_stack + kChildStackBytes,
                            CLONE_VM | CLONE_VFORK | with_pidfd | SIGCHLD, &plan, &pidfd);
    if (pid > 0) {
      spawned.pid = pid;
      spawned.shared = true;
      spawned.failure = plan.report;
      AdoptPidfd(spawned, with_pidfd != 0 ? pidfd : -1);
      if (plan.report.step != SpawnStep::kNone) ReapFailed(spawned);
      return true;
    }
    code = errno;
    if (!Refused(code)) return false;
  }
  return false;
}

pid_t CloneCopy(int flags, int* pidfd) {
  // Raw: the C library's fork runs handlers and takes locks that the child does not need.
  return static_cast<pid_t>(syscall(SYS_clone, flags | SIGCHLD, nullptr, pidfd, nullptr, nullptr));
}

bool CloneCopying(ChildPlan& plan, Spawned& spawned, int& code) {
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0) {
    code = errno;
    return false;
  }
  spawned.error_pipe = UniqueFd(pipe_fds[0]);
  const UniqueFd write_end(pipe_fds[1]);
  plan.error_pipe = write_end.get();
  for (const int with_pidfd : {CLONE_PIDFD, 0}) {
    int pidfd = -1;
    const pid_t pid = with_pidfd != 0 ? CloneCopy(with_pidfd, &pidfd) : fork();
    if (pid == 0) {
      RunChild(plan);
      _exit(kFailedChildCode);
    }
    if (pid > 0) {
      spawned.pid = pid;
      AdoptPidfd(spawned, with_pidfd != 0 ? pidfd : -1);
      return true;
    }
    code = errno;
    if (!Refused(code)) break;
  }
  spawned.error_pipe.reset();
  return false;
}

/// Waits for the exec of a copied child: only before there is anything else to do.
void AwaitReport(Spawned& spawned) {
  const int flags = fcntl(spawned.error_pipe.get(), F_GETFL);
  fcntl(spawned.error_pipe.get(), F_SETFL, flags & ~O_NONBLOCK);
  ChildReport report;
  ssize_t got = 0;
  do {
    got = read(spawned.error_pipe.get(), &report, sizeof report);
  } while (got < 0 && errno == EINTR);
  spawned.error_pipe.reset();
  if (got != sizeof report) return;
  spawned.failure = report;
  ReapFailed(spawned);
}

}  // namespace

Spawned Spawn(const SpawnRequest& request) {
  PlanStorage storage(request);
  Spawned spawned;
  int code = 0;
  if (request.mode == SpawnMode::kWaitForExec) {
    if (CloneSharing(storage.plan(), spawned, code)) return spawned;
    if (Refused(code) && CloneCopying(storage.plan(), spawned, code)) {
      AwaitReport(spawned);
      return spawned;
    }
  } else if (CloneCopying(storage.plan(), spawned, code)) {
    return spawned;
  }
  spawned.failure = {SpawnStep::kClone, code};
  return spawned;
}

}  // namespace reaperd::sys
