#include "ctl/completions.h"

#include <array>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "ctl/verbs.h"

namespace reaperd::ctl {
namespace {

// What lists numbers at completion time: the first column of ps, the third of deaths.
constexpr std::string_view kLivingPids = "$(reaperctl ps 2>/dev/null | awk 'NR > 1 { print $1 }')";
constexpr std::string_view kDeadPids =
    "$(reaperctl deaths --absolute 2>/dev/null | awk 'NR > 1 { print $3 }')";

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

/// As the words of a double-quoted shell text.
std::string ValuesOf(ValueKind kind) {
  if (kind == ValueKind::kPid) return std::string(kLivingPids);
  if (kind == ValueKind::kDeadPid) return std::string(kDeadPids);
  return Joined(Choices(kind));
}

std::string SingleQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// "--follow -f".
std::string FlagWords(std::span<const OptionSpec> options) {
  std::vector<std::string> words;
  for (const OptionSpec& option : options) {
    for (const std::string_view flag : Split(option.flags, ','))
      words.emplace_back(flag);
  }
  return Joined(words);
}

/// "--follow|-f".
std::string Pattern(const OptionSpec& option) {
  std::string text;
  for (const std::string_view flag : Split(option.flags, ','))
    text += (text.empty() ? "" : "|") + std::string(flag);
  return text;
}

std::string VerbNames() {
  std::vector<std::string> names;
  for (const Verb& verb : Verbs())
    names.emplace_back(verb.name);
  return Joined(names);
}

/// Options of the whole program and of all verbs that take a value, each once.
std::vector<const OptionSpec*> ValuedOptions() {
  std::vector<const OptionSpec*> found;
  const auto add = [&](std::span<const OptionSpec> options) {
    for (const OptionSpec& option : options) {
      bool known = option.value.empty();
      for (const OptionSpec* other : found)
        known = known || other->flags == option.flags;
      if (!known) found.push_back(&option);
    }
  };
  add(GlobalOptions());
  for (const Verb& verb : Verbs())
    add(verb.options);
  return found;
}

/// Those whose next word is not the verb.
std::string GlobalValuePattern() {
  std::string text;
  for (const OptionSpec& option : GlobalOptions()) {
    if (!option.value.empty()) text += (text.empty() ? "" : "|") + Pattern(option);
  }
  return text;
}

/// `case $prev in` of both bash and zsh: words for the value of an option.
std::string ValueCases(std::string_view files) {
  std::string text;
  for (const OptionSpec* option : ValuedOptions()) {
    text += "    " + Pattern(*option) + ") ";
    const std::string values = ValuesOf(option->kind);
    if (option->kind == ValueKind::kPath) {
      text += std::string(files) + "; return ;;\n";
    } else if (values.empty()) {
      text += "return ;;\n";  // anything goes: nothing can be offered
    } else {
      text += "offers=\"" + values + "\" ;;\n";
    }
  }
  return text;
}

/// `case $verb in` of both: words of the verb; `first` where there is none yet.
std::string VerbCases(const std::string& first) {
  const std::string none = first + FlagWords(GlobalOptions());
  std::string text = "    '') offers=\"" + none + "\" ;;\n";
  for (const Verb& verb : Verbs()) {
    std::string words = FlagWords(verb.options);
    for (const ArgumentSpec& argument : verb.arguments) {
      const std::string values = ValuesOf(argument.kind);
      if (!values.empty()) words += (words.empty() ? "" : " ") + values;
    }
    const std::string globals = FlagWords(GlobalOptions());
    words += (words.empty() ? "" : " ") + globals;
    text += "    " + std::string(verb.name) + ") offers=\"" + words + "\" ;;\n";
  }
  return text;
}

}  // namespace

std::string BashCompletions() {
  std::string text =
      "# bash completion of reaperctl, made by: reaperctl completions bash\n"
      "_reaperctl() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=\"\" "
      "offers=\"\" i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case ${COMP_WORDS[i]} in\n"
      "      " +
      GlobalValuePattern() +
      ") ((i++)) ;;\n"
      "      -*) ;;\n"
      "      *) verb=${COMP_WORDS[i]}; break ;;\n"
      "    esac\n"
      "  done\n"
      "  COMPREPLY=()\n"
      "  case $prev in\n";
  text += ValueCases("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
  text += "  esac\n  [[ -n $offers ]] || case $verb in\n" + VerbCases(VerbNames() + " ");
  text +=
      "  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$offers\" -- \"$cur\")\n"
      "}\n"
      "complete -F _reaperctl reaperctl\n";
  return text;
}

std::string ZshCompletions() {
  std::string text =
      "#compdef reaperctl\n"
      "# zsh completion of reaperctl, made by: reaperctl completions zsh\n"
      "_reaperctl() {\n"
      "  local prev=${words[CURRENT-1]} verb=\"\" i\n"
      "  local -a given verbs\n"
      "  given=(\"${words[@]}\")\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case ${given[i]} in\n"
      "      " +
      GlobalValuePattern() +
      ") ((i++)) ;;\n"
      "      -*) ;;\n"
      "      *) verb=${given[i]}; break ;;\n"
      "    esac\n"
      "  done\n"
      "  local offers=\"\"\n"
      "  case $prev in\n";
  text += ValueCases("_files");
  text += "  esac\n  if [[ -z $offers && -z $verb ]]; then\n    verbs=(\n";
  for (const Verb& verb : Verbs()) {
    std::string doc;
    for (const char c : verb.doc)
      doc += c == ':' ? std::string("\\:") : std::string(1, c);
    text += "      " + SingleQuoted(std::string(verb.name) + ":" + doc) + "\n";
  }
  text += "    )\n    _describe verb verbs\n  fi\n  [[ -n $offers ]] || case $verb in\n" +
          VerbCases("");
  text +=
      "  esac\n"
      "  compadd -- ${=offers}\n"
      "}\n"
      "if [[ ${funcstack[1]} == _reaperctl ]]; then _reaperctl \"$@\"; else compdef _reaperctl "
      "reaperctl; fi\n";
  return text;
}

namespace {

/// One `complete` line for an option.
std::string FishOption(const OptionSpec& option, const std::string& condition) {
  std::string text = "complete -c reaperctl" + condition;
  for (const std::string_view flag : Split(option.flags, ',')) {
    text += flag.starts_with("--") ? " -l " + std::string(flag.substr(2))
                                   : " -s " + std::string(flag.substr(1));
  }
  if (option.kind == ValueKind::kPath) {
    text += " -r -F";
  } else if (!option.value.empty()) {
    text += " -x";
    const std::string values = ValuesOf(option.kind);
    if (!values.empty())
      text += " -a " + SingleQuoted(values.starts_with('$') ? values.substr(1) : values);
  }
  return text + " -d " + SingleQuoted(option.doc) + "\n";
}

}  // namespace

std::string FishCompletions() {
  std::string text =
      "# fish completion of reaperctl, made by: reaperctl completions fish\n"
      "complete -c reaperctl -f\n";
  for (const OptionSpec& option : GlobalOptions())
    text += FishOption(option, "");
  for (const Verb& verb : Verbs()) {
    const std::string name(verb.name);
    text += "complete -c reaperctl -n __fish_use_subcommand -a " + name + " -d " +
            SingleQuoted(verb.doc) + "\n";
    const std::string condition = " -n '__fish_seen_subcommand_from " + name + "'";
    for (const OptionSpec& option : verb.options)
      text += FishOption(option, condition);
    for (const ArgumentSpec& argument : verb.arguments) {
      std::string values = ValuesOf(argument.kind);
      if (values.empty()) continue;
      // fish writes a substitution without the dollar.
      if (values.starts_with('$')) values.erase(0, 1);
      text += "complete -c reaperctl" + condition + " -a " + SingleQuoted(values) + "\n";
    }
  }
  return text;
}

int RunCompletions(Session& session, const Arguments& arguments) {
  struct Shell {
    std::string_view name;
    std::string (*make)();
  };
  constexpr std::array<Shell, 3> kShells{
      {{"bash", BashCompletions}, {"zsh", ZshCompletions}, {"fish", FishCompletions}}};
  for (const Shell& shell : kShells) {
    if (shell.name == arguments.At(0)) return session.Show(shell.make());
  }
  return kUsage;
}

}  // namespace reaperd::ctl
