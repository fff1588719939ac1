#include "reap/verdict.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <vector>

namespace reaperd::reap {
namespace {

using model::Cause;
using model::ExitStatus;
using model::SentSignal;
using model::SignalSender;
using model::Verdict;

constexpr Micros kDied_us = 100 * kSecond;

SentSignal Sent(int signal, SentSignal::Purpose purpose, Micros ago_us = 12 * kMillisecond) {
  return {.target = 214, .signal = signal, .purpose = purpose, .sent_us = kDied_us - ago_us};
}

VerdictFacts Facts(ExitStatus end) {
  return {.pid = 214, .end = end, .died_us = kDied_us};
}

VerdictFacts Killed(int signal, std::optional<SentSignal> sent = std::nullopt) {
  VerdictFacts facts = Facts(ExitStatus::Killed(signal));
  facts.sent = std::move(sent);
  return facts;
}

OomFacts Counter(std::uint64_t before, std::uint64_t after, std::uint32_t sigkills = 1) {
  return {.cgroup = "/svc/web", .before = before, .after = after, .sigkills = sigkills};
}

VerdictFacts KilledWith(OomFacts oom) {
  VerdictFacts facts = Killed(SIGKILL);
  facts.oom = std::move(oom);
  return facts;
}

VerdictFacts NamedByTheLog() {
  OomFacts oom = Counter(3, 3, 5);
  oom.kernel_log = "Killed process 214 (worker)";
  return KilledWith(std::move(oom));
}

VerdictFacts NotExecuted() {
  VerdictFacts facts = Facts(ExitStatus::Exited(127));
  facts.exec_failure = ExecFailure{"exec", ENOENT};
  return facts;
}

VerdictFacts ExitAfterTerm(int code) {
  VerdictFacts facts = Facts(ExitStatus::Exited(code));
  facts.sent = Sent(SIGTERM, SentSignal::Purpose::kForwarded, 3 * kSecond);
  return facts;
}

VerdictFacts Forwarded(SignalSender sender) {
  VerdictFacts facts = Killed(SIGTERM, Sent(SIGTERM, SentSignal::Purpose::kForwarded));
  facts.sent->sender = std::move(sender);
  return facts;
}

VerdictFacts Core(int signal) {
  return Facts(ExitStatus::Killed(signal, true));
}

struct Row {
  std::string what;
  VerdictFacts facts;
  Verdict verdict;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.what;
}

using Purpose = SentSignal::Purpose;

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows{
      {"success", Facts(ExitStatus::Exited(0)), {Cause::kSuccess, "exit code 0"}},
      {"exit", Facts(ExitStatus::Exited(3)), {Cause::kExitError, "exit code 3"}},
      {"exit after TERM",
       ExitAfterTerm(0),
       {Cause::kSuccess, "exit code 0; SIGTERM was forwarded 3s before"}},
      {"exit 143 after TERM",
       ExitAfterTerm(143),
       {Cause::kExitError, "exit code 143; SIGTERM was forwarded 3s before"}},
      {"exec", NotExecuted(), {Cause::kExecFailed, "exec failed: No such file or directory"}},
      {"a stranger's TERM", Killed(SIGTERM), {Cause::kSignal, "SIGTERM, not from us"}},
      {"forwarded, sender unknown",
       Killed(SIGTERM, Sent(SIGTERM, Purpose::kForwarded)),
       {Cause::kForwardedSignal, "SIGTERM forwarded 12ms before"}},
      {"forwarded for a process",
       Forwarded({.pid = 33, .uid = 1000, .comm = "sh"}),
       {Cause::kForwardedSignal,
        "SIGTERM forwarded 12ms before, received from pid 33 (sh, uid 1000)"}},
      {"forwarded for a nameless process",
       Forwarded({.pid = 33}),
       {Cause::kForwardedSignal, "SIGTERM forwarded 12ms before, received from pid 33 (uid 0)"}},
      {"forwarded for the runtime",
       Forwarded({.pid = 0, .uid = 0}),
       {Cause::kForwardedSignal,
        "SIGTERM forwarded 12ms before, received from outside our pid namespace (uid 0)"}},
      {"forwarded for the terminal",
       Forwarded({.kernel = true}),
       {Cause::kForwardedSignal, "SIGTERM forwarded 12ms before, received from the kernel"}},
      {"stopped",
       Killed(SIGTERM, Sent(SIGTERM, Purpose::kStop)),
       {Cause::kStopped, "our SIGTERM asked it to end 12ms before"}},
      {"escalated",
       Killed(SIGKILL, Sent(SIGKILL, Purpose::kEscalation)),
       {Cause::kEscalated, "our SIGKILL 12ms before, as it had not ended when asked"}},
      {"watchdog",
       Killed(SIGABRT, Sent(SIGABRT, Purpose::kWatchdog)),
       {Cause::kWatchdog, "our SIGABRT 12ms before, as it had stopped answering"}},
      {"another signal than ours",
       Killed(SIGHUP, Sent(SIGTERM, Purpose::kForwarded)),
       {Cause::kSignal, "SIGHUP, not from us; SIGTERM was forwarded 12ms before"}},
      {"a stranger's KILL after our TERM",
       Killed(SIGKILL, Sent(SIGTERM, Purpose::kStop)),
       {Cause::kUnknownSigkill,
        "SIGKILL, not from us, and nothing tells from whom; SIGTERM was sent to make it end 12ms "
        "before"}},
      {"kill -9",
       Killed(SIGKILL),
       {Cause::kUnknownSigkill, "SIGKILL, not from us, and nothing tells from whom"}},
      {"oom",
       KilledWith(Counter(3, 4)),
       {Cause::kOomKill,
        "memory.events oom_kill of /svc/web rose 3→4, the only SIGKILL since the last reading"}},
      {"oom by the log",
       NamedByTheLog(),
       {Cause::kOomKill, "the kernel log names pid 214: Killed process 214 (worker)"}},
      {"perhaps oom",
       KilledWith(Counter(3, 5, 4)),
       {Cause::kPossibleOom,
        "memory.events oom_kill of /svc/web rose 3→5, one of 4 SIGKILLs since the last "
        "reading"}},
      {"no oom",
       KilledWith(Counter(3, 3)),
       {Cause::kUnknownSigkill,
        "SIGKILL, not from us, and nothing tells from whom; memory.events oom_kill of /svc/web did "
        "not rise (3)"}},
      {"a new cgroup of that name",
       KilledWith(Counter(3, 1)),
       {Cause::kUnknownSigkill,
        "SIGKILL, not from us, and nothing tells from whom; memory.events oom_kill of /svc/web did "
        "not rise (1)"}},
      {"first reading",
       KilledWith({.cgroup = "/svc/web", .after = 4}),
       {Cause::kUnknownSigkill,
        "SIGKILL, not from us, and nothing tells from whom; memory.events oom_kill of /svc/web "
        "could not be compared"}},
      {"no cgroup",
       KilledWith({}),
       {Cause::kUnknownSigkill,
        "SIGKILL, not from us, and nothing tells from whom; no memory.events oom_kill could be "
        "read"}},
      {"seccomp",
       Core(SIGSYS),
       {Cause::kSeccomp, "SIGSYS, by which a seccomp filter ends who makes a forbidden call"}},
      {"core", Core(SIGSEGV), {Cause::kCoreDump, "SIGSEGV, and the kernel dumped a core"}},
      {"fault", Killed(SIGSEGV), {Cause::kSignal, "SIGSEGV, not from us"}},
  };
  return rows;
}

class JudgeTest : public ::testing::TestWithParam<Row> {};

TEST_P(JudgeTest, NamesTheCauseAndTheFact) {
  const Verdict verdict = Judge(GetParam().facts);
  EXPECT_EQ(model::kCauses.Name(verdict.cause), model::kCauses.Name(GetParam().verdict.cause));
  EXPECT_EQ(verdict.evidence, GetParam().verdict.evidence);
}
INSTANTIATE_TEST_SUITE_P(AllCauses, JudgeTest, ::testing::ValuesIn(Rows()));

TEST(Judge, HasARowForEveryCause) {
  for (const auto& cause : model::kCauses.rows) {
    EXPECT_TRUE(std::any_of(Rows().begin(), Rows().end(), [&](const Row& row) {
      return row.verdict.cause == cause.value;
    })) << cause.name;
  }
}

TEST(Judge, OurOwnSignalComesBeforeMemoryAndCore) {
  VerdictFacts killed = KilledWith(Counter(3, 4));
  killed.sent = Sent(SIGKILL, Purpose::kEscalation);
  EXPECT_EQ(Judge(killed).cause, Cause::kEscalated);
  VerdictFacts dumped = Core(SIGABRT);
  dumped.sent = Sent(SIGABRT, Purpose::kWatchdog);
  EXPECT_EQ(Judge(dumped).cause, Cause::kWatchdog);
}

TEST(Judge, MemoryExplainsOnlySigkill) {
  for (const int signal : {SIGTERM, SIGSEGV, SIGSYS}) {
    VerdictFacts facts = NamedByTheLog();
    facts.end = ExitStatus::Killed(signal);
    EXPECT_NE(Judge(facts).cause, Cause::kOomKill) << signal;
  }
  VerdictFacts facts = KilledWith(Counter(3, 4));
  facts.end = ExitStatus::Exited(137);
  EXPECT_EQ(Judge(facts).cause, Cause::kExitError);
}

TEST(Judge, ACounterWithoutACgroupProvesNothing) {
  OomFacts oom = Counter(3, 4);
  oom.cgroup.clear();
  EXPECT_EQ(Judge(KilledWith(oom)).cause, Cause::kUnknownSigkill);
}

TEST(Judge, WhoeverReadTheCounterMayKnowMoreThanTheCount) {
  OomFacts oom = Counter(3, 5, 2);
  oom.rise = OomFacts::Rise::kCertain;
  EXPECT_EQ(Judge(KilledWith(oom)),
            (Verdict{Cause::kOomKill,
                     "memory.events oom_kill of /svc/web rose 3→5, one of 2 SIGKILLs since the "
                     "last reading"}));
  oom = Counter(3, 4);
  oom.rise = OomFacts::Rise::kPossible;
  EXPECT_EQ(Judge(KilledWith(oom)),
            (Verdict{Cause::kPossibleOom,
                     "memory.events oom_kill of /svc/web rose 3→4, the only SIGKILL since the last "
                     "reading, but perhaps of an earlier death"}));
}

TEST(Judge, ASignalNumberIsNotAnExitCode) {
  VerdictFacts facts = Facts(ExitStatus::Exited(SIGTERM));
  facts.sent = Sent(SIGTERM, Purpose::kForwarded);
  EXPECT_EQ(Judge(facts).cause, Cause::kExitError);
}

TEST(Judge, AnExecFailureDoesNotExplainADeathBySignal) {
  VerdictFacts facts = NotExecuted();
  facts.end = ExitStatus::Killed(SIGHUP);
  EXPECT_EQ(Judge(facts).cause, Cause::kSignal);
}

TEST(Judge, EvidenceIsPrintableAndShortWhateverStrangersChose) {
  OomFacts oom = Counter(1, 2);
  oom.cgroup = std::string(5000, 'a') + "\x1b[2J\n/é\xff";
  const std::string evidence = Judge(KilledWith(oom)).evidence;
  EXPECT_LT(evidence.size(), 400U);
  EXPECT_NE(evidence.find("\\x1b[2J\\x0a/é\\xff rose"), std::string::npos) << evidence;
  oom.kernel_log = std::string(200, '\n');
  EXPECT_EQ(Judge(KilledWith(oom)).evidence.find('\n'), std::string::npos);
  const std::string sender = Judge(Forwarded({.pid = 3, .comm = "a\nb\\"})).evidence;
  EXPECT_NE(sender.find("(a\\x0ab\\\\, uid 0)"), std::string::npos) << sender;
}

TEST(Judge, DoesNotCutACharacterInTwo) {
  std::string cgroup = "/";
  for (int i = 0; i < 200; ++i)
    cgroup += "é";
  for (int i = 0; i < 2; ++i) {
    OomFacts oom = Counter(1, 2);
    oom.cgroup = cgroup;
    EXPECT_EQ(Judge(KilledWith(oom)).evidence.find("\\x"), std::string::npos);
    cgroup += "x";
  }
}

}  // namespace
}  // namespace reaperd::reap
