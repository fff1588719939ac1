// Leases through the control plane of a Daemon with real children, and who is meant by a pid.
#include "control_bed.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "sys/pidfd.h"

namespace reaperd::daemon {
namespace {

using model::ReleaseReason;
using test::ExpectInChild;

constexpr Micros kShort = 100 * kMillisecond;
constexpr Micros kLong = 60 * kSecond;

// --- leases

TEST(ControlLease, ALeaseOnALivingOneHoldsItFromItsDeathForTheTime) {
  WithControl({}, [](ControlBed& bed) {
    WaitingChild child;
    const std::string id = bed.IdOf(child.pid());
    const auto answer = bed.Lease({.pid = child.pid(), .id = id, .client = 1, .for_us = kShort});
    ASSERT_EQ(CodeOf(answer), 0);
    EXPECT_FALSE(answer->lease.held);
    EXPECT_EQ(answer->lease.until_us, std::nullopt);
    EXPECT_EQ(answer->id, id);
    EXPECT_FALSE(answer->pidfd);
    EXPECT_EQ(bed.control().ListHoldRules().leases, 1U);
    child.Die();
    ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
    EXPECT_EQ(test::StateOf(child.pid()), 'Z');
    const auto hold = bed.FindHeld(child.pid());
    EXPECT_EQ(hold->rule, "lease");
    EXPECT_EQ(hold->record->id, id);
    EXPECT_GE(hold->until_us.value_or(0), hold->record->died_us + kShort);
    ASSERT_TRUE(bed.RunUntilReaped(child.pid()));
    EXPECT_EQ(bed.ReasonOf(child.pid()), ReleaseReason::kLeaseEnd);
    EXPECT_GE(hold->record->held_us(), kShort);
    EXPECT_EQ(bed.control().ListHoldRules().leases, 0U);
  });
}

TEST(ControlLease, ALeaseOnOneThatIsHeldMakesItLongerAndNotShorter) {
  WithControl({"--hold=cause=abnormal,for=1s,name=crashes"}, [](ControlBed& bed) {
    WaitingChild child;
    child.Die();
    ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
    const auto before = bed.FindHeld(child.pid());
    EXPECT_EQ(before->rule, "crashes");
    const std::string id = before->record->id;
    auto answer = bed.Lease({.pid = child.pid(), .id = id, .client = 1, .for_us = 1});
    ASSERT_EQ(CodeOf(answer), 0);
    EXPECT_TRUE(answer->lease.held);
    EXPECT_EQ(answer->lease.until_us, before->until_us);
    answer = bed.Lease({.pid = child.pid(), .id = id, .client = 1, .for_us = 5 * kSecond});
    ASSERT_EQ(CodeOf(answer), 0);
    EXPECT_GE(answer->lease.until_us.value_or(0), before->since_us + 5 * kSecond);
    ASSERT_TRUE(bed.RunUntil([&] { return bed.FindHeld(child.pid())->rule == "lease"; }));
    EXPECT_FALSE(bed.Reaped(child.pid()));
    const auto released =
        bed.control().Release(model::ReleaseProcess{.pid = child.pid(), .id = id});
    ASSERT_EQ(CodeOf(released), 0);
    EXPECT_EQ(released->released, 1U);
    ASSERT_TRUE(bed.RunUntilReaped(child.pid()));
    EXPECT_EQ(bed.ReasonOf(child.pid()), ReleaseReason::kRequest);
  });
}

TEST(ControlLease, ALeaseOnOneThatNobodyHasLookedAtHoldsIt) {
  WithControl({}, [](ControlBed& bed) {
    WaitingChild child;
    const auto answer = bed.Lease({.pid = child.pid(), .id = IdByStart(child.pid()), .client = 1});
    ASSERT_EQ(CodeOf(answer), 0);
    EXPECT_FALSE(answer->id.empty());
    EXPECT_EQ(bed.FindProcess(child.pid())->id, answer->id);
    child.Die();
    ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
    EXPECT_EQ(bed.FindHeld(child.pid())->record->id, answer->id);
    EXPECT_EQ(bed.FindProcess(child.pid())->state, model::ProcessState::kHeld);
  });
}

TEST(ControlLease, ALeaseOnOneWhoseDeathWasNotSeenYetHoldsIt) {
  WithControl({}, [](ControlBed& bed) {
    for (const bool known : {false, true}) {
      WaitingChild child;
      const std::string id = known ? bed.IdOf(child.pid()) : IdByStart(child.pid());
      child.Die();
      ASSERT_EQ(CodeOf(bed.Lease({.pid = child.pid(), .id = id, .client = 1})), 0);
      ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
      ASSERT_EQ(CodeOf(bed.control().Release(model::ReleaseProcess{child.pid(), id})), 0);
      ASSERT_TRUE(bed.RunUntilReaped(child.pid()));
    }
  });
}

TEST(ControlLease, AReleaseEndsTheLeaseOnALivingOne) {
  WithControl({}, [](ControlBed& bed) {
    WaitingChild child;
    const std::string id = bed.IdOf(child.pid());
    ASSERT_EQ(CodeOf(bed.Lease({.pid = child.pid(), .id = id, .client = 1})), 0);
    const auto released = bed.control().Release(model::ReleaseProcess{child.pid(), id});
    ASSERT_EQ(CodeOf(released), 0);
    EXPECT_EQ(released->released, 0U);
    EXPECT_EQ(CodeOf(bed.control().Release(model::ReleaseProcess{child.pid(), id})), ESRCH)
        << "there is none any more";
    child.Die();
    ASSERT_TRUE(bed.RunUntilReaped(child.pid()));
    EXPECT_TRUE(bed.bed.observer.held.empty());
  });
}

TEST(ControlLease, AClientsGoingEndsItsLeasesThatAreTiedToIt) {
  WithControl({}, [](ControlBed& bed) {
    WaitingChild dead;
    WaitingChild alive;
    WaitingChild untied;
    WaitingChild of_another;
    const auto lease = [&](const WaitingChild& child, model::ClientId client, bool tied) {
      const auto answer =
          bed.Lease({.pid = child.pid(), .client = client, .until_disconnect = tied});
      EXPECT_EQ(CodeOf(answer), 0);
    };
    lease(dead, 1, true);
    lease(alive, 1, true);
    lease(untied, 1, false);
    lease(of_another, 2, true);
    dead.Die();
    untied.Die();
    of_another.Die();
    for (const WaitingChild* const child : {&dead, &untied, &of_another})
      ASSERT_TRUE(bed.RunUntilHeld(child->pid()));
    bed.control().OnClientGone(1);
    ASSERT_TRUE(bed.RunUntilReaped(dead.pid()));
    EXPECT_EQ(bed.ReasonOf(dead.pid()), ReleaseReason::kLeaseEnd);
    alive.Die();
    ASSERT_TRUE(bed.RunUntilReaped(alive.pid()));
    EXPECT_EQ(bed.ReasonOf(alive.pid()), std::nullopt) << "it was never held";
    EXPECT_EQ(bed.control().ListHeld().size(), 2U);
  });
}

TEST(ControlLease, ALeaseBringsAPidfdIfOneIsWanted) {
  WithControl({}, [](ControlBed& bed) {
    WaitingChild child;
    const auto answer = bed.control().Hold({.pid = child.pid(), .client = 1, .for_us = kLong},
                                           model::WantPidfd::kYes);
    ASSERT_EQ(CodeOf(answer), 0);
    ASSERT_TRUE(answer->pidfd);
    EXPECT_NE(fcntl(answer->pidfd.get(), F_GETFD) & FD_CLOEXEC, 0);
    const std::uint64_t inode = sys::PidfsInode(answer->pidfd.get());
    if (inode != 0) {
      EXPECT_EQ(answer->id, "i" + std::to_string(inode));
    }
    pollfd poll_fd{.fd = answer->pidfd.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&poll_fd, 1, 0), 0);
    child.Die();
    ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
    EXPECT_EQ(poll(&poll_fd, 1, 0), 1);
    const auto again =
        bed.control().Hold({.pid = child.pid(), .client = 1}, model::WantPidfd::kYes);
    ASSERT_EQ(CodeOf(again), 0);
    EXPECT_TRUE(again->lease.held);
    EXPECT_EQ(sys::PidfsInode(again->pidfd.get()), inode);
  });
}

TEST(ControlLease, APidfdTellsOfADeathThatNoSignalDoes) {
  WithControl({}, [](ControlBed& bed) {
    WaitingChild child;
    ASSERT_EQ(CodeOf(bed.Lease({.pid = child.pid(), .client = 1})), 0);
    bed.Discover();  // and whatever else the lease made due
    bed.bed.ops.Fail({.call = test::Call::kRead, .code = EAGAIN});  // the signalfd says nothing
    child.Die();
    EXPECT_TRUE(bed.RunUntilHeld(child.pid()));
    bed.bed.ops.Heal();
  });
}

TEST(ControlLease, MainIsHeldByALeaseAndTheRunEndsWithItsRelease) {
  ExpectInChild([] {
    ControlBed bed;
    EXPECT_EQ(bed.Run({},
                      [&] {
                        ASSERT_EQ(
                            CodeOf(bed.Lease(
                                {.pid = bed.main(), .id = bed.IdOf(bed.main()), .client = 1})),
                            0);
                        kill(bed.main(), SIGSEGV);
                        ASSERT_TRUE(bed.RunUntilHeld(bed.main()));
                        WaitingChild other;
                        other.Die();
                        EXPECT_TRUE(bed.RunUntilReaped(other.pid())) << "the others go on";
                        ASSERT_EQ(CodeOf(bed.control().Release(model::ReleaseAll{})), 0);
                        EXPECT_TRUE(bed.RunUntilReaped(bed.main()));
                        EXPECT_EQ(CodeOf(bed.Lease({.pid = other.pid(), .client = 1})), ESHUTDOWN);
                      }),
              139);
  });
}

// --- who is meant

TEST(ControlLease, BothFormsOfAnIdNameTheProcess) {
  WithControl({}, [](ControlBed& bed) {
    WaitingChild child;
    const UniqueFd pidfd = sys::OpenPidfd(child.pid());
    const std::uint64_t inode = pidfd ? sys::PidfsInode(pidfd.get()) : 0;
    const std::string own = bed.IdOf(child.pid());
    EXPECT_EQ(own, inode != 0 ? "i" + std::to_string(inode) : IdByStart(child.pid()));
    const auto expect_named = [&] {
      EXPECT_EQ(CodeOf(bed.Lease({.pid = child.pid(), .id = IdByStart(child.pid()), .client = 1})),
                0);
      EXPECT_EQ(CodeOf(bed.Lease({.pid = child.pid(), .id = own, .client = 1})), 0);
      const std::string other = "s" + std::to_string(child.pid()) + ":1";
      for (const std::string& wrong : {other, std::string("i1"), IdByStart(bed.main())}) {
        const auto refused = bed.Lease({.pid = child.pid(), .id = wrong, .client = 1});
        EXPECT_EQ(CodeOf(refused), ESRCH) << wrong;
        EXPECT_EQ(CodeOf(bed.control().Release(model::ReleaseProcess{child.pid(), wrong})), ESRCH);
      }
    };
    expect_named();
    child.Die();
    ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
    expect_named();
    EXPECT_EQ(
        CodeOf(bed.control().Release(model::ReleaseProcess{child.pid(), IdByStart(child.pid())})),
        0);
    EXPECT_TRUE(bed.RunUntilReaped(child.pid()));
  });
}

TEST(ControlLease, WhoIsNoChildOrMakesNoSenseIsRefused) {
  WithControl({"--death-log=/dev/null"}, [](ControlBed& bed) {
    WaitingChild gone;
    gone.Die();
    ASSERT_TRUE(bed.RunUntilReaped(gone.pid()));
    for (const pid_t pid : {gone.pid(), getpid(), getppid()}) {
      EXPECT_EQ(CodeOf(bed.Lease({.pid = pid, .client = 1})), ESRCH) << pid;
      EXPECT_EQ(CodeOf(bed.control().Release(model::ReleaseProcess{pid, ""})), ESRCH) << pid;
    }
    WaitingChild child;
    EXPECT_EQ(CodeOf(bed.Lease({.pid = 0, .client = 1})), EINVAL);
    EXPECT_EQ(CodeOf(bed.Lease({.pid = -1, .client = 1})), EINVAL);
    EXPECT_EQ(CodeOf(bed.Lease({.pid = child.pid(), .client = 1, .for_us = 0})), EINVAL);
    for (const char* const id : {"x1", "i", "i0", "s1", "s1:", "i1 "}) {
      EXPECT_EQ(CodeOf(bed.Lease({.pid = child.pid(), .id = id, .client = 1})), EINVAL) << id;
    }
    const model::ProcessList processes = bed.Discover();
    const auto helper = std::find_if(processes->begin(), processes->end(), [](const auto& view) {
      return view.child && view.child->role == model::Role::kHelper;
    });
    ASSERT_NE(helper, processes->end()) << "the scribe";
    EXPECT_EQ(CodeOf(bed.Lease({.pid = helper->pid, .client = 1})), EPERM);
    EXPECT_EQ(bed.control().ListHoldRules().leases, 0U);
  });
}

TEST(ControlLease, AReusedNumberIsNotTakenForWhoHadIt) {
  if (!test::CanBePid1()) GTEST_SKIP() << "needs the right to make a pid namespace";
  ExpectInChild(
      [] {
        ControlBed bed;
        bed.Run({"--grace=0"}, [&] {
          WaitingChild first;
          const std::string id = bed.IdOf(first.pid());
          first.Die();
          ASSERT_TRUE(bed.RunUntilReaped(first.pid()));
          const UniqueFd last(open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC));
          const std::string before = std::to_string(first.pid() - 1);
          ASSERT_EQ(write(last.get(), before.data(), before.size()),
                    static_cast<ssize_t>(before.size()));
          WaitingChild second;
          ASSERT_EQ(second.pid(), first.pid());
          EXPECT_EQ(CodeOf(bed.Lease({.pid = second.pid(), .id = id, .client = 1})), ESRCH);
          EXPECT_NE(bed.IdOf(second.pid()), id);
          EXPECT_EQ(bed.control().FindDeath({.pid = first.pid(), .id = id})->record->id, id);
          // The record of the first, and nothing of the second's files.
          const auto inspection = bed.control().Inspect({.pid = second.pid()});
          ASSERT_EQ(CodeOf(inspection), 0);
          EXPECT_EQ(inspection->record->id, id);
          EXPECT_TRUE(inspection->files.empty());
        });
      },
      {.pid1 = true});
}

TEST(ControlLease, OneThatWasReleasedIsNotHeldAgain) {
  WithControl({"--hold=cause=abnormal,until=released"}, [](ControlBed& bed) {
    WaitingChild child;
    child.Die();
    ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
    ASSERT_EQ(CodeOf(bed.control().Release(model::ReleaseProcess{child.pid(), ""})), 0);
    EXPECT_EQ(CodeOf(bed.Lease({.pid = child.pid(), .client = 1})), ESRCH);
    EXPECT_EQ(CodeOf(bed.control().Release(model::ReleaseProcess{child.pid(), ""})), ESRCH);
    EXPECT_TRUE(bed.RunUntilReaped(child.pid()));
    EXPECT_EQ(bed.bed.observer.released.size(), 1U);
  });
}

}  // namespace
}  // namespace reaperd::daemon
