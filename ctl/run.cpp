#include "ctl/run.h"

#include <variant>

#include "ctl/command_line.h"
#include "ctl/help.h"
#include "ctl/version.h"

namespace reaperd::ctl {
namespace {

int Wrong(Session& session, const UsageError& error) {
  session.Complain(error.message);
  const std::string verb = error.verb != nullptr ? std::string(error.verb->name) + " " : "";
  session.Complain("try: reaperctl " + verb + "--help");
  return error.verb != nullptr ? error.verb->usage_code : kUsage;
}

}  // namespace

int Run(const std::vector<std::string>& words, const Surroundings& surroundings) {
  const ParsedLine parsed = ParseCommandLine(words);
  const auto* invocation = std::get_if<Invocation>(&parsed);
  Session session(surroundings, invocation != nullptr ? invocation->globals : Globals{});
  if (invocation != nullptr) return invocation->verb->handler(session, invocation->arguments);
  if (const auto* help = std::get_if<HelpWanted>(&parsed)) {
    return session.Show(help->verb != nullptr ? VerbHelp(*help->verb) : GeneralHelp());
  }
  if (std::holds_alternative<VersionWanted>(parsed)) {
    return session.Show("reaperctl " + std::string(kVersion) + "\n");
  }
  return Wrong(session, std::get<UsageError>(parsed));
}

}  // namespace reaperd::ctl
