#include "ctl/verbs.h"

#include <array>

namespace reaperd::ctl {
namespace {

constexpr std::array<OptionSpec, 6> kGlobalOptions{{
    {"--socket", "PATH", ValueKind::kPath, "the status socket; else the usual places are tried"},
    {"--json", "", ValueKind::kText, "one JSON object a line, as reaperd sent it"},
    {"--absolute", "", ValueKind::kText, "times instead of \"3s ago\""},
    {"--color", "WHEN", ValueKind::kColor, "auto (a terminal, NO_COLOR unset), always, never"},
    {"--help,-h", "", ValueKind::kText, "this help"},
    {"--version", "", ValueKind::kText, "the version of reaperctl"},
}};

// TABLE: the verbs. To add one: a row here, its handler in verbs.h and a verb_*.cpp, a section in
// docs/reaperctl.md. services, start, stop, restart, logs and reload come with their methods.
const std::array<Verb, 20> kVerbs{{
    {"status", {}, {}, "the run in one look: phase, main, counters", "", RunStatus},
    {"ps",
     {},
     {{"--tree,-t", "", ValueKind::kText, "children below their parents"}},
     "the processes below reaperd",
     "STATE: alive; dead (seen, not reaped yet); held (kept on purpose); foreign (a zombie\n"
     "that only its living parent can reap). ROLE is of reaperd's own children. Memory is\n"
     "read from /proc by reaperctl, where it sees the same processes.",
     RunPs},
    {"deaths",
     {},
     {{"--follow,-f", "", ValueKind::kText, "go on with those to come"},
      {"--pid", "PID", ValueKind::kDeadPid, "only of this process number"},
      {"--cause", "CAUSE", ValueKind::kCause, "only with this cause (oom-kill, exit-error ...)"},
      {"--service", "NAME", ValueKind::kText, "only of this service"},
      {"--since", "WHEN", ValueKind::kInstant, "only after that: 10m ago, or a time"},
      {"--limit,-n", "COUNT", ValueKind::kCount, "the last COUNT (default 100)"}},
     "who died, how and why",
     "The last deaths that are still on record, the oldest first.",
     RunDeaths},
    {"why",
     {{"PID", ValueKind::kDeadPid}},
     {},
     "why a process died, in a paragraph",
     "Who it was, when and how it ended, the cause with its evidence, and what else died\n"
     "around it. Exit 1 when it is alive, or nothing is on record.",
     RunWhy},
    {"zombies",
     {},
     {},
     "zombies: held ones, and those that parents do not reap",
     "Of a zombie with a living parent that is not reaperd only that parent is to blame.",
     RunZombies},
    {"held", {}, {}, "who is held, why and until when", "", RunHeld},
    {"inspect",
     {{"PID", ValueKind::kDeadPid}},
     {},
     "the whole record of a death, and a held zombie's /proc",
     "",
     RunInspect},
    {"hold",
     {{"PID", ValueKind::kPid}},
     {{"--for", "DURATION", ValueKind::kDuration, "so long after its death (or from now)"},
      {"--until-disconnect", "", ValueKind::kText, "only until this reaperctl ends (^C)"}},
     "keep a process's zombie when it dies (a lease)",
     "Without options: until it is released, or the limit on all holds. The right to it is\n"
     "admin.",
     RunHold},
    {"release",
     {{"PID", ValueKind::kHeldPid, false}},
     {{"--rule", "NAME", ValueKind::kRuleName, "all that this rule holds; 'lease': all leases"},
      {"--barrier", "NAME", ValueKind::kBarrierName, "the members of this barrier, together"},
      {"--all", "", ValueKind::kText, "everybody"}},
     "end holds: PID, --rule R, --barrier B or --all",
     "Prints how many zombies are reaped for it.",
     RunRelease},
    {"rules",
     {{"add|remove", ValueKind::kRuleAction, false}, {"RULE|NAME", ValueKind::kText, false}},
     {},
     "the hold rules; rules add RULE, rules remove NAME",
     "A rule is written as for reaperd --hold: 'cause=signal+core-dump,for=30s'. An added\n"
     "one is the last. Whom a removed one holds stays held until its end.",
     RunRules},
    {"blockers", {}, {}, "who is alive and keeps a stop from its end", "", RunBlockers},
    {"events",
     {},
     {{"--after", "SEQ", ValueKind::kNumber, "those after this event instead of a snapshot"}},
     "what happens, as it happens",
     "With --json the first lines are the snapshot, then events and gaps.",
     RunEvents},
    {"wait",
     {{"PID", ValueKind::kPid}},
     {},
     "wait until a process dies; exit as it did",
     "The exit code is the process's, 128 + n when signal n ended it, and 125 when that\n"
     "cannot be told: no such process, a child of another parent, the connection lost, or\n"
     "words that make no sense.\n"
     "A process that died before counts while its death is on record.",
     RunWait,
     kOwnFailure},
    {"top", {}, {}, "live: counts, rates, holds, newest deaths (q quits)", "", RunTop},
    {"explain", {}, {}, "settings, signal map, and what this kernel offers", "", RunExplain},
    {"signal",
     {{"SIG", ValueKind::kSignal}, {"PID|SERVICE", ValueKind::kTarget}},
     {},
     "send a signal to a process or a service",
     "\"main\" as a service is the command that reaperd runs.",
     RunSignal},
    {"shutdown", {}, {}, "begin a stop, as a stop signal would", "", RunShutdown},
    {"log-level",
     {{"LEVEL", ValueKind::kLevel}},
     {},
     "trace, debug, info, warn, error or off",
     "",
     RunLogLevel},
    {"ping", {}, {}, "exit 0 if reaperd answers", "Prints the instance that answers.", RunPing},
    {"completions",
     {{"SHELL", ValueKind::kShell}},
     {},
     "completions for bash, zsh or fish",
     "bash: source <(reaperctl completions bash)\n"
     "zsh:  reaperctl completions zsh > \"${fpath[1]}/_reaperctl\"\n"
     "fish: reaperctl completions fish | source",
     RunCompletions},
}};

}  // namespace

std::span<const Verb> Verbs() {
  return kVerbs;
}

std::span<const OptionSpec> GlobalOptions() {
  return kGlobalOptions;
}

const Verb* FindVerb(std::string_view name) {
  for (const Verb& verb : kVerbs) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

}  // namespace reaperd::ctl
