// ExpectGolden: a text is what a file of tests/unit/ctl/golden says. With REAPERD_TEST_UPDATE_GOLDEN set
// the files are written instead: look at the difference before you commit it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "temp_dir.h"

namespace reaperd::ctl {

inline void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(REAPERD_GOLDEN) + "/" + name + ".txt";
  if (std::getenv("REAPERD_TEST_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  EXPECT_EQ(text, test::ReadFile(path)) << "of " << path;
}

}  // namespace reaperd::ctl
