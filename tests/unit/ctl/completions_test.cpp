#include "ctl/completions.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "ctl/verbs.h"
#include "golden.h"

namespace reaperd::ctl {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Completions, KnowEveryVerbAndEveryOption) {
  const std::string bash = BashCompletions();
  const std::string zsh = ZshCompletions();
  const std::string fish = FishCompletions();
  for (const Verb& verb : Verbs()) {
    const std::string name(verb.name);
    EXPECT_TRUE(Has(bash, "      " + name + ") offers+=")) << name;
    EXPECT_TRUE(Has(zsh, "      " + name + ") offers+=")) << name;
    EXPECT_TRUE(Has(zsh, "'" + name + ":")) << name;
    EXPECT_TRUE(Has(fish, " -a " + name + " -d '")) << name;
    for (const OptionSpec& option : verb.options) {
      const std::string flag(option.name());
      EXPECT_TRUE(Has(bash, flag)) << flag;
      EXPECT_TRUE(Has(zsh, flag)) << flag;
      EXPECT_TRUE(Has(fish, " -l " + flag.substr(2))) << flag;
    }
  }
}

TEST(Completions, OfferTheWordsOfAValue) {
  for (const std::string& text : {BashCompletions(), ZshCompletions(), FishCompletions()}) {
    EXPECT_TRUE(Has(text, "oom-kill"));
    EXPECT_TRUE(Has(text, "trace debug info warn error off"));
    EXPECT_TRUE(Has(text, "HUP INT QUIT"));
  }
}

TEST(Completions, LookAsRecorded) {
  ExpectGolden("completions-bash", BashCompletions());
  ExpectGolden("completions-zsh", ZshCompletions());
  ExpectGolden("completions-fish", FishCompletions());
}

}  // namespace
}  // namespace reaperd::ctl
