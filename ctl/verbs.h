// The verbs of reaperctl: one table, from which the command line, the help, the completions and
// docs/reaperctl.md (by a test) are made.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ctl/arguments.h"
#include "ctl/session.h"

namespace reaperd::ctl {

using Handler = int (*)(Session& session, const Arguments& arguments);

struct Verb {
  std::string_view name;
  std::vector<ArgumentSpec> arguments;
  std::vector<OptionSpec> options;
  std::string_view doc;      ///< one line, for the list
  std::string_view details;  ///< further lines of its own help
  Handler handler = nullptr;
  int usage_code = kUsage;  ///< when its words make no sense
};

/// In the order of the help.
std::span<const Verb> Verbs();
/// Before or after the verb.
std::span<const OptionSpec> GlobalOptions();
/// nullptr: there is none.
const Verb* FindVerb(std::string_view name);

// TABLE: handlers, by the file that has them.
// verb_lists.cpp
int RunStatus(Session& session, const Arguments& arguments);
int RunPs(Session& session, const Arguments& arguments);
int RunZombies(Session& session, const Arguments& arguments);
int RunHeld(Session& session, const Arguments& arguments);
int RunBlockers(Session& session, const Arguments& arguments);
int RunExplain(Session& session, const Arguments& arguments);
int RunPing(Session& session, const Arguments& arguments);
// verb_deaths.cpp
int RunDeaths(Session& session, const Arguments& arguments);
int RunWhy(Session& session, const Arguments& arguments);
int RunInspect(Session& session, const Arguments& arguments);
// verb_commands.cpp
int RunHold(Session& session, const Arguments& arguments);
int RunRelease(Session& session, const Arguments& arguments);
int RunRules(Session& session, const Arguments& arguments);
int RunSignal(Session& session, const Arguments& arguments);
int RunShutdown(Session& session, const Arguments& arguments);
int RunLogLevel(Session& session, const Arguments& arguments);
// verb_events.cpp
int RunEvents(Session& session, const Arguments& arguments);
int RunWait(Session& session, const Arguments& arguments);
// verb_top.cpp
int RunTop(Session& session, const Arguments& arguments);
// completions.cpp
int RunCompletions(Session& session, const Arguments& arguments);

}  // namespace reaperd::ctl
