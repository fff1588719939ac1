// Replays the corpus of every fuzz target as an ordinary test.
#include <gtest/gtest.h>

#include <filesystem>

#include "targets.h"
#include "temp_dir.h"

namespace reaperd::fuzz {
namespace {

class CorpusTest : public ::testing::TestWithParam<TargetRow> {};

TEST_P(CorpusTest, KeepsEveryPromise) {
  std::size_t inputs = 0;
  const std::filesystem::path folder = std::filesystem::path(REAPERD_CORPUS) / GetParam().name;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path());
    const std::string input = test::ReadFile(entry.path());
    GetParam().run(input);
    // Every beginning of it, too: files are cut, lines are typed one letter at a time.
    for (std::size_t length = 0; length < input.size() && length < 300; ++length) {
      GetParam().run(std::string_view(input).substr(0, length));
    }
    ++inputs;
  }
  EXPECT_GE(inputs, 3U) << "the corpus is missing: " << folder;
}

INSTANTIATE_TEST_SUITE_P(Targets, CorpusTest, ::testing::ValuesIn(kTargets),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace reaperd::fuzz
