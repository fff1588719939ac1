// What the values of configuration keys mean: the setters of the table in config_keys.cpp.
//
// Each takes one value as text and puts it into the draft, or refuses it; nothing is put then. A
// value that is there already is not added again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config_keys.h"

namespace reaperd::config {

inline constexpr std::size_t kMaxHoldRules = 256;  ///< each death is compared with every one
inline constexpr std::size_t kMaxBarriers = 64;
inline constexpr std::size_t kMaxNameBytes = 64;
inline constexpr std::size_t kMaxGlobBytes = 1024;
inline constexpr Micros kMinForeignInterval_us = 100 * kMillisecond;

/// Names of rules and barriers: letters, digits, ".", "_", "-"; "lease" is taken.
bool IsGoodName(std::string_view name);
inline constexpr std::string_view kNameWords =
    "a name of 1 to 64 letters, digits, '.', '_' or '-' (not 'lease')";

Status BeginRule(std::string_view value, ConfigDraft& draft);
Status BeginBarrier(std::string_view name, ConfigDraft& draft);

Status SetRuleName(std::string_view value, ConfigDraft& draft);
Status SetFor(std::string_view value, ConfigDraft& draft);
Status SetUntil(std::string_view value, ConfigDraft& draft);
Status SetUntilBarrier(std::string_view value, ConfigDraft& draft);
Status SetKeep(std::string_view value, ConfigDraft& draft);

Status AddCause(std::string_view value, ConfigDraft& draft);
Status AddExitCodes(std::string_view value, ConfigDraft& draft);
Status AddSignal(std::string_view value, ConfigDraft& draft);
Status AddExcludedSignal(std::string_view value, ConfigDraft& draft);
Status AddRole(std::string_view value, ConfigDraft& draft);
Status AddService(std::string_view value, ConfigDraft& draft);
Status AddComm(std::string_view value, ConfigDraft& draft);
Status AddExe(std::string_view value, ConfigDraft& draft);
Status AddCmdline(std::string_view value, ConfigDraft& draft);
Status AddCwd(std::string_view value, ConfigDraft& draft);
Status AddUid(std::string_view value, ConfigDraft& draft);
Status AddCgroup(std::string_view value, ConfigDraft& draft);
Status SetMinRunTime(std::string_view value, ConfigDraft& draft);
Status SetMaxRunTime(std::string_view value, ConfigDraft& draft);

Status SetBarrierCount(std::string_view value, ConfigDraft& draft);
Status SetBarrierAll(std::string_view value, ConfigDraft& draft);
Status SetBarrierTimeout(std::string_view value, ConfigDraft& draft);

Status SetMaxHeld(std::string_view value, ConfigDraft& draft);
Status SetMaxShare(std::string_view value, ConfigDraft& draft);
Status SetMaxTime(std::string_view value, ConfigDraft& draft);

Status SetForeignInterval(std::string_view value, ConfigDraft& draft);
Status SetForeignMinAge(std::string_view value, ConfigDraft& draft);
Status SetForeignAction(std::string_view value, ConfigDraft& draft);
Status AddForeignExempt(std::string_view value, ConfigDraft& draft);

}  // namespace reaperd::config
