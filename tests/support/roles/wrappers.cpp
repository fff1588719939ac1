// Wrappers: each changes one thing about the process and then becomes the command after `--`.
#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <string_view>

#include "arguments.h"
#include "common.h"
#include "roles.h"
#include "signal_names.h"

namespace reaperd::roles {
namespace {

struct NamedLimit {
  std::string_view name;
  decltype(RLIMIT_NOFILE) resource;
};

constexpr NamedLimit kLimits[] = {{"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC},
                                  {"as", RLIMIT_AS},         {"core", RLIMIT_CORE},
                                  {"stack", RLIMIT_STACK},   {"fsize", RLIMIT_FSIZE}};

void SetLimit(std::string_view name, rlim_t value) {
  for (const NamedLimit& limit : kLimits) {
    if (limit.name == name) {
      const rlimit both{value, value};
      if (setrlimit(limit.resource, &both) != 0) {
        DieOfErrno("setrlimit");
      }
      return;
    }
  }
  Die("limit: no '%.*s' in the table", static_cast<int>(name.size()), name.data());
}

}  // namespace

int Limit(Arguments& arguments) {
  arguments.Allow({});
  for (std::size_t index = 0; index < arguments.WordCount(); ++index) {
    const std::string_view word = arguments.Word(index);
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
      Die("limit: '%.*s' is not NAME=VALUE", static_cast<int>(word.size()), word.data());
    }
    SetLimit(word.substr(0, equals), static_cast<rlim_t>(ParseNumber(word.substr(equals + 1))));
  }
  ExecOrDie(arguments.Command());
}

int AsUser(Arguments& arguments) {
  arguments.Allow({});
  const std::string_view who = arguments.Word(0);
  const std::size_t colon = who.find(':');
  const long uid = ParseNumber(who.substr(0, colon));
  const long gid = colon == std::string_view::npos ? uid : ParseNumber(who.substr(colon + 1));
  if (setgroups(0, nullptr) != 0 || setgid(static_cast<gid_t>(gid)) != 0 ||
      setuid(static_cast<uid_t>(uid)) != 0) {
    DieOfErrno("setuid");
  }
  ExecOrDie(arguments.Command());
}

int WithSignals(Arguments& arguments) {
  arguments.Allow({"ignore", "block"});
  for (const std::string_view name : SplitAtCommas(arguments.Option("ignore", ""))) {
    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    if (sigaction(ParseSignal(name), &action, nullptr) != 0) {
      DieOfErrno("sigaction");
    }
  }
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const std::string_view name : SplitAtCommas(arguments.Option("block", ""))) {
    sigaddset(&blocked, ParseSignal(name));
  }
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
  ExecOrDie(arguments.Command());
}

int CloseDescriptors(Arguments& arguments) {
  arguments.Allow({});
  for (std::size_t index = 0; index < arguments.WordCount(); ++index) {
    close(static_cast<int>(arguments.Number(index)));
  }
  ExecOrDie(arguments.Command());
}

int EnterCgroup(Arguments& arguments) {
  arguments.Allow({});
  const std::string path = std::string(arguments.Word(0)) + "/cgroup.procs";
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  // "0" stands for the writer itself, so no pid number of any namespace is needed.
  if (file < 0 || write(file, "0", 1) != 1) {
    DieOfErrno(path.c_str());
  }
  close(file);
  ExecOrDie(arguments.Command());
}

int WithName(Arguments& arguments) {
  arguments.Allow({});
  char** command = arguments.Command();
  const std::string program = command[0];
  std::string name(arguments.Word(0));
  command[0] = name.data();
  execv(program.c_str(), command);
  DieOfErrno(program.c_str());
}

}  // namespace reaperd::roles
