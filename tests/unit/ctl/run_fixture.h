// A run of reaperctl against a reaperd with canned replies: its exit code, and what it wrote.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ctl/run.h"
#include "fake_reaperd.h"
#include "temp_dir.h"

namespace reaperd::ctl {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

class Reaperctl : public testing::Test {
 protected:
  Outcome Run(const std::vector<std::string>& words) {
    const UniqueFd out(Open("out"));
    const UniqueFd err(Open("err"));
    surroundings_.out = out.get();
    surroundings_.err = err.get();
    if (surroundings_.search.named.empty()) surroundings_.search.named = fake.path();
    Outcome outcome;
    outcome.code = ctl::Run(words, surroundings_);
    outcome.out = test::ReadFile(dir_.Path("out"));
    outcome.err = test::ReadFile(dir_.Path("err"));
    return outcome;
  }

  test::FakeReaperd fake;
  Surroundings surroundings_;

 private:
  [[nodiscard]] int Open(const std::string& name) const {
    return open(dir_.Path(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  }

  test::TempDir dir_;
};

}  // namespace reaperd::ctl
