// Orphans that live for a while, and families that die at one moment.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

#include "arguments.h"
#include "common.h"
#include "roles.h"

namespace reaperd::roles {
namespace {

// A pipe whose write end only the first holder keeps: all readers wake at the same moment when it
// closes, which is how a test makes many processes die at once.
struct StartGate {
  int read_end = -1;
  int write_end = -1;

  static StartGate Make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      DieOfErrno("pipe2");
    }
    return {ends[0], ends[1]};
  }

  void WaitHere() const {
    close(write_end);
    WaitForEof(read_end);
  }

  void Open() const {
    close(read_end);
    close(write_end);
  }
};

// Waits until `count` bytes have arrived: one from each process that is in its place.
void CollectBytes(int descriptor, long count) {
  char bytes[512];
  while (count > 0) {
    const ssize_t got = read(descriptor, bytes, sizeof bytes);
    if (got > 0) {
      count -= got;
    } else if (got == 0 || errno != EINTR) {
      Die("reaperd_roles: %ld processes never came to their place", count);
    }
  }
}

void SendByte(int descriptor) {
  const char byte = '.';
  if (write(descriptor, &byte, 1) != 1) {
    DieOfErrno("write");
  }
}

}  // namespace

int Orphans(Arguments& arguments) {
  arguments.Allow({"orphan-end", "setsid", "out", "end"});
  const long count = arguments.Number(0);
  const StartGate placed = StartGate::Make();
  long number = 0;
  if (ForkOrphans(count, &number)) {
    if (arguments.Has("setsid")) {
      setsid();
    }
    Say("orphan %d", getpid());
    SendByte(placed.write_end);
    placed.Open();
    EndAs(arguments.Option("orphan-end", "exit:0"));
  }
  CollectBytes(placed.read_end, count);
  placed.Open();
  Say("ready orphans %ld", count);
  Continue(arguments, "exit:0");
}

int LiveOrphans(Arguments& arguments) {
  arguments.Allow({"out", "end"});
  const long count = arguments.Number(0);
  long number = 0;
  // In portions, so that a namespace short of pids is met by ForkOrDie's patience and not by a
  // single parent that fails half way.
  for (long made = 0; made < count;) {
    const long portion = count - made < 500 ? count - made : 500;
    if (ForkOrphans(portion, &number)) {
      WaitForEof(STDIN_FILENO);
      _exit(0);
    }
    made += portion;
  }
  Say("ready live-orphans %ld", count);
  Continue(arguments, "sleep");
}

int DieTogether(Arguments& arguments) {
  arguments.Allow({"by", "out", "end"});
  const long pairs = arguments.Number(0);
  const std::string_view by = arguments.Option("by", "exit");
  const StartGate gate = StartGate::Make();
  const StartGate placed = StartGate::Make();
  long number = 0;
  pid_t group = 0;
  int group_pipe[2];
  if (pipe2(group_pipe, O_CLOEXEC) != 0) {
    DieOfErrno("pipe2");
  }
  if (ForkOrphans(1, &number)) {
    // The first orphan leads the group that `--by=kill` ends with one kill(2).
    setpgid(0, 0);
    const pid_t own = getpid();
    if (write(group_pipe[1], &own, sizeof own) != static_cast<ssize_t>(sizeof own)) {
      DieOfErrno("write");
    }
    gate.WaitHere();
    _exit(0);
  }
  if (read(group_pipe[0], &group, sizeof group) != static_cast<ssize_t>(sizeof group)) {
    DieOfErrno("read");
  }
  if (ForkOrphans(pairs, &number)) {
    setpgid(0, group);
    const bool is_child = ForkOrDie() == 0;
    SendByte(placed.write_end);
    gate.WaitHere();
    _exit(is_child ? 11 : 12);
  }
  CollectBytes(placed.read_end, 2 * pairs);
  Say("ready die-together %ld", pairs);
  if (by == "kill") {
    kill(-group, SIGKILL);
  }
  gate.Open();
  Continue(arguments, "exit:0");
}

}  // namespace reaperd::roles
