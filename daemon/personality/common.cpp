#include "daemon/personality/common.h"

#include <signal.h>

#include <climits>

#include "daemon/environment.h"

namespace reaperd::daemon {
namespace {

bool IsBlank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<std::string_view> EnvironmentValue(std::span<char* const> environment,
                                                 std::string_view name) {
  for (const std::string_view entry : environment) {
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name)) {
      return entry.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

LeadingInteger ParseLeadingInteger(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && IsBlank(text[at]))
    ++at;
  const bool negative = at < text.size() && text[at] == '-';
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  const std::size_t first_digit = at;
  long long value = 0;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    if (value <= INT_MAX) value = value * 10 + (text[at] - '0');
  }
  if (at == first_digit) return {};
  if (value > INT_MAX) return {negative ? INT_MIN : INT_MAX, at};
  return {static_cast<int>(negative ? -value : value), at};
}

model::RunSpec PlainSpec(const CommandLine& line, std::vector<std::string> command) {
  model::RunSpec spec;
  spec.main.command = std::move(command);
  spec.main.environment = ChildEnvironment(line.environment);
  spec.main.shell_fallback = true;
  // Nothing starts with a stop signal here, unless REAPERD_DRAIN or REAPERD_STOP_TIMEOUT asks.
  spec.stop.signals = {SIGTERM, SIGINT, SIGQUIT};
  spec.stop.grace.mode = model::Grace::Mode::kOff;
  spec.exit.own_failure = 1;
  spec.subreaper = model::Subreaper::kOnlyIfAsked;
  spec.termination_log = "";
  spec.records.mode = model::RecordsMode::kOff;
  spec.status_socket.where = model::StatusSocketSpec::Where::kNone;
  spec.log_level = model::LogLevel::kOff;
  return spec;
}

model::RunSpec PauseSpec(const CommandLine& line) {
  model::RunSpec spec = PlainSpec(line, {});
  spec.stop.signals = {SIGTERM, SIGINT};
  return spec;
}

std::string_view ProgramPath(const CommandLine& line) {
  return line.argv.empty() ? std::string_view() : std::string_view(line.argv.front());
}

std::string_view BaseName(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string LicenseText() {
  return "This is reaperd, which stands in for the program of this name.\n"
         "\n"
         "Licensed under the Apache License, Version 2.0 (the \"License\"); you may not use\n"
         "it except in compliance with the License. You may obtain a copy of the License at\n"
         "\n"
         "    http://www.apache.org/licenses/LICENSE-2.0\n"
         "\n"
         "Unless required by applicable law or agreed to in writing, it is distributed on an\n"
         "\"AS IS\" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or\n"
         "implied. See the License for what it permits and limits.\n";
}

}  // namespace reaperd::daemon
