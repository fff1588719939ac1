// The control plane of a Daemon with real children: releases, rules that come and go, what can be
// seen, and that nothing is left of all that in the end. Leases: control_lease_test.cpp.
#include "control_bed.h"

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "refuse_calls.h"
#include "sys/procfs.h"
#include "temp_dir.h"

namespace reaperd::daemon {
namespace {

using model::ReleaseReason;
using test::ExpectInChild;

// --- releases and rules

TEST(ControlPlane, ReleasesByRuleByBarrierAndAll) {
  const test::TempDir files;
  const std::string file = files.Write("hold.json", R"({"hold":{
    "rules":[{"name":"ones","match":{"exit_codes":[1]},"until":"released"},
             {"name":"twos","match":{"exit_codes":[2]},"until":{"barrier":"jobs"}},
             {"name":"rest","match":{"cause":["exit-error"]},"until":"released"}],
    "barriers":{"jobs":{"release_when":{"count":50},"timeout":"10m"}}}})");
  WithControl({"--hold=@" + file}, [](ControlBed& bed) {
    std::vector<pid_t> pids;
    for (const int code : {1, 2, 2, 3, 4}) {
      WaitingChild child(code);
      child.Die();
      ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
      pids.push_back(child.pid());
    }
    const model::HoldRulesView view = bed.control().ListHoldRules();
    ASSERT_EQ(view.rules.size(), 3U);
    EXPECT_EQ(view.rules[0].held, 1U);
    EXPECT_EQ(view.rules[1].held, 2U);
    EXPECT_EQ(view.rules[2].rule.name, "rest");
    ASSERT_EQ(view.barriers.size(), 1U);
    EXPECT_EQ(view.barriers[0].dead, 2U);
    EXPECT_TRUE(view.barriers[0].deadline_us.has_value());
    EXPECT_EQ(view.held, 5U);
    EXPECT_EQ(CodeOf(bed.control().Release(model::ReleaseRule{"none"})), ENOENT);
    EXPECT_EQ(CodeOf(bed.control().Release(model::ReleaseBarrier{"none"})), ENOENT);
    EXPECT_EQ(bed.control().Release(model::ReleaseRule{"ones"})->released, 1U);
    ASSERT_TRUE(bed.RunUntilReaped(pids[0]));
    EXPECT_EQ(bed.control().Release(model::ReleaseBarrier{"jobs"})->released, 2U);
    ASSERT_TRUE(bed.RunUntil([&] { return bed.Reaped(pids[1]) && bed.Reaped(pids[2]); }));
    ASSERT_EQ(bed.bed.observer.barriers.size(), 1U);
    EXPECT_EQ(bed.bed.observer.barriers[0].members.size(), 2U);
    EXPECT_EQ(bed.control().ListHeld().size(), 2U);
    EXPECT_EQ(bed.control().Release(model::ReleaseAll{})->released, 2U);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.Reaped(pids[3]) && bed.Reaped(pids[4]); }));
    EXPECT_EQ(bed.control().Release(model::ReleaseAll{})->released, 0U);
  });
}

std::string RuleOf(const std::string& name, int code) {
  return "exit_codes=" + std::to_string(code) + ",until=released,name=" + name;
}

TEST(ControlPlane, ARuleThatIsAddedHoldsAndOneThatIsRemovedDoesNot) {
  WithControl({}, [](ControlBed& bed) {
    const auto added = bed.control().AddHoldRule(RuleOf("fours", 4));
    ASSERT_EQ(CodeOf(added), 0);
    EXPECT_EQ(added->name, "fours");
    EXPECT_TRUE(added->warnings.empty());
    WaitingChild held(4);
    WaitingChild other(5);
    held.Die();
    other.Die();
    ASSERT_TRUE(bed.RunUntilHeld(held.pid()));
    ASSERT_TRUE(bed.RunUntilReaped(other.pid()));
    EXPECT_EQ(bed.FindHeld(held.pid())->rule, "fours");
    ASSERT_EQ(CodeOf(bed.control().RemoveHoldRule("fours")), 0);
    EXPECT_EQ(CodeOf(bed.control().RemoveHoldRule("fours")), ENOENT);
    WaitingChild late(4);
    late.Die();
    ASSERT_TRUE(bed.RunUntilReaped(late.pid()));
    EXPECT_TRUE(bed.FindHeld(held.pid())) << "it stays until its end";
    EXPECT_EQ(bed.control().Release(model::ReleaseRule{"fours"})->released, 1U);
    EXPECT_TRUE(bed.RunUntilReaped(held.pid()));
  });
}

TEST(ControlPlane, ARuleThatMakesNoSenseIsRefusedWithASentence) {
  WithControl({"--hold=exit_codes=9,for=1s,name=nines"}, [](ControlBed& bed) {
    EXPECT_EQ(CodeOf(bed.control().AddHoldRule(RuleOf("nines", 1))), EEXIST);
    EXPECT_EQ(CodeOf(bed.control().AddHoldRule(RuleOf("lease", 1))), EINVAL);
    EXPECT_EQ(CodeOf(bed.control().AddHoldRule(RuleOf("a\nb", 1))), EINVAL);
    EXPECT_EQ(CodeOf(bed.control().AddHoldRule("colour=red")), EINVAL);
    EXPECT_EQ(CodeOf(bed.control().AddHoldRule("exit_codes=1,until=barrier:nowhere")), ENOENT);
    const auto refused = bed.control().AddHoldRule("exit_codes=1,until=replaced,name=x");
    ASSERT_EQ(CodeOf(refused), EINVAL);
    EXPECT_NE(refused.error().message().find("rule 'x'"), std::string::npos)
        << refused.error().message();
    EXPECT_EQ(bed.control().ListHoldRules().rules.size(), 1U);

    // Without a name it gets one; what is doubtful is said.
    const auto added = bed.control().AddHoldRule("exit_codes=1,for=1h");
    ASSERT_EQ(CodeOf(added), 0);
    EXPECT_EQ(added->name, "hold-2");
    ASSERT_EQ(added->warnings.size(), 1U);
    EXPECT_NE(added->warnings[0].find("shortened"), std::string::npos) << added->warnings[0];

    int more = 0;
    for (; CodeOf(bed.control().AddHoldRule(RuleOf("more-" + std::to_string(more), 100))) == 0;)
      ++more;
    EXPECT_EQ(more, 254);
    EXPECT_EQ(CodeOf(bed.control().AddHoldRule(RuleOf("full", 100))), ENOSPC);
  });
}

// --- what is seen

TEST(ControlPlane, InspectShowsTheFilesOfAHeldZombieAndTheRecordOfOneThatIsGone) {
  WithControl({"--hold=exit_codes=3,until=released"}, [](ControlBed& bed) {
    WaitingChild child(3);
    bed.Discover();
    EXPECT_EQ(CodeOf(bed.control().Inspect({.pid = child.pid()})), ENOENT) << "it lives";
    child.Die();
    ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
    const auto held = bed.control().Inspect({.pid = child.pid()});
    ASSERT_EQ(CodeOf(held), 0);
    EXPECT_EQ(held->record->pid, child.pid());
    ASSERT_TRUE(held->record->shadow);
    std::set<std::string> readable;
    for (const model::InspectedFile& file : held->files) {
      if (file.error == 0) readable.insert(file.name);
      EXPECT_EQ(file.error != 0, file.text.empty()) << file.name;
    }
    EXPECT_EQ(held->files.size(), 12U);
    for (const char* const name : {"stat", "status", "limits", "cgroup", "ns/pid", "ns/user"}) {
      EXPECT_TRUE(readable.contains(name)) << name;
    }
    ASSERT_EQ(CodeOf(bed.control().Release(model::ReleaseAll{})), 0);
    ASSERT_TRUE(bed.RunUntilReaped(child.pid()));
    const auto gone = bed.control().Inspect({.pid = child.pid()});
    ASSERT_EQ(CodeOf(gone), 0);
    EXPECT_EQ(gone->record->seq, held->record->seq);
    EXPECT_TRUE(gone->files.empty());
    EXPECT_EQ(CodeOf(bed.control().Inspect({.pid = getpid()})), ENOENT);
  });
}

TEST(ControlPlane, DeathsAreListedInPagesAndFiltered) {
  WithControl({}, [](ControlBed& bed) {
    std::vector<pid_t> pids;
    for (int i = 0; i < 7; ++i) {
      WaitingChild child(i % 2 == 0 ? 0 : 5);
      child.Die();
      ASSERT_TRUE(bed.RunUntilReaped(child.pid()));
      pids.push_back(child.pid());
    }
    std::vector<pid_t> listed;
    model::RecordQuery query{.limit = 3};
    for (bool more = true; more;) {
      const model::RecordPage page = bed.control().ListDeaths(query);
      EXPECT_LE(page.records.size(), 3U);
      for (const auto& record : page.records)
        listed.push_back(record->pid);
      query.after_seq = page.looked_to_seq;
      more = page.more;
    }
    EXPECT_EQ(listed, pids);
    query = {.cause = model::Cause::kExitError};
    EXPECT_EQ(bed.control().ListDeaths(query).records.size(), 3U);
    query = {.pid = pids[4]};
    const model::RecordPage page = bed.control().ListDeaths(query);
    ASSERT_EQ(page.records.size(), 1U);
    EXPECT_EQ(page.oldest_seq, 1U);
    query = {.since_us = page.records[0]->died_us};
    EXPECT_EQ(bed.control().ListDeaths(query).records.size(), 3U);
    query = {.service = "web"};
    EXPECT_TRUE(bed.control().ListDeaths(query).records.empty());

    const auto found = bed.control().FindDeath({.pid = pids[6]});
    ASSERT_EQ(CodeOf(found), 0);
    EXPECT_EQ(found->record->seq, 7U);
    ASSERT_TRUE(found->before);
    EXPECT_EQ(found->before->seq, 6U) << "the last abnormal one before it";
    EXPECT_FALSE(found->hold);
    EXPECT_EQ(bed.control().FindDeath({.seq = 2})->record->pid, pids[1]);
    EXPECT_EQ(CodeOf(bed.control().FindDeath({.seq = 8})), ENOENT);
    EXPECT_EQ(CodeOf(bed.control().FindDeath({.pid = pids[0], .id = "i1"})), ENOENT);
    EXPECT_EQ(bed.Counters().ring.next_seq, 8U);
    EXPECT_EQ(bed.Counters().reap.reaped, 7U);
  });
}

TEST(ControlPlane, AllChildrenAreListedAfterADiscovery) {
  WithControl({}, [](ControlBed& bed) {
    constexpr int kMany = 50;  // more than a pass of discovery looks at
    reap::Gate gate;
    std::vector<pid_t> pids = gate.Fork(kMany, 0);
    pids.push_back(bed.main());
    std::sort(pids.begin(), pids.end());
    const model::ProcessList processes = bed.Discover();
    std::vector<pid_t> listed;
    for (const model::ProcessView& view : *processes) {
      listed.push_back(view.pid);
      EXPECT_FALSE(view.id.empty());
      ASSERT_TRUE(view.child);
      EXPECT_TRUE(view.child->shadow);
      EXPECT_TRUE(view.started_us.has_value());
      EXPECT_EQ(view.uid, getuid());
      EXPECT_EQ(view.parent, getpid());
      EXPECT_EQ(view.state, model::ProcessState::kAlive);
    }
    EXPECT_EQ(listed, pids);
    EXPECT_EQ(bed.FindProcess(bed.main())->child->role, model::Role::kMain);
    gate.Open();
    ASSERT_TRUE(bed.RunUntil([&] { return bed.Discover()->size() == 1; }));
  });
}

TEST(ControlPlane, WhoDescendsFromAChildIsListedWithItsParent) {
  WithControl({}, [](ControlBed& bed) {
    const test::Pipe ready = test::MakePipe();
    const pid_t child = test::Fork([&] {
      const pid_t grandchild = test::Fork([] {
        pause();
        return 0;
      });
      const pid_t dead = test::Fork([] { return 3; });
      siginfo_t info{};
      waitid(P_PID, static_cast<id_t>(dead), &info, WEXITED | WNOWAIT);
      const std::array<pid_t, 2> pids{grandchild, dead};
      if (write(ready.write_end.get(), pids.data(), sizeof pids) < 0) return 1;
      pause();
      return 0;
    });
    std::array<pid_t, 2> pids{};
    ASSERT_EQ(read(ready.read_end.get(), pids.data(), sizeof pids), ssize_t{sizeof pids});
    const auto grandchild = bed.FindProcess(pids[0]);
    ASSERT_TRUE(grandchild.has_value());
    EXPECT_EQ(grandchild->parent, child);
    EXPECT_FALSE(grandchild->child);
    EXPECT_EQ(grandchild->id, IdByStart(pids[0]));
    EXPECT_EQ(grandchild->state, model::ProcessState::kAlive);
    const auto dead = bed.FindProcess(pids[1]);
    ASSERT_TRUE(dead.has_value());
    EXPECT_EQ(dead->state, model::ProcessState::kForeign);
    EXPECT_FALSE(bed.FindProcess(getpid()).has_value()) << "we are no descendant of ours";

    // A signal reaches a descendant by its id, and nobody else.
    const auto signal = [&](pid_t pid, const std::string& id) {
      return CodeOf(bed.control().Signal(
          {.to = model::SignalProcessRequest{pid, id}, .signal = SIGKILL, .sender = {}}));
    };
    EXPECT_EQ(signal(pids[0], "s" + std::to_string(pids[0]) + ":1"), ESRCH);
    EXPECT_EQ(signal(pids[0], ""), EINVAL);
    EXPECT_EQ(signal(pids[1], dead->id), ESRCH) << "it is dead";
    EXPECT_EQ(signal(getpid(), IdByStart(getpid())), EPERM);
    EXPECT_EQ(signal(getppid(), IdByStart(getppid())), ESRCH);
    EXPECT_EQ(signal(pids[0], grandchild->id), 0);
    EXPECT_TRUE(test::Eventually([&] { return test::StateOf(pids[0]) == 'Z'; }));
    EXPECT_EQ(signal(child, bed.FindProcess(child)->id), 0);
    ASSERT_TRUE(bed.RunUntilReaped(child));
    const auto record = bed.control().FindDeath({.pid = child});
    ASSERT_EQ(CodeOf(record), 0);
    EXPECT_EQ(record->record->verdict.cause, model::Cause::kForwardedSignal);
    ASSERT_TRUE(bed.RunUntilReaped(pids[0]) && bed.RunUntilReaped(pids[1])) << "they are ours now";
  });
}

TEST(ControlPlane, TheCommandIsTheServiceMain) {
  WithControl({}, [](ControlBed& bed) {
    const auto signal = [&](const char* name) {
      return CodeOf(bed.control().Signal(
          {.to = model::SignalServiceRequest{name}, .signal = SIGKILL, .sender = {.pid = 7}}));
    };
    EXPECT_EQ(signal("web"), ENOENT);
    model::StatusView status = bed.control().GetStatus();
    ASSERT_TRUE(status.main.has_value());
    EXPECT_EQ(status.main->pid, bed.main());
    EXPECT_EQ(status.main->state, model::MainView::State::kAlive);
    EXPECT_EQ(status.phase, model::RunPhase::kRunning);
    EXPECT_EQ(status.instance.size(), 16U);
    EXPECT_EQ(signal("main"), 0);
    ASSERT_TRUE(bed.RunUntilReaped(bed.main()));
    status = bed.control().GetStatus();
    EXPECT_EQ(status.main->state, model::MainView::State::kEnded);
    EXPECT_EQ(status.main->end, model::ExitStatus::Killed(SIGKILL));
    EXPECT_EQ(signal("main"), ESRCH);
    const auto record = bed.control().FindDeath({.pid = bed.main()});
    EXPECT_NE(record->record->verdict.evidence.find("pid 7"), std::string::npos)
        << record->record->verdict.evidence;
  });
}

TEST(ControlPlane, AShutdownIsAStopSignal) {
  ExpectInChild([] {
    ControlBed bed;
    EXPECT_EQ(bed.Run({},
                      [&] {
                        ASSERT_EQ(CodeOf(bed.control().Shutdown({.pid = 7})), 0);
                        EXPECT_EQ(bed.control().GetStatus().phase, model::RunPhase::kStopping);
                        ASSERT_TRUE(bed.RunUntilReaped(bed.main()));
                      }),
              143);
    ASSERT_EQ(bed.bed.observer.signals.size(), 1U);
    EXPECT_EQ(bed.bed.observer.signals[0].sender.pid, 7);
  });
}

TEST(ControlPlane, ZombiesOfANegligentChildAreListed) {
  WithControl({}, [](ControlBed& bed) {
    const test::Pipe ready = test::MakePipe();
    const pid_t parent = test::Fork([&] {
      for (int i = 0; i < 2; ++i) {
        const pid_t child = test::Fork([] { return 7; });
        siginfo_t info{};
        waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
      }
      if (write(ready.write_end.get(), ".", 1) != 1) return 1;
      for (;;)
        pause();
    });
    char byte = 0;
    ASSERT_EQ(read(ready.read_end.get(), &byte, 1), 1);
    model::ForeignList zombies;
    bed.control().ListZombies(0, [&](const auto& seen) {
      ASSERT_TRUE(seen.ok());
      zombies = *seen;
    });
    ASSERT_TRUE(bed.RunUntil([&] { return zombies != nullptr; }));
    ASSERT_EQ(zombies->size(), 2U);
    EXPECT_EQ((*zombies)[0].parent, parent);
    EXPECT_EQ((*zombies)[0].held_by_parent, 2U);
    EXPECT_EQ(bed.Counters().foreign.looks, 1U);
    kill(parent, SIGKILL);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.Counters().reap.reaped == 3; }));
  });
}

// --- on and off

TEST(ControlPlane, ReapingIsAsCheapAsBeforeWhenTheLastLeaseHasEnded) {
  WithControl({}, [](ControlBed& bed) {
    const auto walks = [&] { return bed.Counters().reap.walks; };
    const auto bury = [&] {
      WaitingChild child;
      child.Die();
      EXPECT_TRUE(bed.RunUntilReaped(child.pid()));
    };
    bury();
    WaitingChild leased;
    const std::string id = bed.IdOf(leased.pid());
    ASSERT_EQ(CodeOf(bed.Lease({.pid = leased.pid(), .id = id, .client = 1})), 0);
    const auto under_lease = walks();
    bury();
    EXPECT_EQ(walks(), under_lease) << "P_ALL would show a held one for ever";
    leased.Die();
    ASSERT_TRUE(bed.RunUntilHeld(leased.pid()));
    bury();
    EXPECT_EQ(walks(), under_lease);
    ASSERT_EQ(CodeOf(bed.control().Release(model::ReleaseProcess{leased.pid(), id})), 0);
    ASSERT_TRUE(bed.RunUntilReaped(leased.pid()));
    bury();
    EXPECT_TRUE(bed.RunUntil([&] { return walks() > under_lease; }));
  });
}

TEST(ControlPlane, NothingIsHeldOrChangedWhenAStopHasBegun) {
  ExpectInChild([] {
    ControlBed bed;
    EXPECT_EQ(bed.Run({"--drain=60s", "--hold=exit_codes=3,until=released,name=threes"},
                      [&] {
                        WaitingChild held;
                        WaitingChild leased;
                        held.Die();
                        ASSERT_TRUE(bed.RunUntilHeld(held.pid()));
                        ASSERT_EQ(CodeOf(bed.Lease({.pid = leased.pid(), .client = 1})), 0);
                        // Not from ourselves: those are passed over.
                        const pid_t stopper = test::Fork([] { return kill(getppid(), SIGTERM); });
                        ASSERT_TRUE(bed.RunUntilReaped(held.pid()));
                        ASSERT_TRUE(bed.RunUntilReaped(stopper));
                        EXPECT_EQ(bed.ReasonOf(held.pid()), ReleaseReason::kShutdown);
                        EXPECT_EQ(CodeOf(bed.Lease({.pid = leased.pid(), .client = 1})), ESHUTDOWN);
                        EXPECT_EQ(CodeOf(bed.control().Release(model::ReleaseAll{})), ESHUTDOWN);
                        EXPECT_EQ(
                            CodeOf(bed.control().Release(model::ReleaseProcess{leased.pid(), ""})),
                            ESHUTDOWN);
                        EXPECT_EQ(CodeOf(bed.control().AddHoldRule(RuleOf("new", 1))), ESHUTDOWN);
                        EXPECT_EQ(CodeOf(bed.control().RemoveHoldRule("threes")), ESHUTDOWN);
                        bed.control().OnClientGone(1);
                        leased.Die();
                        ASSERT_TRUE(bed.RunUntilReaped(leased.pid()));
                        EXPECT_EQ(bed.bed.observer.held.size(), 1U);
                        EXPECT_EQ(bed.control().ListDeaths({}).records.size(), 3U)
                            << "queries are answered";
                        bed.Discover();
                      }),
              137);
  });
}

TEST(ControlPlane, NobodyTakesThePlacesOfOthersWhoWaitForALook) {
  WithControl({}, [](ControlBed& bed) {
    status::ControlPlane& control = bed.control();
    int refused = 0;
    int answered = 0;
    const auto count = [&](const auto& list) { ++(list ? answered : refused); };
    // The first begins a look at once; those after it wait for the next.
    control.ListProcesses(1, count);
    for (int times = 0; times < 200; ++times) {
      control.ListProcesses(2, count);
      control.ListZombies(2, count);
    }
    EXPECT_EQ(refused, 2 * 199);
    for (model::ClientId client = 3; client < 200; ++client) {
      control.ListProcesses(client, count);
      control.ListZombies(client, count);
      control.OnClientGone(client);
    }
    bool served = false;
    control.ListProcesses(200, [&](const auto& list) { served = list.ok(); });
    control.ListZombies(200, count);
    ASSERT_TRUE(bed.RunUntil([&] { return served && answered == 4; }));
    EXPECT_EQ(refused, 2 * 199);
    EXPECT_EQ(bed.Counters().foreign.looks, 1U);
  });
}

TEST(ControlPlane, ALookForOneWhoIsGoneEndsAndTheNextBegins) {
  WithControl({}, [](ControlBed& bed) {
    bed.control().ListProcesses(1, [](const auto&) { ADD_FAILURE() << "it is gone"; });
    bed.control().OnClientGone(1);
    EXPECT_FALSE(bed.Discover()->empty());
  });
}

TEST(ControlPlane, ExplainsWithoutStartingOrAwaitingAnybody) {
  ExpectInChild([] {
    ControlBed bed;
    bed.Run({}, [&] {
      const std::string before = bed.control().Explain();
      EXPECT_NE(before.find("shares memory until exec"), std::string::npos) << before;
      EXPECT_NE(before.find("signals cannot reach a reused pid"), std::string::npos) << before;
      // As where pids.max is reached; and wait4 is what waits for a child that was tried.
      ASSERT_TRUE(test::RefuseCalls({{.number = SYS_clone, .code = EAGAIN},
                                     {.number = SYS_clone3, .code = EAGAIN},
                                     {.number = SYS_wait4, .code = EPERM}}));
      EXPECT_EQ(bed.control().Explain(), before);
    });
  });
}

TEST(ControlPlane, ExplainsWhatTheRunWasRefused) {
  ExpectInChild([] {
    ASSERT_TRUE(
        test::RefuseCalls({{.number = SYS_clone, .code = EPERM, .argument = 0, .mask = CLONE_VFORK},
                           {.number = SYS_pidfd_send_signal, .code = EPERM}}));
    ControlBed bed;
    bed.Run({}, [&] {
      const std::string text = bed.control().Explain();
      EXPECT_NE(text.find("the sharing kind is refused"), std::string::npos) << text;
      EXPECT_NE(text.find("main is signalled by pid"), std::string::npos) << text;
    });
  });
}

TEST(ControlPlane, WhatWasAskedIsForgottenWithTheRun) {
  ExpectInChild([] {
    ControlBed bed;
    bool answered = false;
    bed.Run({}, [&] {
      bed.control().ListProcesses(0, [&](const auto&) { answered = true; });
      bed.control().ListZombies(0, [&](const auto&) { answered = true; });
      bed.loop().Stop();
    });
    EXPECT_FALSE(answered);
  });
}

TEST(ControlPlane, ThereIsNoneWhereNothingIsRecordedAndNobodyHeld) {
  WithControl({"--records=off"}, [](ControlBed& bed) { EXPECT_FALSE(bed.has_control()); });
  WithControl({"--records=off", "--hold=exit_codes=3,until=released"}, [](ControlBed& bed) {
    ASSERT_TRUE(bed.has_control());
    WaitingChild child;
    child.Die();
    ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
    EXPECT_EQ(bed.control().FindDeath({.pid = child.pid()})->hold->rule, "hold-1");
    EXPECT_TRUE(bed.control().ListDeaths({}).records.empty());
    ASSERT_EQ(CodeOf(bed.control().Release(model::ReleaseAll{})), 0);
    ASSERT_TRUE(bed.RunUntilReaped(child.pid()));
    EXPECT_EQ(CodeOf(bed.control().FindDeath({.pid = child.pid()})), ENOENT);
    EXPECT_EQ(bed.Counters().ring.next_seq, 2U);
  });
}

}  // namespace
}  // namespace reaperd::daemon
