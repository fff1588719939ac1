#include "ctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/suggest.h"
#include "base/text.h"

namespace reaperd::ctl {
namespace {

/// What CLI11 writes into; it keeps pointers.
struct Places {
  std::map<const OptionSpec*, std::string> values;
  std::map<const OptionSpec*, bool> flags;
  std::vector<std::string> positionals;
};

void AddOptions(CLI::App& app, std::span<const OptionSpec> options, Places& places) {
  for (const OptionSpec& option : options) {
    if (option.value.empty()) {
      app.add_flag(std::string(option.flags), places.flags[&option])
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    } else {
      app.add_option(std::string(option.flags), places.values[&option])
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
  }
}

void AddPositionals(CLI::App& app, const Verb& verb, Places& places) {
  places.positionals.resize(verb.arguments.size());
  for (std::size_t i = 0; i < verb.arguments.size(); ++i) {
    CLI::Option* added = app.add_option(std::string(verb.arguments[i].name), places.positionals[i]);
    if (verb.arguments[i].required) added->required();
  }
}

std::string NotThat(std::string_view name, std::string_view value, std::string_view expected) {
  std::string text(name);
  text.append(": '").append(value).append("' is not ").append(expected);
  return text;
}

/// The options that were given, checked; a message when one is wrong.
std::string Collect(CLI::App& app, std::span<const OptionSpec> options, const Places& places,
                    Arguments& into) {
  for (const OptionSpec& option : options) {
    const std::string name(option.name());
    if (app.get_option(name)->count() == 0) continue;
    const std::string value = option.value.empty() ? "" : places.values.at(&option);
    if (!option.value.empty()) {
      const std::string expected = Expectation(option.kind, value);
      if (!expected.empty()) return NotThat(name, value, expected);
    }
    into.options.emplace(name, value);
  }
  return {};
}

std::string CollectPositionals(const Verb& verb, const Places& places, Arguments& into) {
  for (std::size_t i = 0; i < verb.arguments.size(); ++i) {
    const std::string& value = places.positionals[i];
    if (value.empty() && !verb.arguments[i].required) break;
    const std::string expected = Expectation(verb.arguments[i].kind, value);
    if (!expected.empty()) {
      return NotThat(verb.arguments[i].name, value, expected);
    }
    into.positionals.push_back(value);
  }
  return {};
}

Globals GlobalsOf(const Arguments& given) {
  Globals globals;
  globals.socket = given.Text("--socket").value_or("");
  if (given.Has("--json")) globals.format = Format::kJson;
  if (given.Has("--absolute")) globals.times = Times::kAbsolute;
  globals.color = given.Text("--color").value_or("auto");
  return globals;
}

/// The option of the program or of the verb that has this flag and takes a value; nullptr: none.
const OptionSpec* ValuedOption(std::string_view flag, const Verb* verb) {
  const auto in = [&](std::span<const OptionSpec> options) -> const OptionSpec* {
    for (const OptionSpec& option : options) {
      const auto flags = Split(option.flags, ',');
      const bool has = std::find(flags.begin(), flags.end(), flag) != flags.end();
      if (has && !option.value.empty()) return &option;
    }
    return nullptr;
  };
  const OptionSpec* global = in(GlobalOptions());
  return global != nullptr || verb == nullptr ? global : in(verb->options);
}

/// Words that are no options: the first should be a verb. (Behind it are values of its options.)
std::vector<std::string> PlainWords(const std::vector<std::string>& words) {
  std::vector<std::string> plain;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (ValuedOption(words[i], nullptr) != nullptr) {
      ++i;
    } else if (!words[i].starts_with('-')) {
      plain.push_back(words[i]);
    }
  }
  return plain;
}

/// What is wrong when an option has no value behind it; empty: nothing.
std::string MissingValue(const std::vector<std::string>& words, const Verb* verb) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const OptionSpec* option = ValuedOption(words[i], verb);
    if (option == nullptr) continue;
    ++i;
    if (i < words.size() && !words[i].starts_with("--")) continue;
    return std::string(words[i - 1]).append(" needs a value: ").append(option->value);
  }
  return {};
}

/// Somebody may have left the value out, so that the verb was taken for it.
std::string NoVerb(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (ValuedOption(words[i - 1], nullptr) == nullptr || FindVerb(words[i]) == nullptr) continue;
    return "a verb is needed: '" + words[i] + "' is the value of " + words[i - 1] + " here";
  }
  return "a verb is needed";
}

bool Asks(const std::vector<std::string>& words, std::string_view flag, std::string_view letter) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end,
                     [&](const std::string& word) { return word == flag || word == letter; });
}

std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string_view close = Suggest(word, known);
  return close.empty() ? "" : "; did you mean " + std::string(close) + "?";
}

std::string UnknownVerb(const std::string& word) {
  std::vector<std::string_view> names{"help"};
  for (const Verb& verb : Verbs())
    names.push_back(verb.name);
  return "'" + word + "' is not a verb of reaperctl" + DidYouMean(word, names);
}

std::string UnknownOption(const std::string& word, const Verb& verb) {
  std::vector<std::string_view> names;
  for (const auto options : {std::span<const OptionSpec>(verb.options), GlobalOptions()})
    for (const OptionSpec& option : options)
      names.push_back(option.name());
  return std::string(verb.name) + " has no option " + word + DidYouMean(word, names);
}

/// A word too many. Where an option chooses a process, that may have been meant.
std::string Surplus(const std::string& word, const Verb& verb) {
  if (word.starts_with('-')) return UnknownOption(word, verb);
  std::string text = std::string(verb.name) + ": '" + word + "' is too much";
  for (const OptionSpec& option : verb.options) {
    if (option.kind != ValueKind::kDeadPid || !Expectation(option.kind, word).empty()) continue;
    text.append("; did you mean ").append(option.name()).append(" " + word + "?");
  }
  return text;
}

/// `help`, or `help VERB`.
ParsedLine HelpOf(const std::vector<std::string>& plain) {
  if (plain.size() == 1) return HelpWanted{};
  if (plain.size() > 2) return UsageError{"help: '" + plain[2] + "' is too much", nullptr};
  const Verb* verb = FindVerb(plain[1]);
  if (verb == nullptr) return UsageError{UnknownVerb(plain[1]), nullptr};
  return HelpWanted{verb};
}

/// The words as CLI11 wants them: the last first.
std::vector<std::string> Reversed(std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());
  return words;
}

/// What is wrong with the words as CLI11 sees it; empty: nothing.
std::string ParseInto(CLI::App& app, const std::vector<std::string>& words, const Verb& verb) {
  try {
    app.parse(Reversed(words));
  } catch (const CLI::ExtrasError& error) {
    const std::vector<std::string> extras = app.remaining(true);
    return extras.empty() ? error.what() : Surplus(extras.front(), verb);
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return {};
}

ParsedLine ParseVerb(const std::vector<std::string>& words, const Verb& verb) {
  Places places;
  CLI::App app("", "reaperctl");
  app.set_help_flag();
  AddOptions(app, GlobalOptions(), places);
  app.require_subcommand(1);
  CLI::App* sub = app.add_subcommand(std::string(verb.name));
  sub->set_help_flag();
  sub->fallthrough();
  AddOptions(*sub, verb.options, places);
  AddPositionals(*sub, verb, places);
  std::string problem = ParseInto(app, words, verb);
  if (!problem.empty()) return UsageError{problem, &verb};
  Invocation invocation{.verb = &verb, .globals = {}, .arguments = {}};
  Arguments global;
  problem = Collect(app, GlobalOptions(), places, global);
  if (problem.empty()) problem = Collect(*sub, verb.options, places, invocation.arguments);
  if (problem.empty()) problem = CollectPositionals(verb, places, invocation.arguments);
  if (!problem.empty()) return UsageError{problem, &verb};
  invocation.globals = GlobalsOf(global);
  return invocation;
}

}  // namespace

ParsedLine ParseCommandLine(const std::vector<std::string>& words) {
  const std::vector<std::string> plain = PlainWords(words);
  const std::string name = plain.empty() ? "" : plain.front();
  const Verb* verb = FindVerb(name);
  if (Asks(words, "--help", "-h")) return HelpWanted{verb};
  if (Asks(words, "--version", "--version")) return VersionWanted{};
  if (name == "help") return HelpOf(plain);
  if (std::string missing = MissingValue(words, verb); !missing.empty()) {
    return UsageError{std::move(missing), verb};
  }
  if (name.empty()) return UsageError{NoVerb(words), nullptr};
  if (verb == nullptr) return UsageError{UnknownVerb(name), nullptr};
  return ParseVerb(words, *verb);
}

}  // namespace reaperd::ctl
