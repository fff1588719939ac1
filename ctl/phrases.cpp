#include "ctl/phrases.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "base/text.h"
#include "model/signal_names.h"

namespace reaperd::ctl {
namespace {

constexpr Micros kHour_us = 3600 * kSecond;
constexpr Micros kDay_us = 24 * kHour_us;

/// As a shell would need it, where that tells more than blanks between words.
std::string Quoted(const std::string& word) {
  constexpr std::string_view kSpecial = " \t\n'\"\\$`;&|<>()*?[]{}~#!";
  if (!word.empty() && word.find_first_of(kSpecial) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

std::string Duration(Micros duration_us) {
  if (duration_us < 0) return "0s";
  if (duration_us < 2 * kDay_us) return FormatDuration(duration_us);
  const Micros hours = duration_us / kHour_us % 24;
  return std::to_string(duration_us / kDay_us) + "d" + (hours < 10 ? "0" : "") +
         std::to_string(hours) + "h";
}

std::string When(WallMicros at, const View& view) {
  if (view.times == Times::kAbsolute) return FormatWallTime(at);
  // Also when its clock is a little ahead of ours.
  return view.now - at < kMillisecond ? "now" : Duration(view.now - at) + " ago";
}

std::string Until(WallMicros at, const View& view) {
  if (view.times == Times::kAbsolute) return FormatWallTime(at);
  return at <= view.now ? "now" : "in " + Duration(at - view.now);
}

std::string Since(WallMicros at, const View& view) {
  if (view.times == Times::kAbsolute) return FormatWallTime(at);
  return Duration(view.now - at);
}

std::string Size(std::int64_t bytes) {
  constexpr std::array<char, 5> kUnits{'\0', 'K', 'M', 'G', 'T'};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return std::to_string(bytes);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 9.95 ? "%.1f%c" : "%.0f%c", value, kUnits[unit]);
  return text.data();
}

std::string CommandText(const std::optional<std::vector<std::string>>& cmdline,
                        const std::optional<std::string>& comm) {
  if (!cmdline || cmdline->empty()) return comm ? "[" + *comm + "]" : "?";
  std::string text;
  for (const std::string& word : *cmdline) {
    if (!text.empty()) text += ' ';
    text += Quoted(word);
  }
  return text;
}

std::string EndText(const model::ExitStatus& end) {
  if (end.how == model::ExitStatus::How::kExit) return "exit " + std::to_string(end.value);
  return model::SignalName(end.value) + (end.core ? " (core)" : "");
}

Style StyleOf(const client::Verdict& verdict) {
  if (verdict.abnormal()) return Style::kRed;
  return verdict.cause == "success" ? Style::kGreen : Style::kPlain;
}

std::string Count(std::int64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many.empty() ? one + "s" : many);
}

}  // namespace reaperd::ctl
