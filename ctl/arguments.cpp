#include "ctl/arguments.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "model/signal_names.h"
#include "model/verdict.h"

namespace reaperd::ctl {
namespace {

constexpr std::int64_t kMaxPid = 4194304;  // the greatest that Linux can give (proc(5), pid_max)
constexpr std::int64_t kMaxNumber = std::numeric_limits<std::int64_t>::max();

constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 3> kShells{"bash", "zsh", "fish"};
constexpr std::array<std::string_view, 3> kColorWords{"auto", "always", "never"};
constexpr std::array<std::string_view, 2> kRuleActions{"add", "remove"};

template <std::size_t N>
std::vector<std::string> Words(const std::array<std::string_view, N>& words) {
  return {words.begin(), words.end()};
}

std::string OneOf(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

bool IsNumber(std::string_view text, std::int64_t min, std::int64_t max) {
  const auto value = ParseUnsigned(text, static_cast<std::uint64_t>(max));
  return value && static_cast<std::int64_t>(*value) >= min;
}

}  // namespace

std::vector<std::string> Choices(ValueKind kind) {
  switch (kind) {
    case ValueKind::kCause: {
      std::vector<std::string> causes;
      for (const auto& row : model::kCauses.rows)
        causes.emplace_back(row.name);
      return causes;
    }
    case ValueKind::kSignal: {
      std::vector<std::string> signals;
      for (int signal = 1; signal < 32; ++signal)
        signals.push_back(model::SignalName(signal).substr(3));
      return signals;
    }
    case ValueKind::kLevel:
      return Words(kLevels);
    case ValueKind::kShell:
      return Words(kShells);
    case ValueKind::kColor:
      return Words(kColorWords);
    case ValueKind::kRuleAction:
      return Words(kRuleActions);
    case ValueKind::kText:
    case ValueKind::kPid:
    case ValueKind::kDeadPid:
    case ValueKind::kHeldPid:
    case ValueKind::kTarget:
    case ValueKind::kRuleName:
    case ValueKind::kBarrierName:
    case ValueKind::kCount:
    case ValueKind::kNumber:
    case ValueKind::kDuration:
    case ValueKind::kInstant:
    case ValueKind::kPath:
      break;
  }
  return {};
}

std::string Expectation(ValueKind kind, std::string_view text) {
  const auto unless = [](bool good, std::string_view expected) {
    return good ? std::string() : std::string(expected);
  };
  switch (kind) {
    case ValueKind::kText:
    case ValueKind::kTarget:
    case ValueKind::kRuleName:
    case ValueKind::kBarrierName:
    case ValueKind::kPath:
      return unless(!text.empty(), "a text that is not empty");
    case ValueKind::kPid:
    case ValueKind::kDeadPid:
    case ValueKind::kHeldPid:
      return unless(IsNumber(text, 1, kMaxPid), "a process number");
    case ValueKind::kCount:
      return unless(IsNumber(text, 1, kMaxNumber), "a number above 0");
    case ValueKind::kNumber:
      return unless(IsNumber(text, 0, kMaxNumber), "a number");
    case ValueKind::kDuration:
      return unless(ParseDuration(text).has_value(), kDurationWords);
    case ValueKind::kInstant:
      return unless(ParseDuration(text) || ParseWallTime(text),
                    "how long ago, such as 10m, or a time such as 2026-11-22T06:00:00Z");
    case ValueKind::kSignal:
      return unless(model::ParseSignal(text).has_value(), model::kSignalWords);
    case ValueKind::kCause:
    case ValueKind::kLevel:
    case ValueKind::kShell:
    case ValueKind::kColor:
    case ValueKind::kRuleAction: {
      const auto words = Choices(kind);
      return unless(std::find(words.begin(), words.end(), text) != words.end(), OneOf(words));
    }
  }
  return {};
}

std::optional<std::string> Arguments::Text(std::string_view option) const {
  const auto found = options.find(option);
  if (found == options.end()) return std::nullopt;
  return found->second;
}

std::optional<std::int64_t> Arguments::Number(std::string_view option) const {
  const auto text = Text(option);
  const auto value = text ? ParseUnsigned(*text, kMaxNumber) : std::nullopt;
  if (!value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::optional<Micros> Arguments::Duration(std::string_view option) const {
  const auto text = Text(option);
  return text ? ParseDuration(*text) : std::nullopt;
}

std::optional<WallMicros> Arguments::Instant(std::string_view option, WallMicros now) const {
  const auto text = Text(option);
  if (!text) return std::nullopt;
  if (const auto ago = ParseDuration(*text)) return now - *ago;
  return ParseWallTime(*text);
}

}  // namespace reaperd::ctl
