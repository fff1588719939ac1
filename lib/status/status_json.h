// The model's values as JSON, the same for the status socket, the death log and hooks. Each is one
// object on one line without a newline; keys stand in a fixed order.
//
// What is not known is null. Bytes of strangers that are not UTF-8 become U+FFFD. Instants become
// wall time here and nowhere else. docs/death-records.md names every key.
//
// Of the status socket alone: process_json.h, run_json.h, event_json.h.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/wall_time.h"
#include "model/counters.h"
#include "model/death_record.h"
#include "model/foreign_zombie.h"
#include "model/hold_info.h"

namespace reaperd::status {

/// Whose words (command line and environment) are told; those of others are null.
struct Audience {
  bool all = true;
  std::optional<uid_t> own_uid;  ///< else of this user's processes; nullopt: of nobody's

  [[nodiscard]] bool HearsWordsOf(const std::optional<uid_t>& uid) const {
    return all || (uid.has_value() && uid == own_uid);
  }
};

struct JsonContext {
  std::string instance;       ///< names this run of reaperd; hexadecimal
  Micros wall_offset_us = 0;  ///< wall time (since 1970) minus CLOCK_BOOTTIME, read at output
  Audience audience;          ///< a log's hears everything
};

std::string DeathRecordJson(const model::DeathRecord& record, const JsonContext& context);

std::string HoldInfoJson(const model::HoldInfo& hold, const JsonContext& context);
std::string BarrierResultJson(const model::BarrierResult& result);
std::string InspectedFileJson(const model::InspectedFile& file);
std::string ForeignZombieJson(const model::ForeignZombie& zombie);
std::string ReapCountersJson(const model::ReapCounters& counters);

}  // namespace reaperd::status
