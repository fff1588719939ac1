#include "daemon/personality/personality.h"

#include <gtest/gtest.h>

#include "daemon/personality/common.h"

namespace reaperd::daemon {
namespace {

TEST(FindPersonality, GoesByTheBaseNameOfArgv0) {
  for (const char* name : {"tini", "/sbin/tini", "tini-static", "/sbin/docker-init", "dumb-init",
                           "./catatonit", "/run/podman-init", "/pause"}) {
    const Personality* found = FindPersonality(name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(found->program, BaseName(name));
  }
}

TEST(FindPersonality, EverybodyElseIsReaperd) {
  for (const char* name : {"reaperd", "reaperd-static", "", "/", "tini/", "-tini", "tini2"}) {
    EXPECT_EQ(FindPersonality(name), nullptr) << name;
  }
}

TEST(ParseLeadingInteger, ReadsAsStrtolDoes) {
  struct Row {
    const char* text;
    int value;
    std::size_t length;
  };
  for (const Row& row :
       {Row{"7", 7, 1}, Row{" \t+7", 7, 4}, Row{"-7x", -7, 2}, Row{"007", 7, 3}, Row{"", 0, 0},
        Row{"x", 0, 0}, Row{" +", 0, 0}, Row{"0x1", 0, 1}, Row{"2147483647", 2147483647, 10},
        Row{"2147483648", 2147483647, 10}, Row{"-99999999999999999999", -2147483647 - 1, 21}}) {
    const LeadingInteger found = ParseLeadingInteger(row.text);
    EXPECT_EQ(found.value, row.value) << row.text;
    EXPECT_EQ(found.length, row.length) << row.text;
  }
}

}  // namespace
}  // namespace reaperd::daemon
