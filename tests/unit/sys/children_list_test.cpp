#include "sys/children_list.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "child_process.h"
#include "fake_proc.h"

namespace reaperd::sys {
namespace {

using test::FakeProc;
using Pids = std::vector<pid_t>;

TEST(TakePids, TakesWholeNumbersAndLeavesTheCutOne) {
  struct Row {
    std::string text;
    Pids pids;
    std::string left;
  };
  for (const Row& row : {Row{"", {}, ""}, Row{"12 13 14 ", {12, 13, 14}, ""},
                         Row{"12 13", {12}, "13"}, Row{"1", {}, "1"}, Row{" ", {}, ""},
                         Row{"  7   8 ", {7, 8}, ""}, Row{"4194304 4", {4194304}, "4"}}) {
    std::string text = row.text;
    Pids pids;
    TakePids(text, pids);
    EXPECT_EQ(pids, row.pids) << row.text;
    EXPECT_EQ(text, row.left) << row.text;
  }
}

TEST(TakePids, GivesTheSameWhereverTheTextIsCut) {
  const std::string whole = "1 22 333 4444 55555 666666 ";
  const Pids expected{1, 22, 333, 4444, 55555, 666666};
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    Pids pids{};
    std::string text = whole.substr(0, cut);
    TakePids(text, pids);
    text += whole.substr(cut);
    TakePids(text, pids);
    EXPECT_EQ(pids, expected) << cut;
    EXPECT_EQ(text, "");
  }
}

TEST(TakePids, EndsAtWhatIsNoNumber) {
  for (const char* text : {"12 x 13 ", "12 99999999999999 13 ", "12 \n"}) {
    std::string rest = text;
    Pids pids;
    TakePids(rest, pids);
    EXPECT_EQ(pids, Pids{12}) << text;
  }
}

/// Reads a whole list; `parts` counts the calls.
ListPart ReadWhole(ChildrenList& list, Pids& pids, int* parts = nullptr) {
  bool first = true;
  for (int count = 1; count < 10'000; ++count) {
    const ListPart part = list.Read(first, pids);
    first = false;
    if (parts != nullptr) *parts = count;
    if (part != ListPart::kMore) return part;
  }
  ADD_FAILURE() << "the list does not end";
  return ListPart::kFailed;
}

TEST(ChildrenList, ReadsTheChildrenFileInParts) {
  const FakeProc proc;
  Pids expected(3000);
  std::iota(expected.begin(), expected.end(), 9'000);
  std::string text;
  for (const pid_t pid : expected)
    text += std::to_string(pid) + " ";
  proc.Children(text);
  ChildrenList list(proc.root());
  EXPECT_EQ(list.Probe(), ChildrenSource::kChildrenFile);
  for (int round = 0; round < 2; ++round) {
    Pids pids;
    int parts = 0;
    EXPECT_EQ(ReadWhole(list, pids, &parts), ListPart::kEnd);
    EXPECT_EQ(pids, expected);
    EXPECT_GE(parts, 4);
  }
}

TEST(ChildrenList, ANewListForgetsTheOneThatWasNotReadToItsEnd) {
  const FakeProc proc;
  std::string text;
  for (int i = 0; i < 2000; ++i)
    text += "12345 ";
  proc.Children(text);
  ChildrenList list(proc.root());
  Pids pids;
  ASSERT_EQ(list.Read(true, pids), ListPart::kMore);
  proc.Children("7 8 ");
  pids.clear();
  EXPECT_EQ(ReadWhole(list, pids), ListPart::kEnd);
  EXPECT_EQ(pids, (Pids{7, 8}));
}

TEST(ChildrenList, WithoutTheFileItWalksByParent) {
  const FakeProc proc;
  for (pid_t pid = 100; pid < 150; ++pid) {
    proc.Add({.pid = pid, .parent = pid % 2 == 0 ? getpid() : 1});
  }
  ChildrenList list(proc.root());
  EXPECT_EQ(list.Probe(), ChildrenSource::kProcWalk);
  for (int round = 0; round < 2; ++round) {
    Pids pids;
    int parts = 0;
    EXPECT_EQ(ReadWhole(list, pids, &parts), ListPart::kEnd);
    std::sort(pids.begin(), pids.end());
    EXPECT_EQ(pids.size(), 25U);
    EXPECT_EQ(pids.front(), 100);
    EXPECT_EQ(pids.back(), 148);
    EXPECT_GE(parts, 3);
  }
}

TEST(ChildrenList, AForbiddenFileIsNotRead) {
  const FakeProc proc;
  proc.Children("7 8 ");
  proc.Add({.pid = 9, .parent = getpid()});
  ChildrenList list(proc.root());
  list.ForbidChildrenFile();
  EXPECT_EQ(list.Probe(), ChildrenSource::kProcWalk);
  Pids pids;
  EXPECT_EQ(ReadWhole(list, pids), ListPart::kEnd);
  EXPECT_EQ(pids, Pids{9});
}

TEST(ChildrenList, TheProcOfAnotherNamespaceIsNotBelieved) {
  const FakeProc proc(false);
  proc.Self(std::to_string(getpid()), "NSpid:\t4711\t" + std::to_string(getpid()));
  proc.Children("7 8 ");
  ChildrenList list(proc.root());
  EXPECT_EQ(list.Probe(), ChildrenSource::kNone);
  Pids pids;
  EXPECT_EQ(list.Read(true, pids), ListPart::kFailed);
  EXPECT_TRUE(pids.empty());
}

TEST(ChildrenList, FailsWithoutProcAndRecoversWhenItIsThere) {
  const FakeProc proc(false);
  ChildrenList list(proc.root());
  Pids pids;
  EXPECT_EQ(list.Read(true, pids), ListPart::kFailed);
  EXPECT_EQ(list.Read(true, pids), ListPart::kFailed);
  proc.Self(std::to_string(getpid()), "");
  proc.Children("7 ");
  EXPECT_EQ(ReadWhole(list, pids), ListPart::kEnd);
  EXPECT_EQ(pids, Pids{7});
}

TEST(ChildrenList, AFileThatCannotBeReadIsOpenedAnew) {
  const FakeProc proc;
  const std::string pid = std::to_string(getpid());
  const std::string file = pid + "/task/" + pid + "/children";
  // Can be opened, cannot be read: as the file of a thread that is gone.
  std::filesystem::create_directories(proc.dir().Path(file));
  ChildrenList list(proc.root());
  Pids pids;
  EXPECT_EQ(list.Read(true, pids), ListPart::kFailed);
  std::filesystem::remove(proc.dir().Path(file));
  proc.Children("7 ");
  EXPECT_EQ(ReadWhole(list, pids), ListPart::kEnd);
  EXPECT_EQ(pids, Pids{7});
}

class RealChildrenTest : public ::testing::TestWithParam<bool> {};

TEST_P(RealChildrenTest, ListsTheLivingAndTheDead) {
  const test::ScopedChild living(test::ForkSleeper());
  const test::ScopedChild dead(test::Fork([] { return 0; }));
  ASSERT_TRUE(test::Eventually([&] { return test::StateOf(dead.pid()) == 'Z'; }));
  ChildrenList list("/proc");
  if (GetParam()) list.ForbidChildrenFile();
  Pids pids;
  EXPECT_EQ(ReadWhole(list, pids), ListPart::kEnd);
  for (const pid_t pid : {living.pid(), dead.pid()}) {
    EXPECT_EQ(std::count(pids.begin(), pids.end(), pid), 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Sources, RealChildrenTest, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Walk" : "ChildrenFile"; });

TEST(ChildrenList, IsReadAnewAfterDescriptorsWereExhausted) {
  test::ExpectInChild([] {
    ChildrenList list("/proc");
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit none{0, limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    Pids pids;
    EXPECT_EQ(list.Read(true, pids), ListPart::kFailed);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(ReadWhole(list, pids), ListPart::kEnd);
    EXPECT_EQ(list.Probe(), ChildrenSource::kChildrenFile);
  });
}

}  // namespace
}  // namespace reaperd::sys
