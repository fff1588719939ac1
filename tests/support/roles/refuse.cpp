// Runs a command under a seccomp filter that refuses chosen system calls, whole or only with
// chosen flags, the way container profiles of different ages do, or kills who makes them. Raw BPF,
// no library.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/wait.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "common.h"
#include "roles.h"

namespace reaperd::roles {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
#error "reaperd_roles: name the audit architecture of this machine"
#endif

struct NamedValue {
  std::string_view name;
  int value;
};

constexpr NamedValue kErrors[] = {{"ENOSYS", ENOSYS}, {"EPERM", EPERM},   {"EINVAL", EINVAL},
                                  {"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE},
                                  {"EACCES", EACCES}};

// What a rule looks at: a flag is refused when all bits of `mask` are set in the argument; a whole
// call has no mask.
struct Call {
  std::string_view name;
  long number;
  int argument;
  std::uint32_t mask;
};

constexpr Call kCalls[] = {
    {"pidfd_open", SYS_pidfd_open, 0, 0},
    {"pidfd_send_signal", SYS_pidfd_send_signal, 0, 0},
    {"waitid", SYS_waitid, 0, 0},
    {"waitid:WNOWAIT", SYS_waitid, 3, WNOWAIT},
    {"waitid:P_PIDFD", SYS_waitid, 0, P_PIDFD},
    {"wait4", SYS_wait4, 0, 0},
    {"clone", SYS_clone, 0, 0},
    {"clone:CLONE_PIDFD", SYS_clone, 0, CLONE_PIDFD},
    {"clone:CLONE_VFORK", SYS_clone, 0, CLONE_VFORK},
    {"clone:CLONE_VM", SYS_clone, 0, CLONE_VM},
    {"clone3", SYS_clone3, 0, 0},
    {"signalfd4", SYS_signalfd4, 0, 0},
    {"epoll_create1", SYS_epoll_create1, 0, 0},
    {"epoll_ctl", SYS_epoll_ctl, 0, 0},
    {"timerfd_create", SYS_timerfd_create, 0, 0},
    {"prctl", SYS_prctl, 0, 0},
    {"prctl:PR_SET_CHILD_SUBREAPER", SYS_prctl, 0, PR_SET_CHILD_SUBREAPER},
    {"setpgid", SYS_setpgid, 0, 0},
    {"openat", SYS_openat, 0, 0},
    {"openat2", SYS_openat2, 0, 0},
    {"kill", SYS_kill, 0, 0},
    {"ioctl", SYS_ioctl, 0, 0},
#if defined(SYS_fork)
    {"fork", SYS_fork, 0, 0},
    {"vfork", SYS_vfork, 0, 0},
#endif
};

const Call& FindCall(std::string_view name) {
  for (const Call& call : kCalls) {
    if (call.name == name) {
      return call;
    }
  }
  Die("refuse: no call '%.*s' in the table", static_cast<int>(name.size()), name.data());
}

// What the filter answers: an errno, or `KILL`: the process dies of SIGSYS.
std::uint32_t FindAnswer(std::string_view name) {
  if (name == "KILL") {
    return SECCOMP_RET_KILL_PROCESS;
  }
  for (const NamedValue& error : kErrors) {
    if (error.name == name) {
      return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error.value);
    }
  }
  Die("refuse: no error '%.*s' in the table", static_cast<int>(name.size()), name.data());
}

using Program = std::vector<sock_filter>;

void Load(Program& program, std::size_t offset) {
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
}

void AppendRule(Program& program, const Call& call, std::uint32_t refusal) {
  const auto number = static_cast<std::uint32_t>(call.number);
  Load(program, offsetof(seccomp_data, nr));
  if (call.mask == 0) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, refusal));
    return;
  }
  // The low half of the argument; x86-64 and arm64 are little-endian, and no flag here is high.
  const std::size_t low = offsetof(seccomp_data, args) +
                          static_cast<std::size_t>(call.argument) * sizeof(std::uint64_t);
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4));
  Load(program, low);
  program.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, call.mask));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.mask, 0, 1));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, refusal));
}

}  // namespace

int Refuse(Arguments& arguments) {
  arguments.Allow({});
  char** command = arguments.Command();
  Program program;
  Load(program, offsetof(seccomp_data, arch));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  for (std::size_t index = 0; index < arguments.WordCount(); ++index) {
    const std::string_view rule = arguments.Word(index);
    const std::size_t equals = rule.rfind('=');
    if (equals == std::string_view::npos) {
      Die("refuse: '%.*s' is not CALL[:FLAG]=ERRNO|KILL", static_cast<int>(rule.size()),
          rule.data());
    }
    AppendRule(program, FindCall(rule.substr(0, equals)), FindAnswer(rule.substr(equals + 1)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    DieOfErrno("seccomp");
  }
  ExecOrDie(command);
}

}  // namespace reaperd::roles
