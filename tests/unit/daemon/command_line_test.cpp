// Our own command line as a whole: where the options end, what contradicts, what is printed.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "base/text.h"
#include "daemon/explain.h"
#include "daemon/option_table.h"
#include "daemon/options.h"
#include "daemon/version.h"
#include "personality/parse_helper.h"

namespace reaperd::daemon {
namespace {

using Command = std::vector<std::string>;

ParsedCommandLine Own(const Texts& argv, const Texts& environment = {}) {
  return Parse(ParseOwnCommandLine, argv, environment);
}

Command CommandOf(const Texts& argv) {
  const ParsedCommandLine parsed = Own(argv);
  EXPECT_TRUE(Runs(parsed)) << parsed.err;
  return parsed.spec.main.command;
}

std::string Refusal(const Texts& argv) {
  const ParsedCommandLine parsed = Own(argv);
  EXPECT_FALSE(Runs(parsed));
  EXPECT_EQ(parsed.exit_code, 125);
  EXPECT_EQ(parsed.out, "");
  return parsed.err;
}

/// Columns of a terminal: code points, as all that we print is narrow.
std::size_t Columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::vector<std::string_view> Lines(std::string_view text) {
  EXPECT_TRUE(text.ends_with('\n'));
  text.remove_suffix(1);
  return Split(text, '\n');
}

TEST(CommandLine, OptionsEndAtTheFirstWordThatIsNone) {
  EXPECT_EQ(CommandOf({"reaperd", "prog", "--grace", "x"}), (Command{"prog", "--grace", "x"}));
  EXPECT_EQ(CommandOf({"reaperd", "--grace=1s", "prog", "--", "-h"}),
            (Command{"prog", "--", "-h"}));
  EXPECT_EQ(CommandOf({"reaperd", "-", "-h"}), (Command{"-", "-h"}));
  EXPECT_EQ(CommandOf({"reaperd", "", "x"}), (Command{"", "x"}));
}

TEST(CommandLine, TwoDashesEndTheOptions) {
  EXPECT_EQ(CommandOf({"reaperd", "--", "--grace"}), Command{"--grace"});
  EXPECT_EQ(CommandOf({"reaperd", "--grace=1s", "--", "--", "x"}), (Command{"--", "x"}));
}

TEST(CommandLine, AValueMayLookLikeAnything) {
  EXPECT_EQ(CommandOf({"reaperd", "--env", "--=--", "prog"}), Command{"prog"});
  EXPECT_EQ(CommandOf({"reaperd", "--env=A==", "prog"}), Command{"prog"});
}

TEST(CommandLine, WithoutACommandItSaysWhatWasExpected) {
  const std::string line =
      "reaperd: no command given; expected reaperd [OPTIONS] [--] COMMAND [ARG...]\n";
  EXPECT_EQ(Refusal({"reaperd"}), line);
  EXPECT_EQ(Refusal({"reaperd", "--"}), line);
  EXPECT_EQ(Refusal({"reaperd", "--grace=1s"}), line);
  EXPECT_EQ(Refusal({}), line) << "not even an argv[0]";
}

TEST(CommandLine, AnUnknownOptionIsNamedWithTheClosest) {
  struct Row {
    const char* word;
    const char* complaint;
  };
  for (const Row& row :
       {Row{"--grce", "'--grce'; did you mean --grace?"},
        Row{"--garce", "'--garce'; did you mean --grace?"},
        Row{"--graces=5s", "'--graces'; did you mean --grace?"},
        Row{"-grace", "'-grace'; did you mean --grace?"},
        Row{"--stop-timout", "'--stop-timout'; did you mean --stop-timeout?"},
        Row{"--signaltarget", "'--signaltarget'; did you mean --signal-target?"},
        Row{"--Version", "'--Version'; did you mean --version?"},
        Row{"--socket", "'--socket'; see reaperd --help"}, Row{"-x", "'-x'; see reaperd --help"},
        Row{"---", "'---'; see reaperd --help"}, Row{"--=x", "'--'; see reaperd --help"},
        Row{"--gr\nace\x1b", "'--gr\\x0aace\\x1b'; see reaperd --help"}}) {
    EXPECT_EQ(Refusal({"reaperd", row.word, "true"}),
              "reaperd: there is no option " + std::string(row.complaint) + "\n");
  }
}

TEST(CommandLine, AnAbsurdlyLongOptionIsNotComparedWithAll) {
  const std::string word = "--" + std::string(1 << 20, 'x');
  EXPECT_TRUE(Refusal({"reaperd", word.c_str(), "true"}).ends_with("'; see reaperd --help\n"));
}

TEST(CommandLine, ContradictionsAreToldWithBothSides) {
  EXPECT_EQ(Refusal({"reaperd", "--new-session", "--process-group=own", "true"}),
            "reaperd: --new-session and --process-group contradict each other; expected one of "
            "them\n");
  EXPECT_EQ(Refusal({"reaperd", "--process-group=inherit", "--new-session", "true"}),
            "reaperd: --new-session and --process-group contradict each other; expected one of "
            "them\n");
  EXPECT_EQ(
      Refusal({"reaperd", "--exit-by-signal", "--map=7=8", "--map=SIGTERM=0", "true"}),
      "reaperd: --exit-by-signal and --map '143=0' contradict each other; expected one of them "
      "for that signal\n");
  // A map of plain codes does not concern signals.
  EXPECT_EQ(CommandOf({"reaperd", "--exit-by-signal", "--map=7=8", "true"}), Command{"true"});
}

TEST(CommandLine, HelpAndVersionRunNothing) {
  for (const char* option : {"--help", "-h"}) {
    const ParsedCommandLine parsed =
        Own({"reaperd", option, "--new-session", "--process-group=own"});
    EXPECT_FALSE(Runs(parsed));
    EXPECT_EQ(parsed.exit_code, 0);
    EXPECT_EQ(parsed.out, HelpText());
    EXPECT_EQ(parsed.err, "");
  }
  const ParsedCommandLine parsed = Own({"reaperd", "--version", "true"});
  EXPECT_FALSE(Runs(parsed));
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_EQ(parsed.out, "reaperd " + std::string(kVersion) + "\n");
}

TEST(CommandLine, ABadOptionGoesBeforeHelp) {
  EXPECT_NE(Refusal({"reaperd", "--help", "--grace=x"}), "");
  EXPECT_NE(Refusal({"reaperd", "--grace=x", "--help"}), "");
}

TEST(HelpText, FitsOneScreen) {
  const std::string help = HelpText();
  const auto lines = Lines(help);
  EXPECT_LE(lines.size(), 50U);
  for (const std::string_view line : lines)
    EXPECT_LE(Columns(line), 80U) << line;
}

TEST(HelpText, ShowsEveryOptionWithItsDefault) {
  const std::string help = HelpText();
  const auto lines = Lines(help);
  for (const OptionRow& row : OptionTable()) {
    const std::string left =
        "  --" + std::string(row.name) +
        (row.argument.empty() ? std::string(" ") : " " + std::string(row.argument) + " ");
    const auto line = std::find_if(lines.begin(), lines.end(),
                                   [&](std::string_view text) { return text.starts_with(left); });
    ASSERT_NE(line, lines.end()) << left;
    EXPECT_NE(line->find(row.help), std::string_view::npos) << *line;
    if (row.fallback.empty()) continue;
    EXPECT_TRUE(line->ends_with(" [" + std::string(row.fallback) + "]")) << *line;
  }
}

TEST(Explain, RunsNothingAndFitsTheScreen) {
  const ParsedCommandLine parsed =
      Own({"reaperd", "--explain", "--map=143=0", "--rewrite=HUP=QUIT", "--user=5:6", "--drain=5s",
           "--drain-command=sh -c 'exit 1'", "--grace=off", "prog", "a b"});
  EXPECT_FALSE(Runs(parsed));
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_EQ(parsed.err, "");
  for (const std::string_view line : Lines(parsed.out))
    EXPECT_LE(Columns(line), 80U) << line;
  for (const char* part : {"prog 'a b'", "143 becomes", "uid 5, gid 6", "sh -c 'exit 1'",
                           "forwarded, as SIGQUIT", "off: whatever remains", "/proc"}) {
    EXPECT_NE(parsed.out.find(part), std::string::npos) << part;
  }
}

TEST(Explain, NeedsNoCommandAndShowsHostileOnesHarmlessly) {
  EXPECT_NE(Own({"reaperd", "--explain"}).out.find("none given"), std::string::npos);
  const std::string out = Own({"reaperd", "--explain", "\x1b[2J\n"}).out;
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
  EXPECT_NE(out.find("\\x1b[2J\\x0a"), std::string::npos);
}

TEST(Explain, TellsWhatDependsOnBeingPid1) {
  const std::string first = Explain(model::RunSpec{}, {.pid1 = true});
  EXPECT_NE(first.find("PID 1: orphans come to us"), std::string::npos);
  EXPECT_NE(first.find("KILL after 5s"), std::string::npos);
  EXPECT_EQ(Explain(model::RunSpec{}, {}).find("KILL after 5s"), std::string::npos);
}

TEST(Explain, SaysThatARunWhichStartedNothingKnowsNothingOfStarts) {
  const auto line = [](const Place& place) {
    const std::string out = Explain(model::RunSpec{}, place);
    const std::size_t at = out.find("  clone ");
    return out.substr(at, out.find('\n', at) - at);
  };
  EXPECT_NE(line({}).find("not known"), std::string::npos);
  EXPECT_NE(line({.clone_sharing = false}).find("refused"), std::string::npos);
  EXPECT_NE(line({.clone_sharing = true}).find("shares memory"), std::string::npos);
}

}  // namespace
}  // namespace reaperd::daemon
