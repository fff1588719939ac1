#include "ctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "base/suggest.h"

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

bool IsGlobalWithValue(const std::string& word) {
  const auto options = GlobalOptions();
  return std::any_of(options.begin(), options.end(), [&](const OptionSpec& option) {
    return !option.value.empty() && word == option.name();
  });
}

/// The first word that is no option: it should be a verb.
std::string VerbWord(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (IsGlobalWithValue(words[i])) {
      ++i;
    } else if (!words[i].starts_with('-')) {
      return words[i];
    }
  }
  return {};
}

bool Asks(const std::vector<std::string>& words, std::string_view flag, std::string_view letter) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end,
                     [&](const std::string& word) { return word == flag || word == letter; });
}

std::string UnknownVerb(const std::string& word) {
  std::vector<std::string_view> names;
  for (const Verb& verb : Verbs())
    names.push_back(verb.name);
  const std::string_view close = Suggest(word, names);
  const std::string hint = close.empty() ? "" : "; did you mean " + std::string(close) + "?";
  return "'" + word + "' is not a verb of reaperctl" + hint;
}

/// The words as CLI11 wants them: the last first.
std::vector<std::string> Reversed(std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());
  return words;
}

}  // namespace

ParsedLine ParseCommandLine(const std::vector<std::string>& words) {
  const std::string name = VerbWord(words);
  const Verb* verb = FindVerb(name);
  if (Asks(words, "--help", "-h")) return HelpWanted{verb};
  if (Asks(words, "--version", "--version")) return VersionWanted{};
  if (name.empty() && words.empty()) return UsageError{"a verb is needed", nullptr};
  if (!name.empty() && verb == nullptr) return UsageError{UnknownVerb(name), nullptr};

  Places places;
  CLI::App app("", "reaperctl");
  app.set_help_flag();
  AddOptions(app, GlobalOptions(), places);
  app.require_subcommand(1);
  CLI::App* sub = nullptr;
  if (verb != nullptr) {
    sub = app.add_subcommand(std::string(verb->name));
    sub->set_help_flag();
    sub->fallthrough();
    AddOptions(*sub, verb->options, places);
    AddPositionals(*sub, *verb, places);
  }
  try {
    app.parse(Reversed(words));
  } catch (const CLI::ParseError& error) {
    return UsageError{name.empty() ? std::string("a verb is needed") : error.what(), verb};
  }
  Invocation invocation{.verb = verb, .globals = {}, .arguments = {}};
  Arguments global;
  std::string problem = Collect(app, GlobalOptions(), places, global);
  if (problem.empty()) problem = Collect(*sub, verb->options, places, invocation.arguments);
  if (problem.empty()) problem = CollectPositionals(*verb, places, invocation.arguments);
  if (!problem.empty()) return UsageError{problem, verb};
  invocation.globals = GlobalsOf(global);
  return invocation;
}

}  // namespace reaperd::ctl
