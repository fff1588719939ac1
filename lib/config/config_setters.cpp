#include "config/config_setters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "base/suggest.h"
#include "base/text.h"
#include "model/signal_names.h"

namespace reaperd::config {
namespace {

constexpr std::string_view kAbnormal = "abnormal";
constexpr std::uint64_t kMaxCount = std::numeric_limits<std::uint32_t>::max();
/// The highest number means "no user" (chown(2)).
constexpr std::uint64_t kMaxUid = std::numeric_limits<uid_t>::max() - std::uint64_t{1};

/// Refused, in the words of the row.
Status Refused() {
  return Error(0, "");
}

Status Refused(std::string why) {
  return Error(0, std::move(why));
}

model::HoldRule& Rule(ConfigDraft& draft) {
  return draft.hold.rules.back();
}

model::HoldMatch& Match(ConfigDraft& draft) {
  return Rule(draft).match;
}

template <typename T>
Status AddOnce(std::vector<T>& values, T value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) {
    values.push_back(std::move(value));
  }
  return {};
}

/// "expected a, b or c; did you mean 'b'?"
template <typename E, std::size_t N>
Status RefusedWord(std::string_view value, const EnumNames<E, N>& names,
                   std::string_view more = {}) {
  std::vector<std::string_view> words;
  for (const auto& row : names.rows)
    words.push_back(row.name);
  std::string expected = names.Alternatives();
  if (!more.empty()) {
    words.push_back(more);
    expected += "; or " + std::string(more);
  }
  const std::string_view close = Suggest(value, words);
  std::string text = "expected " + expected;
  if (!close.empty()) text += "; did you mean '" + std::string(close) + "'?";
  return Refused(std::move(text));
}

Status SetDuration(std::string_view value, std::optional<Micros>& field) {
  const auto duration = ParseDuration(value);
  if (!duration) return Refused();
  field = *duration;
  return {};
}

Status SetCount(std::string_view value, std::uint64_t min, std::optional<std::uint32_t>& field) {
  const auto number = ParseUnsigned(value, kMaxCount);
  if (!number || *number < min) return Refused();
  field = static_cast<std::uint32_t>(*number);
  return {};
}

Status AddSignalTo(std::string_view value, std::vector<int>& signals) {
  const auto signal = model::ParseSignal(value);
  if (!signal) return Refused();
  return AddOnce(signals, *signal);
}

Status AddGlob(std::string_view value, std::vector<std::string>& globs) {
  if (value.empty() || value.find('\0') != std::string_view::npos) return Refused();
  if (value.size() > kMaxGlobBytes) {
    return Refused("longer than " + std::to_string(kMaxGlobBytes) + " bytes");
  }
  for (std::size_t open = value.find('['); open != std::string_view::npos;) {
    // The first one inside may be the bracket itself.
    const std::size_t close = value.find(']', open + 2);
    if (close == std::string_view::npos) return Refused("a '[' that no ']' closes");
    open = value.find('[', close);
  }
  return AddOnce(globs, std::string(value));
}

std::optional<model::CodeRange> ParseCodes(std::string_view text) {
  const std::size_t dash = text.find('-');
  const bool one = dash == std::string_view::npos;
  const auto low = ParseUnsigned(text.substr(0, dash), 255);
  const auto high = one ? low : ParseUnsigned(text.substr(dash + 1), 255);
  if (!low || !high || *low > *high) return std::nullopt;
  return model::CodeRange{static_cast<int>(*low), static_cast<int>(*high)};
}

}  // namespace

bool IsGoodName(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxNameBytes && name != "lease" &&
         std::all_of(name.begin(), name.end(), good);
}

Status BeginRule([[maybe_unused]] std::string_view value, ConfigDraft& draft) {
  draft.hold.rules.emplace_back();
  return {};
}

Status BeginBarrier(std::string_view name, ConfigDraft& draft) {
  draft.hold.barriers.emplace_back().name = std::string(name);
  return IsGoodName(name) ? Status() : Refused();
}

Status SetRuleName(std::string_view value, ConfigDraft& draft) {
  if (!IsGoodName(value)) return Refused();
  Rule(draft).name = std::string(value);
  return {};
}

Status SetFor(std::string_view value, ConfigDraft& draft) {
  return SetDuration(value, Rule(draft).for_us);
}

Status SetUntil(std::string_view value, ConfigDraft& draft) {
  constexpr EnumNames<model::HoldEnd, 2> kEnds{{{
      {model::HoldEnd::kReleased, "released"},
      {model::HoldEnd::kReplaced, "replaced"},
  }}};
  const auto end = kEnds.Parse(value);
  if (!end) return Refused();
  Rule(draft).end = *end;
  return {};
}

Status SetUntilBarrier(std::string_view value, ConfigDraft& draft) {
  if (!IsGoodName(value)) return Refused();
  Rule(draft).end = model::HoldEnd::kBarrier;
  Rule(draft).barrier = std::string(value);
  return {};
}

Status SetKeep(std::string_view value, ConfigDraft& draft) {
  return SetCount(value, 1, Rule(draft).keep);
}

Status AddCause(std::string_view value, ConfigDraft& draft) {
  std::vector<model::Cause>& causes = Match(draft).causes;
  if (value == kAbnormal) {
    for (const auto& row : model::kCauses.rows) {
      if (!model::Verdict{row.value, {}}.abnormal()) continue;
      if (Status added = AddOnce(causes, row.value); !added) return added;
    }
    return {};
  }
  const auto cause = model::kCauses.Parse(value);
  if (!cause) return RefusedWord(value, model::kCauses, kAbnormal);
  return AddOnce(causes, *cause);
}

Status AddExitCodes(std::string_view value, ConfigDraft& draft) {
  const auto codes = ParseCodes(value);
  if (!codes) return Refused();
  return AddOnce(Match(draft).exit_codes, *codes);
}

Status AddSignal(std::string_view value, ConfigDraft& draft) {
  return AddSignalTo(value, Match(draft).signals);
}

Status AddExcludedSignal(std::string_view value, ConfigDraft& draft) {
  return AddSignalTo(value, Match(draft).exclude_signals);
}

Status AddRole(std::string_view value, ConfigDraft& draft) {
  const auto role = model::kRoles.Parse(value);
  if (!role) return RefusedWord(value, model::kRoles);
  return AddOnce(Match(draft).roles, *role);
}

Status AddService(std::string_view value, ConfigDraft& draft) {
  return AddGlob(value, Match(draft).services);
}

Status AddComm(std::string_view value, ConfigDraft& draft) {
  return AddGlob(value, Match(draft).comm);
}

Status AddExe(std::string_view value, ConfigDraft& draft) {
  return AddGlob(value, Match(draft).exe);
}

Status AddCmdline(std::string_view value, ConfigDraft& draft) {
  return AddGlob(value, Match(draft).cmdline);
}

Status AddCwd(std::string_view value, ConfigDraft& draft) {
  return AddGlob(value, Match(draft).cwd);
}

Status AddUid(std::string_view value, ConfigDraft& draft) {
  const auto number = ParseUnsigned(value, kMaxUid);
  if (!number) return Refused();
  return AddOnce(Match(draft).uids, static_cast<uid_t>(*number));
}

Status AddCgroup(std::string_view value, ConfigDraft& draft) {
  return AddGlob(value, Match(draft).cgroup);
}

Status SetMinRunTime(std::string_view value, ConfigDraft& draft) {
  return SetDuration(value, Match(draft).min_run_time_us);
}

Status SetMaxRunTime(std::string_view value, ConfigDraft& draft) {
  return SetDuration(value, Match(draft).max_run_time_us);
}

Status SetBarrierCount(std::string_view value, ConfigDraft& draft) {
  return SetCount(value, 1, draft.hold.barriers.back().count);
}

Status SetBarrierAll(std::string_view value, ConfigDraft& draft) {
  if (value != "true" && value != "false") return Refused();
  draft.hold.barriers.back().all = value == "true";
  return {};
}

Status SetBarrierTimeout(std::string_view value, ConfigDraft& draft) {
  return SetDuration(value, draft.hold.barriers.back().timeout_us);
}

Status SetMaxHeld(std::string_view value, ConfigDraft& draft) {
  return SetCount(value, 0, draft.hold.limits.max_held);
}

Status SetMaxShare(std::string_view value, ConfigDraft& draft) {
  double share = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), share);
  if (error != std::errc() || end != value.data() + value.size()) return Refused();
  if (!(share > 0 && share <= 1)) return Refused();
  draft.hold.limits.max_share_of_pids = share;
  return {};
}

Status SetMaxTime(std::string_view value, ConfigDraft& draft) {
  const auto duration = ParseDuration(value);
  if (!duration) return Refused();
  draft.hold.limits.max_time_us = *duration;
  return {};
}

Status SetForeignInterval(std::string_view value, ConfigDraft& draft) {
  std::optional<Micros> interval_us;
  if (value != "off") {
    interval_us = ParseDuration(value);
    if (!interval_us || *interval_us < kMinForeignInterval_us) return Refused();
  }
  draft.foreign_zombies.interval_us = interval_us;
  return {};
}

Status SetForeignMinAge(std::string_view value, ConfigDraft& draft) {
  const auto duration = ParseDuration(value);
  if (!duration) return Refused();
  draft.foreign_zombies.min_age_us = *duration;
  return {};
}

Status SetForeignAction(std::string_view value, ConfigDraft& draft) {
  const auto action = model::kForeignActions.Parse(value);
  if (!action) return RefusedWord(value, model::kForeignActions);
  draft.foreign_zombies.action = *action;
  return {};
}

Status AddForeignExempt(std::string_view value, ConfigDraft& draft) {
  return AddGlob(value, draft.foreign_zombies.exempt);
}

}  // namespace reaperd::config
