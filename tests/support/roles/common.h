// What several roles share: saying a line, dying with a reason, forking, and the ways in which a
// process can end. Nothing here allocates after a fork that the caller could not repeat.
#pragma once

#include <sys/types.h>
#include <string_view>

namespace reaperd::roles {

class Arguments;

// Writes one line (a newline is added) with one write(2) to the output descriptor: stdout, or the
// file that `--out` named. Lines of several processes never mix.
void Say(const char* format, ...) __attribute__((format(printf, 1, 2)));
// Sends the lines of this process, and of those it forks later, to the end of a file, which is
// opened at the first line.
void SayTo(std::string_view path);

// Status 2 and a line on stderr: the test is wrong or the machine cannot do what it asks.
[[noreturn]] void Die(const char* format, ...) __attribute__((format(printf, 1, 2)));
// The same, with the text of errno.
[[noreturn]] void DieOfErrno(const char* what);

// fork(2) that cannot fail quietly: on EAGAIN it tries again for two seconds, since a namespace
// that is short of pid numbers gets them back as the supervisor reaps.
pid_t ForkOrDie();

// Forks a child that forks `count` grandchildren and ends at once; the grandchildren are orphans
// when this returns. Returns true in each grandchild (with its number), false in the caller.
bool ForkOrphans(long count, long* number);

// How a process ends: `exit:N`, `signal:NAME`, `sleep` (for ever), `eof` or `eof:N` (a
// line and exit when stdin closes), `after:MS` (exit 0 then), `stop` (stops itself; exit 0 when
// continued).
[[noreturn]] void EndAs(std::string_view how);
[[noreturn]] void KillSelfWith(int signal);
[[noreturn]] void SleepForEver();
void WaitForEof(int descriptor);
void SleepMilliseconds(long milliseconds);
long long MonotonicNanoseconds();

// Replaces this process; a failed exec ends it with 126 or 127 and a line.
[[noreturn]] void ExecOrDie(char** command);
// A path that runs this very program again, also without /proc.
const char* OwnPath();

// The rest of a role that has done its work: the command after `--`, or the end that `--end`
// names, or `fallback`.
[[noreturn]] void Continue(const Arguments& arguments, std::string_view fallback);

}  // namespace reaperd::roles
