// KinWatch with real processes: what it knows of a descendant before it becomes a child of ours.
#include "reap/kin_watch.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "reap_bed.h"

namespace reaperd::reap {
namespace {

/// A look at all of /proc takes 1 % of the time at most: on a busy machine with many processes that
/// is seconds.
constexpr Micros kPatience_us = 30 * kSecond;

void ExpectInChild(const std::function<void()>& body) {
  test::ExpectInChild(body, {.timeout_us = kPatience_us + 15 * kSecond});
}

constexpr Micros kInterval_us = 20 * kMillisecond;

/// A child of ours and its child; both wait for a signal.
struct Family {
  Family() {
    test::Pipe pipe = test::MakePipe();
    parent = test::Fork([&] {
      const pid_t below = test::ForkSleeper();
      static_cast<void>(!write(pipe.write_end.get(), &below, sizeof below));
      pause();
      return 0;
    });
    EXPECT_EQ(read(pipe.read_end.get(), &child, sizeof child), ssize_t{sizeof child});
    parent_ticks = sys::ReadStat("/proc", parent)->start_ticks;
    child_ticks = sys::ReadStat("/proc", child)->start_ticks;
  }

  pid_t parent = 0;
  pid_t child = 0;
  std::uint64_t parent_ticks = 0;
  std::uint64_t child_ticks = 0;
};

class WatchBed {
 public:
  explicit WatchBed(Micros interval_us = kInterval_us)
      : watch(bed.loop(), bed.ops, KinTable::Scope::kDescendants, "/proc", interval_us,
              [this] { ++looks; }) {
    bed.reaper.EnableDiscovery();
    bed.reaper.ConsultKin(&watch.table());
  }

  bool LookAgain() {
    const int before = looks;
    return bed.RunUntil([&] { return looks > before; }, kPatience_us);
  }

  ReapBed bed{PlanLimits{}};
  int looks = 0;
  KinWatch watch;
};

TEST(KinWatch, KnowsAGrandchildBeforeItIsAnOrphan) {
  ExpectInChild([] {
    WatchBed here;
    const Family family;
    ASSERT_TRUE(here.LookAgain());
    const auto note = here.watch.table().Find(family.child, family.child_ticks);
    ASSERT_TRUE(note.has_value());
    ASSERT_TRUE(note->shadow->lineage.has_value());
    ASSERT_EQ(note->shadow->lineage->size(), 1U) << "ourselves excluded";
    EXPECT_EQ(note->shadow->lineage->front().pid, family.parent);
    EXPECT_TRUE(note->shadow->exe.has_value());
    EXPECT_FALSE(note->entered);
    const auto parent = here.watch.table().Find(family.parent, family.parent_ticks);
    ASSERT_TRUE(parent.has_value());
    EXPECT_FALSE(parent->shadow->lineage.has_value());
  });
}

TEST(KinWatch, TheReaperAddsItToWhatItKnowsOfAnOrphan) {
  ExpectInChild([] {
    WatchBed here;
    const Family family;
    ASSERT_TRUE(here.LookAgain());
    kill(family.parent, SIGKILL);
    ASSERT_TRUE(here.bed.RunUntil(
        [&] {
          const model::ProcessInfo* known = here.bed.reaper.table().Find(family.child);
          return known != nullptr && known->shadow && known->shadow->lineage;
        },
        kPatience_us));
    EXPECT_EQ(here.bed.reaper.table().Find(family.child)->shadow->lineage->front().pid,
              family.parent);
    ASSERT_TRUE(here.LookAgain());
    ASSERT_TRUE(here.LookAgain());
    EXPECT_TRUE(here.watch.table().Find(family.child, family.child_ticks)->shadow->lineage)
        << "also after walks that did not meet its parent";
    EXPECT_FALSE(here.watch.table().Find(family.parent, family.parent_ticks));
  });
}

TEST(KinWatch, StrangersAreNotNoted) {
  ExpectInChild([] {
    WatchBed here;
    ASSERT_TRUE(here.LookAgain());
    EXPECT_EQ(here.watch.table().size(), 0U) << "we have no child";
  });
}

TEST(KinWatch, TakesAtMostAHundredthOfTheTime) {
  ExpectInChild([] {
    WatchBed here(1);  // as often as possible
    ASSERT_TRUE(here.LookAgain());
    const Micros began_us = here.bed.loop().Now();
    ASSERT_TRUE(here.LookAgain());
    // A walk of /proc takes 20 us for ourselves alone.
    EXPECT_GE(here.bed.loop().Now() - began_us, 100 * 20);
  });
}

TEST(KinWatch, ItsEndLeavesNothingInTheLoop) {
  ExpectInChild([] {
    ReapBed bed{PlanLimits{}};
    int looks = 0;
    {
      KinWatch watch(bed.loop(), bed.ops, KinTable::Scope::kDescendants, "/proc", kInterval_us,
                     [&] { ++looks; });
      ASSERT_TRUE(bed.RunUntil([&] { return looks > 0; }, kPatience_us));
    }
    const int before = looks;
    EXPECT_TRUE(bed.ComesToRest());
    EXPECT_EQ(looks, before);
  });
}

TEST(KinWatch, WithoutProcItKnowsNothingAndGoesOn) {
  ExpectInChild([] {
    ReapBed bed{PlanLimits{}};
    int looks = 0;
    KinWatch watch(bed.loop(), bed.ops, KinTable::Scope::kDescendants, "/no/such/proc",
                   kInterval_us, [&] { ++looks; });
    EXPECT_TRUE(bed.RunUntil([&] { return looks >= 2; }, kPatience_us));
    EXPECT_EQ(watch.table().size(), 0U);
  });
}

}  // namespace
}  // namespace reaperd::reap
