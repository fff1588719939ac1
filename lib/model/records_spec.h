// What is recorded of deaths, and how much of it is kept: the options --records and --death-log, the
// object `records` of the configuration. Values only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/enum_names.h"

namespace reaperd::model {

/// How much is read of a zombie before it is reaped (Detail says what each word means).
enum class RecordsMode {
  kAuto,  ///< as much as the rate of deaths leaves time for
  kFull,
  kStandard,
  kMinimal,
  kOff,  ///< nothing is kept: sequence numbers and counters only
};
// TABLE: the words of --records.
inline constexpr EnumNames<RecordsMode, 5> kRecordsModes{{{
    {RecordsMode::kAuto, "auto"},
    {RecordsMode::kFull, "full"},
    {RecordsMode::kStandard, "standard"},
    {RecordsMode::kMinimal, "minimal"},
    {RecordsMode::kOff, "off"},
}}};

struct RecordsSpec {
  RecordsMode mode = RecordsMode::kAuto;
  std::size_t kept = 1024;                       ///< records, at most
  std::size_t max_bytes = std::size_t{2} << 20;  ///< of all of them together, at most
  std::optional<std::string> death_log;          ///< a path, "-" for stderr; nullopt: none
  bool shadow_environ = false;                   ///< note the environment of living processes

  bool operator==(const RecordsSpec&) const = default;
};

}  // namespace reaperd::model
