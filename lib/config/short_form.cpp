#include "config/short_form.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>
#include <vector>

#include "base/text.h"
#include "config/config_keys.h"
#include "config/config_setters.h"
#include "model/signal_names.h"

namespace reaperd::config {
namespace {

constexpr std::string_view kBarrierPrefix = "barrier:";
constexpr std::string_view kMarks = ",+\\";  ///< what a backslash is needed for

/// The parts between separators that no backslash precedes; backslashes stay.
std::vector<std::string_view> SplitUnescaped(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == separator) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

/// nullopt: a backslash before anything but a comma, a "+" or a backslash.
std::optional<std::string> Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      if (++i == text.size() || kMarks.find(text[i]) == std::string_view::npos) return std::nullopt;
    }
    out += text[i];
  }
  return out;
}

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (kMarks.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

bool IsSignalKey(const KeyRow& row) {
  return row.set == AddSignal || row.set == AddExcludedSignal;
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Puts together again what the "+" of a real-time signal has cut: RTMIN, 3.
std::vector<std::string_view> JoinRealTime(std::string_view value,
                                           std::vector<std::string_view> parts) {
  std::vector<std::string_view> joined;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool base = parts[i] == "RTMIN" || parts[i] == "SIGRTMIN";
    if (base && i + 1 < parts.size() && IsDigits(parts[i + 1])) {
      const auto begin = static_cast<std::size_t>(parts[i].data() - value.data());
      joined.push_back(value.substr(begin, parts[i].size() + 1 + parts[i + 1].size()));
      ++i;
    } else {
      joined.push_back(parts[i]);
    }
  }
  return joined;
}

std::vector<std::string_view> ValuesOf(const KeyRow& row, std::string_view value) {
  if (row.form != KeyForm::kValues) return {value};
  std::vector<std::string_view> parts = SplitUnescaped(value, '+');
  return IsSignalKey(row) ? JoinRealTime(value, std::move(parts)) : parts;
}

Status SetOne(const KeyRow& key, std::string_view raw, ConfigDraft& draft) {
  const KeyRow* row = &key;
  if (row->set == SetUntil && raw.starts_with(kBarrierPrefix)) {
    row = FindKey("hold.rules[].until.barrier");
    raw.remove_prefix(kBarrierPrefix.size());
  }
  const std::string shown = std::string(key.key()) + " '" + PrintableStart(raw) + "': ";
  const auto value = Unescape(raw);
  if (!value) return Error(0, shown + "a backslash stands before ',', '+' or '\\' only");
  Status set = row->set(*value, draft);
  if (set) return set;
  // JSON's way to write it would mislead here.
  if (row->set == SetUntil) return Error(0, shown + "expected released, replaced or barrier:NAME");
  return Error(0, shown + RefusalText(set.error(), *row));
}

Status SetPairs(std::string_view text, std::span<const KeyRow* const> rows,
                std::string_view example, ConfigDraft& draft) {
  std::vector<const KeyRow*> seen;
  for (const std::string_view pair : SplitUnescaped(text, ',')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return Error(
          0, "'" + PrintableStart(pair) + "': expected KEY=VALUE, as in " + std::string(example));
    }
    const std::string_view key = pair.substr(0, equals);
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const KeyRow* known) { return known->key() == key; });
    if (row == rows.end()) {
      std::vector<std::string_view> known;
      for (const KeyRow* candidate : rows)
        known.push_back(candidate->key());
      return Error(0, UnknownKeyText(key, known));
    }
    if (std::find(seen.begin(), seen.end(), *row) != seen.end()) {
      return Error(0, std::string(key) + ": given twice; '+' separates several values");
    }
    seen.push_back(*row);
    for (const std::string_view value : ValuesOf(**row, pair.substr(equals + 1))) {
      if (Status set = SetOne(**row, value, draft); !set) return set;
    }
  }
  return {};
}

void AppendValues(std::vector<const KeyRow*>& rows, std::string_view parent) {
  for (const KeyRow* row : KeysOf(parent)) {
    if (row->form != KeyForm::kObject) rows.push_back(row);
  }
}

/// Exact, by the largest unit that fits.
std::string ExactDuration(Micros duration_us) {
  struct Unit {
    Micros size_us;
    std::string_view name;
  };
  constexpr std::array<Unit, 3> kUnits{
      {{3600 * kSecond, "h"}, {60 * kSecond, "m"}, {kSecond, "s"}}};
  for (const Unit& unit : kUnits) {
    if (duration_us % unit.size_us == 0) {
      return std::to_string(duration_us / unit.size_us) + std::string(unit.name);
    }
  }
  return std::to_string(duration_us / kMillisecond) + "ms";
}

/// Names of which none is read together with what follows it, as "SIGRTMIN+3" would be.
std::string SignalWord(int signal) {
  std::string name = model::SignalName(signal);
  if (model::ParseSignal(name) != signal) return std::to_string(signal);
  return name == "SIGRTMIN" ? "SIGRTMIN+0" : name;
}

class Formatter {
 public:
  [[nodiscard]] std::string Take() { return std::move(text_); }

  void Pair(std::string_view key, std::string_view value) {
    if (!text_.empty()) text_ += ',';
    text_ += key;
    text_ += '=';
    text_ += value;
  }

  template <typename T, typename ToText>
  void Pairs(std::string_view key, const std::vector<T>& values, ToText to_text) {
    if (values.empty()) return;
    std::string joined;
    for (const T& value : values)
      joined += (joined.empty() ? "" : "+") + std::string(to_text(value));
    Pair(key, joined);
  }

  void Time(std::string_view key, const std::optional<Micros>& duration_us) {
    if (duration_us) Pair(key, ExactDuration(*duration_us));
  }

 private:
  std::string text_;
};

/// The causes of "abnormal", all of them and no other, in the order that the word gives them.
bool IsAbnormal(const std::vector<model::Cause>& causes) {
  std::size_t at = 0;
  for (const auto& row : model::kCauses.rows) {
    if (!model::Verdict{row.value, {}}.abnormal()) continue;
    if (at == causes.size() || causes[at++] != row.value) return false;
  }
  return at == causes.size();
}

void FormatMatch(const model::HoldMatch& match, Formatter& out) {
  const auto codes = [](const model::CodeRange& range) {
    const std::string low = std::to_string(range.low);
    return range.low == range.high ? low : low + "-" + std::to_string(range.high);
  };
  if (IsAbnormal(match.causes)) {
    out.Pair("cause", "abnormal");
  } else {
    out.Pairs("cause", match.causes, [](model::Cause cause) { return model::kCauses.Name(cause); });
  }
  out.Pairs("exit_codes", match.exit_codes, codes);
  out.Pairs("signals", match.signals, SignalWord);
  out.Pairs("exclude_signals", match.exclude_signals, SignalWord);
  out.Pairs("role", match.roles, [](model::Role role) { return model::kRoles.Name(role); });
  out.Pairs("service", match.services, Escape);
  out.Pairs("comm", match.comm, Escape);
  out.Pairs("exe", match.exe, Escape);
  out.Pairs("cmdline", match.cmdline, Escape);
  out.Pairs("cwd", match.cwd, Escape);
  out.Pairs("uid", match.uids, [](uid_t uid) { return std::to_string(uid); });
  out.Pairs("cgroup", match.cgroup, Escape);
  out.Time("min_run_time", match.min_run_time_us);
  out.Time("max_run_time", match.max_run_time_us);
}

}  // namespace

Result<model::HoldRule> ParseHoldRule(std::string_view text) {
  std::vector<const KeyRow*> rows;
  AppendValues(rows, "hold.rules[].match");
  AppendValues(rows, "hold.rules[]");
  ConfigDraft draft;
  draft.hold.rules.emplace_back();
  const Status set = SetPairs(text, rows, "cause=signal+core-dump,for=30s", draft);
  if (!set) return set.error();
  return std::move(draft.hold.rules.back());
}

Result<model::ForeignZombieSpec> ParseForeignZombies(std::string_view text) {
  std::vector<const KeyRow*> rows;
  AppendValues(rows, "foreign_zombies");
  ConfigDraft draft;
  const Status set = SetPairs(text, rows, "interval=10s,action=nudge,min_age=10s", draft);
  if (!set) return set.error();
  return std::move(draft.foreign_zombies);
}

std::string FormatHoldRule(const model::HoldRule& rule) {
  Formatter out;
  if (!rule.name.empty()) out.Pair("name", rule.name);
  FormatMatch(rule.match, out);
  out.Time("for", rule.for_us);
  switch (rule.end) {
    case model::HoldEnd::kTime:
      break;
    case model::HoldEnd::kReleased:
      out.Pair("until", "released");
      break;
    case model::HoldEnd::kReplaced:
      out.Pair("until", "replaced");
      break;
    case model::HoldEnd::kBarrier:
      out.Pair("until", std::string(kBarrierPrefix) + rule.barrier);
      break;
  }
  if (rule.keep) out.Pair("keep", std::to_string(*rule.keep));
  return out.Take();
}

}  // namespace reaperd::config
