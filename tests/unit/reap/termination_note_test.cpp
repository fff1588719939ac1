#include "reap/termination_note.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace reaperd::reap {
namespace {

using model::Cause;
using model::DeathRecord;
using model::ExitStatus;

DeathRecord Main() {
  DeathRecord record;
  record.seq = 20;
  record.pid = 7;
  record.role = model::Role::kMain;
  record.service = "main";
  record.comm = "nginx";
  record.started_us = 100 * kSecond;
  record.died_us = 112 * kSecond;
  record.end = ExitStatus::Exited(1);
  record.verdict = {Cause::kExitError, "exit code 1"};
  return record;
}

DeathRecord Worker() {
  DeathRecord record;
  record.seq = 19;
  record.pid = 214;
  record.comm = "worker";
  record.died_us = 109 * kSecond;
  record.end = ExitStatus::Killed(SIGKILL);
  record.verdict = {Cause::kOomKill, "the counter rose"};
  return record;
}

TEST(TerminationNote, TellsOfMainAndOfTheDeathBefore) {
  const DeathRecord worker = Worker();
  EXPECT_EQ(TerminationNote(Main(), &worker),
            "main nginx (pid 7) exit 1 after 12s; before it: worker 214 SIGKILL (oom-kill) 3s "
            "earlier");
}

TEST(TerminationNote, TellsOfMainAlone) {
  EXPECT_EQ(TerminationNote(Main(), nullptr), "main nginx (pid 7) exit 1 after 12s");
}

TEST(TerminationNote, SaysTheCauseWhereItSaysMore) {
  struct Row {
    ExitStatus end;
    Cause cause;
    const char* text;
  };
  for (const Row& row :
       {Row{ExitStatus::Killed(SIGKILL), Cause::kOomKill, "SIGKILL (oom-kill)"},
        Row{ExitStatus::Killed(SIGTERM), Cause::kForwardedSignal, "SIGTERM (forwarded-signal)"},
        Row{ExitStatus::Killed(SIGSEGV, true), Cause::kCoreDump, "SIGSEGV (core dumped)"},
        Row{ExitStatus::Killed(SIGSEGV), Cause::kSignal, "SIGSEGV"},
        Row{ExitStatus::Exited(127), Cause::kExecFailed, "exit 127 (exec-failed)"}}) {
    DeathRecord main = Main();
    main.end = row.end;
    main.verdict.cause = row.cause;
    EXPECT_EQ(TerminationNote(main, nullptr),
              "main nginx (pid 7) " + std::string(row.text) + " after 12s");
  }
}

TEST(TerminationNote, LeavesOutWhatIsNotKnown) {
  DeathRecord main = Main();
  main.comm.clear();
  main.service.clear();
  main.started_us.reset();
  DeathRecord worker = Worker();
  worker.comm.clear();
  EXPECT_EQ(TerminationNote(main, &worker),
            "main (pid 7) exit 1; before it: pid 214 SIGKILL (oom-kill) 3s earlier");
  model::Shadow shadow;
  shadow.comm = "httpd";
  main.shadow = std::make_shared<const model::Shadow>(shadow);
  EXPECT_EQ(TerminationNote(main, nullptr), "main httpd (pid 7) exit 1");
}

TEST(TerminationNote, IsPrintableWhateverStrangersChose) {
  DeathRecord main = Main();
  main.comm = "a\n\x1b[2J";
  DeathRecord worker = Worker();
  worker.comm = "w\xff";
  EXPECT_EQ(TerminationNote(main, &worker),
            "main a\\x0a\\x1b[2J (pid 7) exit 1 after 12s; before it: w\\xff 214 SIGKILL "
            "(oom-kill) 3s earlier");
}

TEST(TerminationNote, IsCutBetweenCharacters) {
  DeathRecord main = Main();
  for (int i = 0; i < 1000; ++i)
    main.service += "é";
  for (int i = 0; i < 2; ++i) {
    const std::string note = TerminationNote(main, nullptr);
    EXPECT_LE(note.size(), kTerminationNoteBytes);
    EXPECT_GE(note.size(), kTerminationNoteBytes - 1);
    EXPECT_EQ(note.substr(note.size() - 2), "é");
    main.service.insert(0, "x");
  }
}

TEST(MayHaveLedTo, AnAbnormalDeathInTheMinuteBefore) {
  const DeathRecord main = Main();
  EXPECT_TRUE(MayHaveLedTo(Worker(), main));
  DeathRecord old = Worker();
  old.died_us = main.died_us - 60 * kSecond;
  EXPECT_TRUE(MayHaveLedTo(old, main));
  old.died_us -= 1;
  EXPECT_FALSE(MayHaveLedTo(old, main));
}

TEST(MayHaveLedTo, NothingOrdinaryNothingOursNothingLater) {
  const DeathRecord main = Main();
  for (const Cause cause : {Cause::kSuccess, Cause::kStopped, Cause::kForwardedSignal}) {
    DeathRecord other = Worker();
    other.verdict.cause = cause;
    EXPECT_FALSE(MayHaveLedTo(other, main)) << model::kCauses.Name(cause);
  }
  for (const model::Role role : {model::Role::kHook, model::Role::kHelper}) {
    DeathRecord other = Worker();
    other.role = role;
    EXPECT_FALSE(MayHaveLedTo(other, main)) << model::kRoles.Name(role);
  }
  DeathRecord later = Worker();
  later.seq = 21;
  EXPECT_FALSE(MayHaveLedTo(later, main));
  EXPECT_FALSE(MayHaveLedTo(main, main));
}

}  // namespace
}  // namespace reaperd::reap
