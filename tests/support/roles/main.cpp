// reaperd_roles: one small program that plays every kind of process which the tests need below a
// supervisor. `reaperd_roles ROLE …`; without a role it lists them.
#include <cstdio>
#include <string_view>

#include "arguments.h"
#include "common.h"
#include "roles.h"

namespace reaperd::roles {
namespace {

struct Role {
  std::string_view name;
  std::string_view usage;
  std::string_view summary;
  int (*run)(Arguments&);
};

constexpr std::string_view kEnd = "[--end=HOW | -- COMMAND]";

constexpr Role kRoles[] = {
    {"orphans", "N [--orphan-end=HOW] [--setsid]", "N orphans by double fork", Orphans},
    {"live-orphans", "N", "N orphans that sleep until stdin closes or a signal ends them",
     LiveOrphans},
    {"die-together", "PAIRS [--by=exit|kill]", "parents and children that die at one moment",
     DieTogether},
    {"storm", "N [--burst=B] [--rate=PER_SECOND] [--dead]", "N short-lived orphans", Storm},
    {"exec-storm", "ROUNDS [--width=W] [--from-thread]", "orphans that exec again and again",
     ExecStorm},
    {"negligent", "N [--reap-on-sigchld] [--ignore-term]",
     "N zombies that nobody here reaps, or only when asked", Negligent},
    {"family", "DIR", "echo in DIR/main, group, session, other, orphan", Family},
    {"beside", "-- ROLE … ++ ROLE …", "the first role in a child, the second in this process",
     Beside},
    {"crew", "", "makes orphans as standard input says (crew.cpp)", Crew},
    {"steady-forks", "N WIDTH SETTLED", "N orphans, WIDTH at once; the next when SETTLED are left",
     SteadyForks},
    {"echo", "[--exit-on=SIG=CODE]… [--default=SIG,…] [--size]", "prints each signal it gets",
     Echo},
    {"exit", "N", "exits with N", Exit},
    {"kill-self", "SIG", "dies of SIG", KillSelf},
    {"leader-exit", "CODE [--after=MS]", "the leader thread ends, another lives on", LeaderExit},
    {"eat-memory", "MEGABYTES [--end=HOW]", "uses so much memory, page by page", EatMemory},
    {"wait", "-- COMMAND", "runs the command, waits, and says how it ended", Wait},
    {"report", "", "what this process was given, as one line of JSON", Report},
    {"check-arguments", "WORD…", "number, bytes and checksum of the words", CheckArguments},
    {"tracer", "PID [--hold-exit]", "seizes PID by ptrace and never waits for it", Tracer},
    {"refuse", "CALL[:FLAG]=ERRNO|KILL… -- COMMAND", "runs the command under a seccomp filter",
     Refuse},
    {"limit", "NAME=VALUE… -- COMMAND", "with resource limits nofile, nproc, as, core, stack",
     Limit},
    {"as-user", "UID[:GID] -- COMMAND", "as another user, with no other groups", AsUser},
    {"with-signals", "[--ignore=SIG,…] [--block=SIG,…] -- COMMAND",
     "with signals ignored and blocked", WithSignals},
    {"close", "N… -- COMMAND", "with these descriptors closed", CloseDescriptors},
    {"enter-cgroup", "DIR -- COMMAND", "as a member of a cgroup", EnterCgroup},
    {"with-name", "NAME -- PROGRAM …", "PROGRAM with NAME as argv[0]", WithName},
};

void ListRoles() {
  for (const Role& role : kRoles) {
    std::printf("%-16.*s %.*s\n                 %.*s\n", static_cast<int>(role.name.size()),
                role.name.data(), static_cast<int>(role.usage.size()), role.usage.data(),
                static_cast<int>(role.summary.size()), role.summary.data());
  }
  std::printf("\nMost take --out=FILE (lines go there) and %.*s for what follows.\n",
              static_cast<int>(kEnd.size()), kEnd.data());
}

}  // namespace

int RunRole(char** words) {
  const std::string_view name = words[0];
  for (const Role& role : kRoles) {
    if (role.name == name) {
      Arguments arguments(words);
      if (arguments.Has("out")) {
        SayTo(arguments.Option("out", ""));
      }
      return role.run(arguments);
    }
  }
  Die("reaperd_roles: no role '%s'", words[0]);
}

}  // namespace reaperd::roles

int main(int argc, char** argv) {
  if (argc < 2) {
    reaperd::roles::ListRoles();
    return 2;
  }
  return reaperd::roles::RunRole(argv + 1);
}
