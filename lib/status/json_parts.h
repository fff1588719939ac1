// Parts that several values have in common: for the files here that write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/exit_status.h"
#include "status/json_writer.h"
#include "status/status_json.h"

namespace reaperd::status {

/// What is written to, and what it needs to know.
struct Output {
  JsonWriter& json;
  const JsonContext& context;

  /// Wall time, or null.
  void Time(std::string_view name, std::optional<Micros> boot_us) const;
};

void WriteWords(JsonWriter& json, std::string_view name,
                const std::optional<std::vector<std::string>>& words);
/// With its key "end".
void WriteEnd(JsonWriter& json, const model::ExitStatus& end);

}  // namespace reaperd::status
