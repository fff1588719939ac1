#include "daemon/signal_actions.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <set>

#include "daemon/options.h"
#include "personality/parse_helper.h"

namespace reaperd::daemon {
namespace {

using model::RunSpec;

RunSpec SpecOf(const Texts& argv) {
  return Parse(ParseOwnCommandLine, argv).spec;
}

bool Is(const SignalPlan& plan, SignalAction action, int sent) {
  return plan.action == action && plan.sent == sent;
}

const std::set<int> kFaults{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

TEST(PlanSignal, HasAnAnswerForEverySignalByDefault) {
  const RunSpec spec = SpecOf({"reaperd", "prog"});
  for (int signal = 1; signal < model::kSignalLimit; ++signal) {
    if (signal == 32 || signal == 33) continue;  // the C library's own
    const SignalPlan plan = PlanSignal(signal, spec, true);
    if (signal == SIGCHLD) {
      EXPECT_TRUE(Is(plan, SignalAction::kReap, 0));
    } else if (signal == SIGKILL || signal == SIGSTOP || kFaults.contains(signal)) {
      EXPECT_TRUE(Is(plan, SignalAction::kUntouched, 0)) << signal;
    } else if (signal == SIGRTMIN + 3) {
      EXPECT_TRUE(Is(plan, SignalAction::kStop, SIGTERM));
    } else if (signal == SIGTERM || signal == SIGINT || signal == SIGQUIT || signal == SIGPWR) {
      EXPECT_TRUE(Is(plan, SignalAction::kStop, signal)) << signal;
    } else {
      EXPECT_TRUE(Is(plan, SignalAction::kForward, signal)) << signal;
    }
  }
}

TEST(PlanSignal, ContinueIsJobControlUnlessPid1) {
  const RunSpec spec = SpecOf({"reaperd", "prog"});
  EXPECT_TRUE(Is(PlanSignal(SIGCONT, spec, false), SignalAction::kContinue, SIGCONT));
  EXPECT_TRUE(Is(PlanSignal(SIGCONT, spec, true), SignalAction::kForward, SIGCONT));
}

TEST(PlanSignal, ARewriteChangesWhatIsSentNotWhatItMeans) {
  const RunSpec spec =
      SpecOf({"reaperd", "--rewrite=TERM=QUIT", "--rewrite=HUP=none", "--rewrite=USR1=TERM",
              "--rewrite=INT=none", "--rewrite=CONT=USR2", "prog"});
  EXPECT_TRUE(Is(PlanSignal(SIGTERM, spec, true), SignalAction::kStop, SIGQUIT));
  EXPECT_TRUE(Is(PlanSignal(SIGHUP, spec, true), SignalAction::kDrop, 0));
  EXPECT_TRUE(Is(PlanSignal(SIGUSR1, spec, true), SignalAction::kForward, SIGTERM))
      << "what was received decides whether it is a stop";
  EXPECT_TRUE(Is(PlanSignal(SIGINT, spec, true), SignalAction::kStop, 0)) << "a silent stop";
  EXPECT_TRUE(Is(PlanSignal(SIGCONT, spec, false), SignalAction::kForward, SIGUSR2));
}

TEST(PlanSignal, StopSignalsAreThoseThatWereNamed) {
  const RunSpec spec = SpecOf({"reaperd", "--stop-signal=USR1", "prog"});
  EXPECT_TRUE(Is(PlanSignal(SIGUSR1, spec, true), SignalAction::kStop, SIGUSR1));
  EXPECT_TRUE(Is(PlanSignal(SIGTERM, spec, true), SignalAction::kForward, SIGTERM));
}

TEST(PlanSignal, WhatIsSwallowedGoesNowhere) {
  RunSpec spec = SpecOf({"reaperd", "prog"});
  spec.signals.swallow[SIGTTIN] = true;
  spec.signals.swallow[SIGTERM] = true;
  EXPECT_TRUE(Is(PlanSignal(SIGTTIN, spec, true), SignalAction::kDrop, 0));
  EXPECT_TRUE(Is(PlanSignal(SIGTERM, spec, true), SignalAction::kStop, 0));
}

TEST(PlanSignal, FaultsAreForwardedWhereTheyAreTaken) {
  RunSpec spec = SpecOf({"reaperd", "prog"});
  spec.signals.forward_faults = true;
  for (const int signal : kFaults) {
    EXPECT_TRUE(Is(PlanSignal(signal, spec, true), SignalAction::kForward, signal)) << signal;
  }
  EXPECT_TRUE(Is(PlanSignal(SIGKILL, spec, true), SignalAction::kUntouched, 0));
}

TEST(Describe, HasATextOfItsOwnForEachAction) {
  std::set<std::string> texts;
  for (int action = 0; action <= static_cast<int>(SignalAction::kUntouched); ++action) {
    texts.insert(Describe(static_cast<SignalAction>(action)));
  }
  EXPECT_EQ(texts.size(), 6U);
  EXPECT_FALSE(texts.contains("?"));
}

}  // namespace
}  // namespace reaperd::daemon
