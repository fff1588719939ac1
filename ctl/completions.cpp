#include "ctl/completions.h"

#include <array>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "ctl/verbs.h"

namespace reaperd::ctl {
namespace {

/// What reaperctl itself lists at completion time.
struct Listing {
  ValueKind kind;
  std::string_view words;   ///< that are there always
  std::string_view verb;    ///< with its options
  std::string_view filter;  ///< of awk: what of the table is a value
};

// TABLE: by the columns of docs/reaperctl.md.
constexpr std::array<Listing, 6> kListings{{
    {ValueKind::kPid, "", "ps", "NR > 1 { print $1 }"},
    {ValueKind::kTarget, "main ", "ps", "NR > 1 { print $1 }"},
    {ValueKind::kDeadPid, "", "deaths --absolute", "NR > 1 { print $3 }"},
    {ValueKind::kHeldPid, "", "held", "NR > 1 { print $1 }"},
    {ValueKind::kRuleName, "lease ", "rules", "!NF { exit } NR > 1 { print $1 }"},
    {ValueKind::kBarrierName, "", "rules", "!NF { on = 0 } on { print $1 } /^BARRIER / { on = 1 }"},
}};

enum class Language { kBashOrZsh, kFish };

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

/// As the words of a double-quoted shell text. A socket that was typed is the one to ask.
std::string ValuesOf(ValueKind kind, Language language) {
  for (const Listing& listing : kListings) {
    if (listing.kind != kind) continue;
    std::string text(listing.words);
    text += language == Language::kFish ? "(__reaperctl_ask " : "$(reaperctl \"${at[@]}\" ";
    text.append(listing.verb).append(" 2>/dev/null | awk '").append(listing.filter);
    return text + "')";
  }
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

/// Those whose next word is their value, without the one that names the socket.
std::string ValuePattern(std::string_view between) {
  std::string text;
  for (const OptionSpec* option : ValuedOptions()) {
    if (option->kind == ValueKind::kPath) continue;
    for (const std::string_view flag : Split(option->flags, ','))
      text.append(text.empty() ? "" : between).append(flag);
  }
  return text;
}

/// What stands before the word that is completed, for both bash and zsh, from `given`: verb, the
/// place of the argument that comes next, and `at`, how to name the socket. bash has = as a word.
std::string ReadGiven() {
  return "  for ((; i < end; i++)); do\n"
         "    case ${given[i]} in\n"
         "      --socket) [[ ${given[i+1]} == '=' ]] && ((i++))\n"
         "        ((i++)); at=(--socket \"${given[i]/#\\~\\//$HOME/}\") ;;\n"
         "      --socket=*) at=(\"${given[i]}\") ;;\n"
         "      " +
         ValuePattern("|") +
         ") [[ ${given[i+1]} == '=' ]] && ((i++)); ((i++)) ;;\n"
         "      -*) ;;\n"
         "      *) if [[ -z $verb ]]; then verb=${given[i]}; else ((place++)); fi ;;\n"
         "    esac\n"
         "  done\n";
}

/// `case $prev in` of both: words for the value of an option.
std::string ValueCases(std::string_view files) {
  std::string text;
  for (const OptionSpec* option : ValuedOptions()) {
    text += "    " + Pattern(*option) + ") ";
    const std::string values = ValuesOf(option->kind, Language::kBashOrZsh);
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

/// `case $verb-$place in` of both: words for an argument.
std::string ArgumentCases() {
  std::string text;
  for (const Verb& verb : Verbs()) {
    for (std::size_t place = 0; place < verb.arguments.size(); ++place) {
      const std::string values = ValuesOf(verb.arguments[place].kind, Language::kBashOrZsh);
      if (values.empty()) continue;
      text += "      " + std::string(verb.name) + "-" + std::to_string(place) + ") offers=\"" +
              values + " \" ;;\n";
    }
  }
  return text;
}

/// `case $verb in` of both: options of the verb; `first` where there is none yet.
std::string VerbCases(const std::string& first) {
  const std::string globals = FlagWords(GlobalOptions());
  std::string text = "      '') offers+=\"" + first + globals + "\" ;;\n";
  for (const Verb& verb : Verbs()) {
    const std::string own = FlagWords(verb.options);
    text.append("      ").append(verb.name).append(") offers+=\"").append(own);
    text.append(own.empty() ? "" : " ").append(globals).append("\" ;;\n");
  }
  return text;
}

/// All that depends on what stands before, for both.
std::string Cases(std::string_view files, const std::string& first) {
  return "  case $prev in\n" + ValueCases(files) + "    *) case $verb-$place in\n" +
         ArgumentCases() + "    esac\n    case $verb in\n" + VerbCases(first) +
         "    esac ;;\n  esac\n";
}

}  // namespace

std::string BashCompletions() {
  return "# bash completion of reaperctl, made by: reaperctl completions bash\n"
         "_reaperctl() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local verb=\"\" place=0 offers=\"\" i=1 end=$COMP_CWORD\n"
         "  local -a at=() given=(\"${COMP_WORDS[@]}\")\n"
         "  [[ $cur == '=' ]] && cur=\"\"\n"
         "  [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n" +
         ReadGiven() + "  COMPREPLY=()\n" +
         Cases("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")", VerbNames() + " ") +
         "  mapfile -t COMPREPLY < <(compgen -W \"$offers\" -- \"$cur\")\n"
         "}\n"
         "complete -F _reaperctl reaperctl\n";
}

std::string ZshCompletions() {
  std::string text =
      "#compdef reaperctl\n"
      "# zsh completion of reaperctl, made by: reaperctl completions zsh\n"
      "_reaperctl() {\n"
      "  local prev=${words[CURRENT-1]} verb=\"\" place=0 offers=\"\" i=2 end=$CURRENT\n"
      "  local -a at given verbs\n"
      "  given=(\"${words[@]}\")\n" +
      ReadGiven() + Cases("_files", "") +
      "  if [[ -z $verb && $offers == --* ]]; then\n"
      "    verbs=(\n";
  for (const Verb& verb : Verbs()) {
    std::string doc;
    for (const char c : verb.doc)
      doc += c == ':' ? std::string("\\:") : std::string(1, c);
    text += "      " + SingleQuoted(std::string(verb.name) + ":" + doc) + "\n";
  }
  return text +
         "    )\n"
         "    _describe verb verbs\n"
         "  fi\n"
         "  compadd -- ${=offers}\n"
         "}\n"
         "if [[ ${funcstack[1]} == _reaperctl ]]; then _reaperctl \"$@\"; else compdef _reaperctl "
         "reaperctl; fi\n";
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
    const std::string values = ValuesOf(option.kind, Language::kFish);
    if (!values.empty()) text += " -a " + SingleQuoted(values);
  }
  return text + " -d " + SingleQuoted(option.doc) + "\n";
}

/// What its lines call: what stands before the word that is completed, without options; whether
/// that is a verb and so many arguments, or no verb; reaperctl at the socket that was typed.
std::string FishFunctions() {
  return "function __reaperctl_words\n"
         "    set -l words (commandline -opc)[2..]\n"
         "    while set -q words[1]\n"
         "        switch $words[1]\n"
         "            case --socket " +
         ValuePattern(" ") +
         "\n"
         "                set words $words[2..]\n"
         "            case '-*'\n"
         "            case '*'\n"
         "                echo $words[1]\n"
         "        end\n"
         "        set words $words[2..]\n"
         "    end\n"
         "end\n"
         "function __reaperctl_place\n"
         "    set -l words (__reaperctl_words)\n"
         "    test \"$words[1]\" = $argv[1]; and test (count $words) -eq (math $argv[2] + 1)\n"
         "end\n"
         "function __reaperctl_no_verb\n"
         "    not count (__reaperctl_words) >/dev/null\n"
         "end\n"
         "function __reaperctl_ask\n"
         "    set -l words (commandline -opc)\n"
         "    set -l at\n"
         "    while set -q words[1]\n"
         "        switch $words[1]\n"
         "            case --socket\n"
         "                set at --socket (string replace -r '^~/' \"$HOME/\" -- \"$words[2]\")\n"
         "            case '--socket=*'\n"
         "                set at $words[1]\n"
         "        end\n"
         "        set words $words[2..]\n"
         "    end\n"
         "    reaperctl $at $argv\n"
         "end\n";
}

/// One `complete` line for what stands at a place of a verb; empty: nothing can be offered.
std::string FishArgument(const Verb& verb, std::size_t place) {
  const std::string values = ValuesOf(verb.arguments[place].kind, Language::kFish);
  if (values.empty()) return {};
  return "complete -c reaperctl -n '__reaperctl_place " + std::string(verb.name) + " " +
         std::to_string(place) + "' -a " + SingleQuoted(values) + "\n";
}

}  // namespace

std::string FishCompletions() {
  std::string text = "# fish completion of reaperctl, made by: reaperctl completions fish\n" +
                     FishFunctions() + "complete -c reaperctl -f\n";
  for (const OptionSpec& option : GlobalOptions())
    text += FishOption(option, "");
  for (const Verb& verb : Verbs()) {
    const std::string name(verb.name);
    text += "complete -c reaperctl -n __reaperctl_no_verb -a " + name + " -d " +
            SingleQuoted(verb.doc) + "\n";
    const std::string condition = " -n '__fish_seen_subcommand_from " + name + "'";
    for (const OptionSpec& option : verb.options)
      text += FishOption(option, condition);
    for (std::size_t place = 0; place < verb.arguments.size(); ++place)
      text += FishArgument(verb, place);
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
