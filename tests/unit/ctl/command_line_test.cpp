#include "ctl/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "ctl/display.h"
#include "ctl/help.h"

namespace reaperd::ctl {
namespace {

Invocation Parsed(const std::vector<std::string>& words) {
  const ParsedLine line = ParseCommandLine(words);
  if (const auto* error = std::get_if<UsageError>(&line)) {
    ADD_FAILURE() << error->message;
    return {};
  }
  return std::get<Invocation>(line);
}

std::string Problem(const std::vector<std::string>& words) {
  const ParsedLine line = ParseCommandLine(words);
  const auto* error = std::get_if<UsageError>(&line);
  return error != nullptr ? error->message : "none";
}

TEST(CommandLine, FindsTheVerbItsOptionsAndItsArguments) {
  const Invocation line =
      Parsed({"--json", "deaths", "-f", "--cause", "oom-kill", "--since=10m", "-n", "5"});
  EXPECT_EQ(line.verb->name, "deaths");
  EXPECT_EQ(line.globals.format, Format::kJson);
  EXPECT_TRUE(line.arguments.Has("--follow"));
  EXPECT_EQ(line.arguments.Text("--cause"), "oom-kill");
  EXPECT_EQ(line.arguments.Instant("--since", 700 * kSecond), 100 * kSecond);
  EXPECT_EQ(line.arguments.Number("--limit"), 5);
  EXPECT_FALSE(line.arguments.Has("--pid"));
}

TEST(CommandLine, TakesGeneralOptionsOnBothSidesOfTheVerb) {
  const Invocation line = Parsed({"--socket", "/s", "why", "214", "--absolute", "--color=never"});
  EXPECT_EQ(line.globals.socket, "/s");
  EXPECT_EQ(line.globals.times, Times::kAbsolute);
  EXPECT_EQ(line.globals.color, "never");
  EXPECT_EQ(line.arguments.positionals, std::vector<std::string>{"214"});
}

TEST(CommandLine, OptionalArgumentsMayBeMissing) {
  EXPECT_TRUE(Parsed({"rules"}).arguments.positionals.empty());
  EXPECT_EQ(Parsed({"rules", "add", "cause=signal,for=5s"}).arguments.At(1), "cause=signal,for=5s");
  EXPECT_EQ(Parsed({"signal", "TERM", "main"}).arguments.At(1), "main");
}

TEST(CommandLine, SaysWhatIsWrong) {
  EXPECT_EQ(Problem({}), "a verb is needed");
  EXPECT_EQ(Problem({"--json"}), "a verb is needed");
  EXPECT_EQ(Problem({"deths"}), "'deths' is not a verb of reaperctl; did you mean deaths?");
  EXPECT_EQ(Problem({"services"}), "'services' is not a verb of reaperctl");
  EXPECT_EQ(Problem({"why", "nginx"}), "PID: 'nginx' is not a process number");
  EXPECT_EQ(Problem({"why", "0"}), "PID: '0' is not a process number");
  EXPECT_EQ(Problem({"deaths", "--limit", "0"}), "--limit: '0' is not a number above 0");
  EXPECT_EQ(Problem({"hold", "1", "--for", "5"}),
            "--for: '5' is not a duration such as 500ms, 5s, 2m, 1h or 0");
  EXPECT_EQ(Problem({"--color", "red", "ps"}), "--color: 'red' is not auto, always or never");
  EXPECT_EQ(Problem({"completions", "tcsh"}), "SHELL: 'tcsh' is not bash, zsh or fish");
  EXPECT_EQ(Problem({"ps", "--tre"}), "ps has no option --tre; did you mean --tree?");
  EXPECT_EQ(Problem({"ping", "x"}), "ping: 'x' is too much");
  EXPECT_EQ(Problem({"deaths", "x"}), "deaths: 'x' is too much");
  for (const auto& words : std::vector<std::vector<std::string>>{{"why"},
                                                                 {"why", "1", "2"},
                                                                 {"ps", "--nothing"},
                                                                 {"ping", "x"},
                                                                 {"hold", "1", "--for"}}) {
    EXPECT_NE(Problem(words), "none") << words.back();
  }
}

TEST(CommandLine, SaysWhichValueIsMissing) {
  EXPECT_EQ(Problem({"--socket"}), "--socket needs a value: PATH");
  EXPECT_EQ(Problem({"ps", "--socket"}), "--socket needs a value: PATH");
  EXPECT_EQ(Problem({"--socket", "--json", "ps"}), "--socket needs a value: PATH");
  EXPECT_EQ(Problem({"hold", "1", "--for"}), "--for needs a value: DURATION");
  EXPECT_EQ(Problem({"deaths", "-n"}), "-n needs a value: COUNT");
  EXPECT_EQ(Problem({"--socket", "ps"}), "a verb is needed: 'ps' is the value of --socket here");
}

TEST(CommandLine, ANumberForDeathsMayBeMeantForPid) {
  EXPECT_EQ(Problem({"deaths", "5"}), "deaths: '5' is too much; did you mean --pid 5?");
  EXPECT_EQ(Problem({"why", "1", "2"}), "why: '2' is too much");
}

TEST(CommandLine, HelpIsAVerb) {
  EXPECT_EQ(std::get<HelpWanted>(ParseCommandLine({"help"})).verb, nullptr);
  EXPECT_EQ(std::get<HelpWanted>(ParseCommandLine({"--json", "help", "ps"})).verb->name, "ps");
  EXPECT_EQ(Problem({"help", "pss"}), "'pss' is not a verb of reaperctl; did you mean ps?");
  EXPECT_EQ(Problem({"help", "ps", "top"}), "help: 'top' is too much");
}

TEST(CommandLine, HelpComesBeforeWhatIsWrong) {
  const auto verb = ParseCommandLine({"why", "--help"});
  ASSERT_TRUE(std::holds_alternative<HelpWanted>(verb));
  EXPECT_EQ(std::get<HelpWanted>(verb).verb->name, "why");
  EXPECT_EQ(std::get<HelpWanted>(ParseCommandLine({"-h"})).verb, nullptr);
  EXPECT_TRUE(std::holds_alternative<VersionWanted>(ParseCommandLine({"--version"})));
}

TEST(Help, FitsOneScreen) {
  const std::string text = GeneralHelp();
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 23);
  for (const std::string_view line : Split(text, '\n'))
    EXPECT_LE(ColumnsOf(line), 80U) << line;
}

TEST(Help, TellsOfEveryVerb) {
  const std::string all = GeneralHelp();
  for (const Verb& verb : Verbs()) {
    EXPECT_NE(all.find("\n  " + std::string(verb.name)), std::string::npos) << verb.name;
    const std::string own = VerbHelp(verb);
    for (const OptionSpec& option : verb.options)
      EXPECT_NE(own.find(option.name()), std::string::npos) << option.name();
    for (const std::string_view line : Split(own, '\n'))
      EXPECT_LE(ColumnsOf(line), 100U) << line;
  }
}

TEST(Verbs, HaveNamesOfTheirOwnAndHandlers) {
  std::set<std::string_view> names;
  for (const Verb& verb : Verbs()) {
    EXPECT_TRUE(names.insert(verb.name).second) << verb.name;
    EXPECT_NE(verb.handler, nullptr) << verb.name;
  }
}

}  // namespace
}  // namespace reaperd::ctl
