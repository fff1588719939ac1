#include "config/config_keys.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/suggest.h"
#include "base/text.h"
#include "config/config_setters.h"
#include "model/signal_names.h"

namespace reaperd::config {
namespace {

using Form = KeyForm;
using Type = ValueType;

constexpr std::string_view kGlobWords = "a glob: text that is not empty, with * ? and [a-z]";
constexpr std::string_view kCountWords = "a whole number from 1 to 4294967295";

// TABLE. A row's object stands before it.
constexpr auto kTable = std::to_array<KeyRow>({
    {"hold", Form::kObject, Type::kNone, "an object", "deaths that are held: not reaped at once"},

    {"hold.rules", Form::kObjectList, Type::kNone, "a list of rules, which are objects",
     "what is held; the first rule that matches counts", BeginRule},
    {"hold.rules[].name", Form::kValue, Type::kText, kNameWords,
     "shown in records and lists, and what a release names", SetRuleName},
    {"hold.rules[].match", Form::kObject, Type::kNone, "an object",
     "which deaths: all keys must match, a key by any of its values"},
    {"hold.rules[].match.cause", Form::kValues, Type::kText,
     "a cause of death such as signal, oom-kill or abnormal", "our verdict of the cause", AddCause},
    {"hold.rules[].match.exit_codes", Form::kValues, Type::kTextOrNumber,
     "an exit code from 0 to 255, or a range such as \"1-125\"", "how it exited", AddExitCodes},
    {"hold.rules[].match.signals", Form::kValues, Type::kTextOrNumber, model::kSignalWords,
     "the signal that it died of", AddSignal},
    {"hold.rules[].match.exclude_signals", Form::kValues, Type::kTextOrNumber, model::kSignalWords,
     "a death by one of these does not match", AddExcludedSignal},
    {"hold.rules[].match.role", Form::kValues, Type::kText,
     "a role such as main, service or adopted", "what it was to us; main only if it is named here",
     AddRole},
    {"hold.rules[].match.service", Form::kValues, Type::kText, kGlobWords,
     "the service whose process it was", AddService},
    {"hold.rules[].match.comm", Form::kValues, Type::kText, kGlobWords,
     "its name, of at most 15 bytes", AddComm},
    {"hold.rules[].match.exe", Form::kValues, Type::kText, kGlobWords,
     "path of its program; only if it was seen alive", AddExe},
    {"hold.rules[].match.cmdline", Form::kValues, Type::kText, kGlobWords,
     "its words joined by blanks; only if it was seen alive", AddCmdline},
    {"hold.rules[].match.cwd", Form::kValues, Type::kText, kGlobWords,
     "its working directory; only if it was seen alive", AddCwd},
    {"hold.rules[].match.uid", Form::kValues, Type::kTextOrNumber,
     "the number of a user, from 0 to 4294967294", "its real user", AddUid},
    {"hold.rules[].match.cgroup", Form::kValues, Type::kText, kGlobWords, "path of its cgroup",
     AddCgroup},
    {"hold.rules[].match.min_run_time", Form::kValue, Type::kTextOrNumber, kDurationWords,
     "it lived so long or longer", SetMinRunTime},
    {"hold.rules[].match.max_run_time", Form::kValue, Type::kTextOrNumber, kDurationWords,
     "it lived so long or shorter", SetMaxRunTime},
    {"hold.rules[].for", Form::kValue, Type::kTextOrNumber, kDurationWords,
     "how long it is held; without for and until: limits.max_time", SetFor},
    {"hold.rules[].until", Form::kValueOrObject, Type::kText,
     "\"released\", \"replaced\" or {\"barrier\": NAME}",
     "held until somebody asks, until the service's successor runs, or until a barrier is complete",
     SetUntil},
    {"hold.rules[].until.barrier", Form::kValue, Type::kText, kNameWords,
     "name of the barrier that ends the hold", SetUntilBarrier},
    {"hold.rules[].keep", Form::kValue, Type::kNumber, kCountWords,
     "at most so many by this rule; the oldest goes", SetKeep},

    {"hold.barriers", Form::kNamedObjects, Type::kNone, "an object of barriers by name",
     "holds that end together", BeginBarrier},
    {"hold.barriers.NAME.release_when", Form::kObject, Type::kNone,
     "{\"count\": NUMBER} or {\"all\": true}", "when the barrier is complete"},
    {"hold.barriers.NAME.release_when.count", Form::kValue, Type::kNumber, kCountWords,
     "so many are dead", SetBarrierCount},
    {"hold.barriers.NAME.release_when.all", Form::kValue, Type::kTruth, "true or false",
     "no living process matches any more", SetBarrierAll},
    {"hold.barriers.NAME.timeout", Form::kValue, Type::kTextOrNumber, kDurationWords,
     "from the first death; without it: limits.max_time", SetBarrierTimeout},

    {"hold.limits", Form::kObject, Type::kNone, "an object",
     "how much is held at most; the oldest goes"},
    {"hold.limits.max_held", Form::kValue, Type::kNumber, "a whole number from 0 to 4294967295",
     "processes held at once; 64, or 16 as PID 1 when no limit on processes is visible",
     SetMaxHeld},
    {"hold.limits.max_share_of_pids", Form::kValue, Type::kNumber,
     "a number above 0 and up to 1, such as 0.25",
     "share of the smallest limit on processes that they and we may take; 0.25", SetMaxShare},
    {"hold.limits.max_time", Form::kValue, Type::kTextOrNumber, kDurationWords,
     "nothing is held longer; 15m", SetMaxTime},

    {"foreign_zombies", Form::kObject, Type::kNone, "an object",
     "zombies whose living parent is not us"},
    {"foreign_zombies.interval", Form::kValue, Type::kText, "off, or a duration of 100ms or more",
     "how often to look; off: only when somebody asks", SetForeignInterval},
    {"foreign_zombies.min_age", Form::kValue, Type::kTextOrNumber, kDurationWords,
     "act on those that are dead so long; also the pause before the next step; 10s",
     SetForeignMinAge},
    {"foreign_zombies.action", Form::kValue, Type::kText,
     "report, nudge, terminate-parent or kill-parent", "what is done about their parent; report",
     SetForeignAction},
    {"foreign_zombies.exempt", Form::kValues, Type::kText, kGlobWords,
     "names of parents that are never acted upon", AddForeignExempt},
});

}  // namespace

std::span<const KeyRow> KeyTable() {
  return kTable;
}

const KeyRow* FindKey(std::string_view path) {
  const auto* found = std::find_if(kTable.begin(), kTable.end(),
                                   [&](const KeyRow& row) { return row.path == path; });
  return found == kTable.end() ? nullptr : found;
}

std::vector<const KeyRow*> KeysOf(std::string_view parent) {
  std::vector<const KeyRow*> rows;
  for (const KeyRow& row : kTable) {
    if (row.parent() == parent) rows.push_back(&row);
  }
  return rows;
}

std::string RefusalText(const Error& refusal, const KeyRow& row) {
  if (!refusal.message().empty()) return refusal.message();
  return "expected " + std::string(row.expected);
}

std::string UnknownKeyText(std::string_view key, std::span<const std::string_view> known) {
  std::string text = "unknown key '" + PrintableStart(key) + "'; ";
  const std::string_view close = Suggest(key, known);
  if (!close.empty()) return text + "did you mean '" + std::string(close) + "'?";
  text += "known here: ";
  for (std::size_t i = 0; i < known.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::string(known[i]);
  return text;
}

}  // namespace reaperd::config
