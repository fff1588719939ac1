// A main that makes orphans as it is told, one command a line on standard input, and answers each
// with `done`:
//   dead NAME HOW [COUNT]    orphans that were dead before they came, with this name
//   die NAME HOW [COUNT]     orphans that end a moment after they came
//   live NAME [COUNT]        orphans that live until a signal ends them
//   run WORD…                an orphan that becomes this program
//   bring WORD…              one that becomes this program, and an orphan at the next line
//   fill NAME                live ones until a fork is refused
//   end HOW                  the end of main
// Each orphan is told by a line, `NAME PID`.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "arguments.h"
#include "common.h"
#include "roles.h"

namespace reaperd::roles {
namespace {

using Words = std::vector<std::string>;

long CountAt(const Words& words, std::size_t index) {
  return index < words.size() ? ParseNumber(words[index]) : 1;
}

// Forks a child that forks `count` grandchildren, tells of each, does `before_it_goes`, and ends.
// True in each grandchild, which is not an orphan yet; returns the pid of the one between.
bool Grandchildren(const std::string& name, long count, pid_t* middle,
                   void (*before_it_goes)(const std::vector<pid_t>&)) {
  *middle = ForkOrDie();
  if (*middle == 0) {
    // Inherited: a grandchild has its name before anybody can know of it.
    prctl(PR_SET_NAME, name.c_str());
    const pid_t parent = getpid();
    std::vector<pid_t> pids;
    for (long made = 0; made < count; ++made) {
      const pid_t pid = ForkOrDie();
      if (pid == 0) {
        *middle = parent;
        return true;
      }
      pids.push_back(pid);
      Say("%s %d", name.c_str(), pid);
    }
    before_it_goes(pids);
    _exit(0);
  }
  while (waitpid(*middle, nullptr, 0) < 0 && errno == EINTR) {
  }
  return false;
}

void WaitForZombies(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    siginfo_t info{};
    while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
  }
}

void WaitForNobody(const std::vector<pid_t>& /*pids*/) {}

void WaitToBeAdopted(pid_t middle) {
  while (getppid() == middle)
    SleepMilliseconds(1);
}

// All of them are zombies of the middle process when it goes.
void Dead(const std::string& name, const std::string& how, long count) {
  pid_t middle = 0;
  if (Grandchildren(name, count, &middle, WaitForZombies)) EndAs(how);
}

// In portions: those that wait to be adopted take processor time.
void Living(const std::string& name, const std::string& how, long count) {
  for (long left = count; left > 0; left -= 200) {
    pid_t middle = 0;
    if (!Grandchildren(name, left < 200 ? left : 200, &middle, WaitForNobody)) continue;
    WaitToBeAdopted(middle);
    EndAs(how);
  }
}

[[noreturn]] void Become(const Words& words) {
  std::vector<char*> command;
  for (std::size_t index = 1; index < words.size(); ++index)
    command.push_back(const_cast<char*>(words[index].c_str()));  // NOLINT: execvp's own type
  command.push_back(nullptr);
  ExecOrDie(command.data());
}

void Run(const Words& words) {
  pid_t middle = 0;
  if (!Grandchildren(words[1], 1, &middle, WaitForNobody)) return;
  WaitToBeAdopted(middle);
  Become(words);
}

// Children of main, so that it knows how many there are.
void Fill(const std::string& name) {
  long made = 0;
  for (;; ++made) {
    const pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) {
      prctl(PR_SET_NAME, name.c_str());
      SleepForEver();
    }
  }
  Say("filled %ld", made);
}

Words ReadLine() {
  Words words(1);
  for (;;) {
    char byte = 0;
    const ssize_t count = read(STDIN_FILENO, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) _exit(0);
    if (byte == '\n') return words;
    if (byte == ' ') {
      words.emplace_back();
    } else {
      words.back() += byte;
    }
  }
}

// The one between goes when it is told to: nobody adopts what is not that program yet.
void Bring(const Words& words) {
  pid_t middle = 0;
  if (Grandchildren(words[1], 1, &middle, [](const std::vector<pid_t>&) { ReadLine(); }))
    Become(words);
}

void Obey(const Words& words) {
  const std::string& order = words[0];
  if (order == "run") return Run(words);
  if (order == "bring") return Bring(words);
  if (words.size() < 2) Die("crew: '%s' needs a word", order.c_str());
  if (order == "end") EndAs(words[1]);
  if (order == "fill") return Fill(words[1]);
  if (order == "live") return Living(words[1], "sleep", CountAt(words, 2));
  if (words.size() < 3) Die("crew: '%s' needs two words", order.c_str());
  if (order == "dead") return Dead(words[1], words[2], CountAt(words, 3));
  if (order == "die") return Living(words[1], words[2], CountAt(words, 3));
  Die("crew: no '%s'", order.c_str());
}

}  // namespace

int Crew(Arguments& arguments) {
  arguments.Allow({"out"});
  Say("ready crew %d", getpid());
  for (;;) {
    Obey(ReadLine());
    Say("done");
  }
}

}  // namespace reaperd::roles
