// Processes in different groups and sessions, and two roles in one run.
#include <unistd.h>

#include <csignal>
#include <string>
#include <string_view>

#include "arguments.h"
#include "common.h"
#include "echo.h"
#include "roles.h"

namespace reaperd::roles {
namespace {

EchoPlan UntilTerm() {
  EchoPlan plan;
  sigemptyset(&plan.left_alone);
  plan.exit_codes[SIGTERM] = 0;
  return plan;
}

[[noreturn]] void BeMember(const std::string& path) {
  SayTo(path);
  Say("ready %d", getpid());
  EchoUntilDone(UntilTerm());
}

void AddChild(const std::string& path, void (*place)()) {
  if (ForkOrDie() == 0) {
    place();
    BeMember(path);
  }
}

}  // namespace

// main; `group`: a child in main's group; `session`: in a group of its own; `other`: in a session
// of its own; `orphan`: likewise, and adopted by the supervisor.
int Family(Arguments& arguments) {
  arguments.Allow({});
  const std::string folder(arguments.Word(0));
  BlockForEcho(UntilTerm());
  AddChild(folder + "/group", [] {});
  AddChild(folder + "/session", [] { setpgid(0, 0); });
  AddChild(folder + "/other", [] { setsid(); });
  long number = 0;
  if (ForkOrphans(1, &number)) {
    setsid();
    BeMember(folder + "/orphan");
  }
  BeMember(folder + "/main");
}

// `beside -- ROLE … ++ ROLE …`: the words up to `++` are the child's.
int Beside(Arguments& arguments) {
  char** first = arguments.Command();
  char** end = first;
  while (*end != nullptr && std::string_view(*end) != "++") {
    ++end;
  }
  if (*end == nullptr || end == first || end[1] == nullptr) {
    Die("beside: needs -- ROLE … ++ ROLE …");
  }
  *end = nullptr;
  if (ForkOrDie() == 0) {
    _exit(RunRole(first));
  }
  return RunRole(end + 1);
}

}  // namespace reaperd::roles
