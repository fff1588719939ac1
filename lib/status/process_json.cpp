#include "status/process_json.h"

#include <optional>
#include <vector>

#include "model/death_record.h"
#include "status/json_parts.h"
#include "status/json_writer.h"
#include "sys/procfs.h"

namespace reaperd::status {
namespace {

/// Children of ours only: what they are to us, and their words.
struct Bond {
  std::optional<model::Role> role;
  std::optional<model::FirstSight> first_seen;
  std::string service;
  std::optional<std::vector<std::string>> cmdline;
};

Bond BondOf(const model::ProcessInfo& child) {
  Bond bond{.role = child.role, .first_seen = child.first_sight, .service = child.service};
  if (child.shadow) bond.cmdline = child.shadow->cmdline;
  return bond;
}

std::string Write(const model::ProcessView& process, const Bond& bond, const JsonContext& context) {
  JsonWriter json;
  const model::Shadow* const shadow = process.child ? process.child->shadow.get() : nullptr;
  const bool words = context.audience.HearsWordsOf(model::OwnerOfWords(shadow, process.uid));
  json.OpenObject()
      .Number("pid", process.pid)
      .StringUnlessEmpty("id", process.id)
      .Number("ppid", process.parent)
      .StringUnlessEmpty("comm", process.comm);
  WriteWords(json, "cmdline", words ? bond.cmdline : std::nullopt);
  json.Number("uid", process.uid);
  json.StringUnlessEmpty("role", bond.role ? model::kRoles.Name(*bond.role) : "")
      .StringUnlessEmpty("service", bond.service)
      .String("state", model::kProcessStates.Name(process.state))
      .StringUnlessEmpty("first_seen",
                         bond.first_seen ? model::kFirstSights.Name(*bond.first_seen) : "");
  Output{json, context}.Time("started_at", process.started_us);
  json.CloseObject();
  return std::move(json).Take();
}

}  // namespace

std::string ProcessJson(const model::ProcessView& process, const JsonContext& context) {
  return Write(process, process.child ? BondOf(*process.child) : Bond{}, context);
}

std::string ChildJson(const model::ProcessInfo& child, pid_t parent, const JsonContext& context) {
  const model::ProcessView view{.pid = child.pid,
                                .id = child.Id(),
                                .parent = parent,
                                .comm = child.shadow ? child.shadow->comm : "",
                                .started_us = sys::StartOf(child)};
  return Write(view, BondOf(child), context);
}

}  // namespace reaperd::status
