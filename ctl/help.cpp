#include "ctl/help.h"

#include <algorithm>

namespace reaperd::ctl {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;

std::string OptionWords(const OptionSpec& option) {
  std::string text(option.name());
  if (const auto comma = option.flags.find(','); comma != std::string_view::npos) {
    text = std::string(option.flags.substr(comma + 1)) + ", " + text;
  }
  if (!option.value.empty()) text += " " + std::string(option.value);
  return text;
}

struct HelpLine {
  std::string left;
  std::string right;
};

std::string Lines(const std::vector<HelpLine>& lines) {
  std::size_t width = 0;
  for (const HelpLine& line : lines)
    width = std::max(width, line.left.size());
  std::string text;
  for (const HelpLine& line : lines) {
    text.append(kIndent, ' ');
    text += line.left;
    text.append(width - line.left.size() + kGap, ' ');
    text += line.right + "\n";
  }
  return text;
}

std::vector<HelpLine> LinesOf(std::span<const OptionSpec> options) {
  std::vector<HelpLine> lines;
  for (const OptionSpec& option : options)
    lines.push_back({OptionWords(option), std::string(option.doc)});
  return lines;
}

}  // namespace

std::string UsageOf(const Verb& verb) {
  std::string text(verb.name);
  if (!verb.options.empty()) text += " [OPTIONS]";
  for (const ArgumentSpec& argument : verb.arguments) {
    const std::string name(argument.name);
    text += argument.required ? " " + name : " [" + name + "]";
  }
  return text;
}

std::string GeneralHelp() {
  std::string text =
      "Usage: reaperctl [OPTIONS] VERB ...      (reaperctl VERB --help tells more)\n";
  std::vector<HelpLine> lines;
  for (const Verb& verb : Verbs()) {
    std::string left(verb.name);
    for (const ArgumentSpec& argument : verb.arguments) {
      if (argument.required) left += " " + std::string(argument.name);
    }
    lines.push_back({left, std::string(verb.doc)});
  }
  text += Lines(lines);
  text +=
      "Options: --socket PATH, --json, --absolute (times), --color auto|always|never\n"
      "Exit: 0 done, 1 refused or not found, 2 usage, 3 no reaperd, else what wait says\n";
  return text;
}

std::string VerbHelp(const Verb& verb) {
  std::string text = "Usage: reaperctl " + UsageOf(verb) + "\n\n";
  text += std::string(verb.doc) + "\n";
  if (!verb.details.empty()) text += "\n" + std::string(verb.details) + "\n";
  if (!verb.options.empty()) text += "\nOptions:\n" + Lines(LinesOf(verb.options));
  text += "\nOptions of all verbs:\n" + Lines(LinesOf(GlobalOptions()));
  return text;
}

}  // namespace reaperd::ctl
