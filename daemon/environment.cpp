#include "daemon/environment.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/suggest.h"
#include "base/text.h"
#include "daemon/option_table.h"

namespace reaperd::daemon {
namespace {

constexpr std::string_view kPrefix = "REAPERD_";
/// Variables that Kubernetes and Docker links make for a service called "reaperd".
constexpr std::array<std::string_view, 4> kPlatformPrefixes{"REAPERD_PORT", "REAPERD_SERVICE_",
                                                            "REAPERD_ENV_", "REAPERD_NAME"};

const OptionRow* RowOf(std::string_view variable) {
  for (const OptionRow& row : OptionTable()) {
    if (!row.variable.empty() && row.variable == variable) return &row;
  }
  return nullptr;
}

bool NotOurs(std::string_view variable) {
  for (const std::string_view prefix : kPlatformPrefixes) {
    if (variable.starts_with(prefix)) return true;
  }
  return false;
}

Error Unknown(std::string_view variable) {
  std::vector<std::string_view> names;
  for (const OptionRow& row : OptionTable()) {
    if (!row.variable.empty()) names.push_back(row.variable);
  }
  std::string text = Printable(variable) + ": there is no such environment variable of reaperd";
  const std::string_view close = Suggest(variable, names);
  if (!close.empty()) text += "; did you mean " + std::string(close) + "?";
  return {0, text};
}

Status Apply(const OptionRow& row, std::string_view value, OptionValues& values) {
  if (row.variable_resets) row.reset(values);
  std::string problem;
  if (!row.list) {
    if (row.apply(value, values, problem)) return {};
    return BadValue(row.variable, value, row, problem);
  }
  for (const std::string_view part : Split(value, row.separator)) {
    if (!row.apply(part, values, problem)) return BadValue(row.variable, part, row, problem);
  }
  return {};
}

bool AsksForSession(const OptionRow& row, std::string_view value) {
  OptionValues values;
  std::string problem;
  return row.name == "new-session" && row.apply(value, values, problem) &&
         values.spec.main.process_group == model::ProcessGroup::kNewSession;
}

std::string_view NameOf(std::string_view entry) {
  return entry.substr(0, entry.find('='));
}

}  // namespace

Status ApplyEnvironment(std::span<char* const> environment, OptionValues& values) {
  bool new_session = false;
  bool process_group = false;
  for (const char* const text : environment) {
    if (std::strncmp(text, kPrefix.data(), kPrefix.size()) != 0) continue;
    const std::string_view entry = text;
    const std::string_view name = NameOf(entry);
    if (NotOurs(name) || name.size() == entry.size()) continue;
    const OptionRow* const row = RowOf(name);
    if (row == nullptr) return Unknown(name);
    Status applied = Apply(*row, entry.substr(name.size() + 1), values);
    if (!applied) return applied;
    new_session = new_session || AsksForSession(*row, entry.substr(name.size() + 1));
    process_group = process_group || row->name == "process-group";
  }
  if (new_session && process_group) {
    return Error(0,
                 "REAPERD_NEW_SESSION and REAPERD_PROCESS_GROUP contradict each other; expected "
                 "one of them");
  }
  return {};
}

Status ApplyEnvironment(std::span<char* const> environment, model::RunSpec& spec) {
  const bool any = std::any_of(environment.begin(), environment.end(), [](const char* text) {
    return std::strncmp(text, kPrefix.data(), kPrefix.size()) == 0;
  });
  if (!any) return {};
  OptionValues values;
  values.spec = spec;
  Status applied = ApplyEnvironment(environment, values);
  // Lines that tell nothing are not what is asked for. `off` is respected where it is said.
  const bool mode_said = std::any_of(environment.begin(), environment.end(), [](const char* text) {
    return NameOf(text) == "REAPERD_RECORDS";
  });
  using Where = model::StatusSocketSpec::Where;
  const Where socket = values.spec.status_socket.where;
  const bool shown =
      values.spec.records.death_log || socket == Where::kPath || socket == Where::kAuto;
  if (shown && !mode_said) {
    values.spec.records.mode = model::RecordsMode::kAuto;
  }
  if (applied) applied = SettleHold(values);
  if (applied) spec = std::move(values.spec);
  return applied;
}

std::vector<std::string> ChildEnvironment(std::span<char* const> environment) {
  std::vector<std::string> child;
  child.reserve(environment.size() + 4);
  for (const char* const text : environment) {
    const bool candidate = std::strncmp(text, kPrefix.data(), kPrefix.size()) == 0;
    if (candidate && RowOf(NameOf(text)) != nullptr) continue;
    child.emplace_back(text);
  }
  return child;
}

void SetVariable(std::vector<std::string>& environment, std::string entry) {
  const std::string_view name = std::string_view(entry).substr(0, entry.find('=') + 1);
  for (std::string& existing : environment) {
    if (!existing.starts_with(name)) continue;
    existing = std::move(entry);
    return;
  }
  environment.push_back(std::move(entry));
}

}  // namespace reaperd::daemon
