#include "model/process_id.h"

#include <gtest/gtest.h>

namespace reaperd::model {
namespace {

TEST(ProcessId, IsTheBetterFormThatIsKnown) {
  EXPECT_EQ((ProcessIdentity{.pid = 7, .pidfs_inode = 42, .start_ticks = 5}).Id(), "i42");
  EXPECT_EQ((ProcessIdentity{.pid = 7, .start_ticks = 5}).Id(), "s7:5");
  EXPECT_EQ((ProcessIdentity{.pid = 7}).Id(), "");
}

TEST(ProcessId, IsReadBack) {
  const ProcessIdentity by_inode{.pid = 7, .pidfs_inode = UINT64_MAX, .start_ticks = 5};
  EXPECT_EQ(ParseProcessId(by_inode.Id()), ProcessIdentity{.pidfs_inode = UINT64_MAX});
  const ProcessIdentity by_start{.pid = 7, .start_ticks = 5};
  EXPECT_EQ(ParseProcessId(by_start.Id()), by_start);
}

TEST(ProcessId, AnythingElseIsNone) {
  for (const char* const text :
       {"", "i", "s", "i0", "i-1", "i1 ", " i1", "I1", "i18446744073709551616", "7", "s7",
        "s7:", "s:5", "s0:5", "s7:0", "s7:5:6", "s-7:5", "s2147483648:5", "x7:5"}) {
    EXPECT_EQ(ParseProcessId(text), std::nullopt) << text;
  }
}

TEST(ProcessId, NamesAProcessByTheNumbersThatItHolds) {
  const ProcessIdentity known{.pid = 7, .pidfs_inode = 42, .start_ticks = 5};
  const auto named_by = [&](const char* id, const ProcessIdentity& process) {
    return IsNamedBy(process, *ParseProcessId(id));
  };
  EXPECT_EQ(named_by("i42", known), SameProcess::kYes);
  EXPECT_EQ(named_by("i43", known), SameProcess::kNo);
  EXPECT_EQ(named_by("s7:5", known), SameProcess::kYes);
  EXPECT_EQ(named_by("s7:6", known), SameProcess::kNo);
  EXPECT_EQ(named_by("s8:5", known), SameProcess::kNo);
  const ProcessIdentity without_pidfs{.pid = 7, .start_ticks = 5};
  EXPECT_EQ(named_by("i42", without_pidfs), SameProcess::kUnknown);
  const ProcessIdentity not_looked_at{.pid = 7};
  EXPECT_EQ(named_by("s7:5", not_looked_at), SameProcess::kUnknown);
  EXPECT_EQ(named_by("s8:5", not_looked_at), SameProcess::kNo) << "another pid is enough";
}

}  // namespace
}  // namespace reaperd::model
