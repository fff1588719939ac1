#include "model/exit_status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

#include "model/run_spec.h"

namespace reaperd::model {
namespace {

using ExecFailure = ExitPolicy::ExecFailure;

TEST(ExitStatus, IsWhatAShellWouldCallIt) {
  for (int code = 0; code < 256; ++code)
    EXPECT_EQ(ExitStatus::Exited(code).ShellCode(), code);
  for (int signal = 1; signal < kSignalLimit; ++signal) {
    EXPECT_EQ(ExitStatus::Killed(signal).ShellCode(), 128 + signal);
  }
}

TEST(ExitStatus, OnlyExitZeroIsSuccess) {
  EXPECT_TRUE(ExitStatus::Exited(0).success());
  EXPECT_FALSE(ExitStatus::Exited(1).success());
  EXPECT_FALSE(ExitStatus::Killed(0).success());
  EXPECT_FALSE(ExitStatus::Killed(SIGTERM).success());
}

TEST(ExitStatus, ComparesHowAndCoreToo) {
  EXPECT_EQ(ExitStatus::Exited(9), ExitStatus::Exited(9));
  EXPECT_NE(ExitStatus::Exited(9), ExitStatus::Killed(9));
  EXPECT_NE(ExitStatus::Killed(11), ExitStatus::Killed(11, true));
}

TEST(ExitStatus, IsDescribedInWords) {
  EXPECT_EQ(Describe(ExitStatus::Exited(0)), "exit 0");
  EXPECT_EQ(Describe(ExitStatus::Exited(255)), "exit 255");
  EXPECT_EQ(Describe(ExitStatus::Killed(SIGKILL)), "SIGKILL");
  EXPECT_EQ(Describe(ExitStatus::Killed(SIGSEGV, true)), "SIGSEGV (core dumped)");
  EXPECT_EQ(Describe(ExitStatus::Killed(SIGRTMIN + 2)), "SIGRTMIN+2");
}

struct ExecRow {
  ExecFailure policy;
  int code;
  bool found;
  int status;
};

class ExecFailureStatusTest : public ::testing::TestWithParam<ExecRow> {};

TEST_P(ExecFailureStatusTest, IsThatOfTheProgram) {
  const ExecRow& row = GetParam();
  EXPECT_EQ(ExecFailureStatus(row.policy, row.code, row.found), row.status) << row.code;
}

INSTANTIATE_TEST_SUITE_P(Ours, ExecFailureStatusTest,
                         ::testing::Values(ExecRow{ExecFailure::kReaperd, ENOENT, false, 127},
                                           ExecRow{ExecFailure::kReaperd, ENOTDIR, false, 127},
                                           ExecRow{ExecFailure::kReaperd, ENOENT, true,
                                                   126},  // its interpreter
                                           ExecRow{ExecFailure::kReaperd, EACCES, false, 126},
                                           ExecRow{ExecFailure::kReaperd, EISDIR, false, 126},
                                           ExecRow{ExecFailure::kReaperd, ENOEXEC, true, 126},
                                           ExecRow{ExecFailure::kReaperd, ELOOP, false, 126},
                                           ExecRow{ExecFailure::kReaperd, E2BIG, true, 126}));

INSTANTIATE_TEST_SUITE_P(Theirs, ExecFailureStatusTest,
                         ::testing::Values(ExecRow{ExecFailure::kTini, ENOENT, false, 127},
                                           ExecRow{ExecFailure::kTini, EACCES, false, 126},
                                           ExecRow{ExecFailure::kTini, ENOEXEC, false, 1},
                                           ExecRow{ExecFailure::kTini, ENOTDIR, false, 1},
                                           ExecRow{ExecFailure::kDumbInit, ENOENT, false, 2},
                                           ExecRow{ExecFailure::kDumbInit, EACCES, false, 2},
                                           ExecRow{ExecFailure::kCatatonit, ENOENT, false, 1},
                                           ExecRow{ExecFailure::kCatatonit, EACCES, false, 1}));

TEST(ExecFailureStatus, WhatIsScarceIsOurFailureAndNotTheCommands) {
  for (const int code : {EAGAIN, ENOMEM, EMFILE, ENFILE}) {
    EXPECT_EQ(ExecFailureStatus(ExecFailure::kReaperd, code), std::nullopt) << code;
    EXPECT_EQ(ExecFailureStatus(ExecFailure::kTini, code), 1) << code;
  }
}

TEST(MapStatus, LeavesWhatIsNotMapped) {
  const ExitPolicy policy;
  for (int code = 0; code < 256; ++code)
    EXPECT_EQ(MapStatus(policy, code), code);
}

TEST(MapStatus, TheLastRowForACodeCountsAndRowsDoNotChain) {
  ExitPolicy policy;
  policy.map = {{143, 0}, {1, 2}, {2, 3}, {143, 7}};
  EXPECT_EQ(MapStatus(policy, 143), 7);
  EXPECT_EQ(MapStatus(policy, 1), 2);
  EXPECT_EQ(MapStatus(policy, 2), 3);
  EXPECT_EQ(MapStatus(policy, 0), 0);
}

TEST(SignalPolicy, ForwardsEverySignalAsItself) {
  const SignalPolicy policy;
  for (int signal = 0; signal < kSignalLimit; ++signal) {
    EXPECT_EQ(policy.rewrite.at(static_cast<std::size_t>(signal)), signal);
    EXPECT_FALSE(policy.swallow.at(static_cast<std::size_t>(signal)));
  }
}

}  // namespace
}  // namespace reaperd::model
