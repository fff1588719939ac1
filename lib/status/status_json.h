// The model's values as JSON, the same for the status socket, the death log and hooks. Each is one
// object on one line without a newline; keys stand in a fixed order.
//
// What is not known is null. Bytes of strangers that are not UTF-8 become U+FFFD. Instants become
// wall time here and nowhere else. docs/death-records.md names every key.
#pragma once

#include <string>

#include "base/clock.h"
#include "model/counters.h"
#include "model/death_record.h"
#include "model/foreign_zombie.h"
#include "model/hold_info.h"

namespace reaperd::status {

struct JsonContext {
  std::string instance;       ///< names this run of reaperd; hexadecimal
  Micros wall_offset_us = 0;  ///< wall time (since 1970) minus CLOCK_BOOTTIME, read at output
};

/// "2026-11-22T06:00:00.120Z": RFC 3339, UTC, milliseconds (rounded down).
std::string WallTime(Micros since_1970_us);

std::string DeathRecordJson(const model::DeathRecord& record, const JsonContext& context);

std::string HoldInfoJson(const model::HoldInfo& hold, const JsonContext& context);
std::string BarrierResultJson(const model::BarrierResult& result);
std::string InspectionJson(const model::Inspection& inspection, const JsonContext& context);
std::string ForeignZombieJson(const model::ForeignZombie& zombie);
std::string ReapCountersJson(const model::ReapCounters& counters);

}  // namespace reaperd::status
