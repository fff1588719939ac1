// KinTable: what is known of an orphan from before it came to us. We are 1, main is 2.
#include "reap/kin_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace reaperd::reap {
namespace {

using Scope = KinTable::Scope;

class KinTableTest : public ::testing::Test {
 protected:
  struct P {
    pid_t pid;
    pid_t parent;
    std::string comm;
    std::uint64_t ticks = 0;  ///< 0: ten times the pid
    bool alive = true;
  };

  void Use(Scope scope) { table_ = KinTable(1, scope); }

  /// A walk that met these, us and main; all new links are confirmed but those of `unsure`.
  void Walk(const std::vector<P>& processes, pid_t unsure = 0) {
    std::vector<KinSeen> seen{{.pid = 1, .parent = 0, .start_ticks = 1, .comm = "reaperd"},
                              {.pid = 2, .parent = 1, .start_ticks = 20, .comm = "main"}};
    for (const P& process : processes) {
      const std::uint64_t ticks =
          process.ticks != 0 ? process.ticks : 10 * static_cast<std::uint64_t>(process.pid);
      seen.push_back({.pid = process.pid,
                      .parent = process.parent,
                      .start_ticks = ticks,
                      .comm = process.comm,
                      .alive = process.alive});
    }
    now_us_ += 1000;
    table_.OnWalk(seen, now_us_);
    for (const KinLink& link : table_.TakeNewLinks()) {
      if (link.pid != unsure) table_.OnLinkConfirmed(link);
    }
  }

  /// "11 sh, 2 main"; "null": not known; "none": no such process.
  std::string LineageOf(pid_t pid, std::uint64_t ticks = 0) const {
    const auto note = table_.Find(pid, ticks != 0 ? ticks : 10 * static_cast<std::uint64_t>(pid));
    if (!note) return "none";
    if (!note->shadow->lineage) return "null";
    std::string text;
    for (const model::Ancestor& ancestor : *note->shadow->lineage) {
      text += (text.empty() ? "" : ", ") + std::to_string(ancestor.pid) + " " + ancestor.comm;
    }
    return text;
  }

  KinTable table_{1, Scope::kNamespace};
  Micros now_us_ = 0;
};

TEST_F(KinTableTest, AnOrphanHasTheParentsThatWereSeen) {
  Walk({{11, 2, "sh"}, {12, 11, "worker"}});
  EXPECT_EQ(LineageOf(12), "11 sh, 2 main");
  Walk({{12, 1, "worker"}});
  EXPECT_EQ(LineageOf(12), "11 sh, 2 main");
  Walk({{12, 1, "worker"}});
  EXPECT_EQ(LineageOf(12), "11 sh, 2 main") << "for ever";
}

TEST_F(KinTableTest, ItIsFoundBeforeTheNextWalkToo) {
  Walk({{11, 2, "sh"}, {12, 11, "worker"}});
  const auto note = table_.Find(12, 120);
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->first_seen_us, 1000);
  EXPECT_EQ(note->shadow->comm, "worker");
  EXPECT_FALSE(note->entered);
}

TEST_F(KinTableTest, TheGenerationsAboveMayGoOneAfterTheOther) {
  Walk({{11, 2, "a"}, {12, 11, "b"}, {13, 12, "c"}, {14, 13, "d"}});
  Walk({{12, 1, "b"}, {13, 12, "c"}, {14, 13, "d"}});
  Walk({{13, 1, "c"}, {14, 13, "d"}});
  Walk({{14, 1, "d"}});
  EXPECT_EQ(LineageOf(14), "13 c, 12 b, 11 a, 2 main");
}

TEST_F(KinTableTest, OrAllAtOnce) {
  Walk({{11, 2, "a"}, {12, 11, "b"}, {13, 12, "c"}, {14, 13, "d"}});
  Walk({{14, 1, "d"}});
  EXPECT_EQ(LineageOf(14), "13 c, 12 b, 11 a, 2 main");
}

TEST_F(KinTableTest, NamesAreThoseThatAncestorsBoreLast) {
  Walk({{11, 2, "sh"}, {12, 11, "sh"}});
  Walk({{11, 2, "server"}, {12, 11, "worker"}});
  EXPECT_EQ(LineageOf(12), "11 server, 2 main");
  Walk({{12, 1, "worker"}});
  EXPECT_EQ(LineageOf(12), "11 server, 2 main");
}

TEST_F(KinTableTest, AtMostEightAncestorsAreKept) {
  std::vector<P> chain;
  for (pid_t pid = 11; pid < 31; ++pid)
    chain.push_back({pid, pid == 11 ? 2 : pid - 1, "p"});
  Walk(chain);
  const auto note = table_.Find(30, 300);
  ASSERT_TRUE(note && note->shadow->lineage);
  EXPECT_EQ(note->shadow->lineage->size(), model::Shadow::kLineage);
  EXPECT_EQ(note->shadow->lineage->front().pid, 29);
  Walk({{30, 1, "p"}});
  EXPECT_EQ(table_.Find(30, 300)->shadow->lineage->size(), model::Shadow::kLineage);
}

TEST_F(KinTableTest, WhoWasSeenOnlyAsAnOrphanHasNoLineage) {
  Walk({{12, 1, "worker"}});
  EXPECT_EQ(LineageOf(12), "null");
  EXPECT_EQ(LineageOf(2), "null") << "main's parent is us";
}

TEST_F(KinTableTest, ALinkThatWasNotConfirmedTellsNothing) {
  Walk({{11, 2, "sh"}, {12, 11, "worker"}}, 12);
  EXPECT_EQ(LineageOf(12), "null");
  Walk({{12, 1, "worker"}});
  EXPECT_EQ(LineageOf(12), "null");
}

TEST_F(KinTableTest, ALinkThatWasNotConfirmedIsTriedAgain) {
  Walk({{11, 2, "sh"}, {12, 11, "worker"}}, 12);
  Walk({{11, 2, "sh"}, {12, 11, "worker"}});
  EXPECT_EQ(LineageOf(12), "11 sh, 2 main");
  Walk({{11, 2, "sh"}, {12, 11, "worker"}});
  EXPECT_TRUE(table_.TakeNewLinks().empty()) << "and not for ever";
}

TEST_F(KinTableTest, AConfirmationThatComesTooLateIsOfNobody) {
  Walk({{11, 2, "sh"}, {12, 11, "worker"}}, 12);
  Walk({{11, 2, "other", 999}, {12, 11, "worker"}}, 12);
  table_.OnLinkConfirmed({.pid = 12, .start_ticks = 120, .parent = 11, .parent_start_ticks = 110});
  EXPECT_EQ(LineageOf(12), "null");
}

TEST_F(KinTableTest, AReusedNumberIsAnother) {
  Walk({{11, 2, "sh"}, {12, 11, "worker"}});
  EXPECT_EQ(LineageOf(12, 121), "none");
  Walk({{11, 2, "sh"}, {12, 1, "stranger", 999}});
  EXPECT_EQ(LineageOf(12), "none");
  EXPECT_EQ(LineageOf(12, 999), "null");
}

TEST_F(KinTableTest, AParentWhoseNumberWasReusedIsNotTheParent) {
  Walk({{11, 2, "sh"}, {12, 11, "worker"}});
  Walk({{11, 2, "stranger", 999}, {12, 1, "worker"}});
  EXPECT_EQ(LineageOf(12), "11 sh, 2 main");
}

TEST_F(KinTableTest, ANestedSubreaperDoesNotChangeWhoMadeIt) {
  Walk({{10, 2, "nested"}, {11, 10, "sh"}, {12, 11, "worker"}});
  Walk({{10, 2, "nested"}, {12, 10, "worker"}});
  EXPECT_EQ(LineageOf(12), "11 sh, 10 nested, 2 main");
}

TEST_F(KinTableTest, AZombieKeepsWhatWasSeen) {
  Walk({{11, 2, "sh"}, {12, 11, "worker"}});
  Walk({{12, 1, "worker", 0, false}});
  EXPECT_EQ(LineageOf(12), "11 sh, 2 main");
}

TEST_F(KinTableTest, WhoWasNeverSeenAliveIsNotNoted) {
  Walk({{11, 2, "sh"}, {12, 11, "worker", 0, false}});
  EXPECT_EQ(LineageOf(12), "none");
}

TEST_F(KinTableTest, WhoeverIsGoneIsForgotten) {
  Walk({{11, 2, "sh"}, {12, 11, "worker"}});
  EXPECT_EQ(table_.size(), 3U);
  Walk({});
  EXPECT_EQ(table_.size(), 1U) << "main";
}

TEST_F(KinTableTest, OfOthersOnlyDescendantsAreNoted) {
  Use(Scope::kDescendants);
  Walk({{11, 2, "sh"}, {50, 40, "stranger"}, {40, 0, "shell"}, {60, 60, "circle"}, {70, 99, "x"}});
  EXPECT_EQ(table_.size(), 2U);
  EXPECT_EQ(LineageOf(11), "2 main");
  EXPECT_EQ(LineageOf(50), "none");
}

TEST_F(KinTableTest, WhoDescendsFromOneWithoutAParentHereCameFromOutside) {
  Walk({{20, 0, "sh"}, {21, 20, "sh"}, {22, 21, "worker"}, {30, 2, "native"}});
  EXPECT_TRUE(table_.Find(22, 220)->entered);
  EXPECT_FALSE(table_.Find(30, 300)->entered);
  Walk({{22, 1, "worker"}, {30, 1, "native"}});
  EXPECT_TRUE(table_.Find(22, 220)->entered) << "also when all above are gone";
  EXPECT_FALSE(table_.Find(30, 300)->entered);
  EXPECT_EQ(LineageOf(22), "21 sh, 20 sh");
  Walk({{22, 1, "worker"}, {23, 22, "child"}, {30, 1, "native"}});
  EXPECT_TRUE(table_.Find(23, 230)->entered) << "and so did its children";
}

TEST_F(KinTableTest, LooksAreWantedOfNewOnesAndOfNewNames) {
  Walk({{11, 2, "sh"}});
  std::vector<pid_t> wanted = table_.TakeToLook();
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(wanted, (std::vector<pid_t>{2, 11}));
  Walk({{11, 2, "sh"}});
  EXPECT_TRUE(table_.TakeToLook().empty());
  Walk({{11, 2, "server"}});
  EXPECT_EQ(table_.TakeToLook(), (std::vector<pid_t>{11}));
}

TEST_F(KinTableTest, ALookIsTakenOfTheSameProcessOnly) {
  Walk({{11, 2, "sh"}});
  auto shadow = std::make_shared<model::Shadow>();
  shadow->comm = "sh";
  shadow->exe = "/bin/sh";
  table_.OnLook({.pid = 11, .start_ticks = 999, .shadow = shadow});
  EXPECT_EQ(table_.Find(11, 110)->shadow->exe, std::nullopt);
  table_.OnLook({.pid = 11, .start_ticks = 110, .shadow = shadow});
  EXPECT_EQ(table_.Find(11, 110)->shadow->exe, "/bin/sh");
  EXPECT_EQ(LineageOf(11), "2 main") << "a look does not know it";
}

TEST_F(KinTableTest, AFullTableTakesNoMore) {
  std::vector<P> many;
  for (pid_t pid = 100; pid < 100 + static_cast<pid_t>(KinTable::kMost) + 50; ++pid)
    many.push_back({pid, 2, "p"});
  Walk(many);
  EXPECT_EQ(table_.size(), KinTable::kMost);
  Walk({{11, 2, "sh"}});
  EXPECT_EQ(LineageOf(11), "2 main") << "there is room again";
}

}  // namespace
}  // namespace reaperd::reap
