#include "status/json_parts.h"

#include "model/signal_names.h"

namespace reaperd::status {

void Output::Time(std::string_view name, std::optional<Micros> boot_us) const {
  if (boot_us) {
    json.String(name, FormatWallTime(*boot_us + context.wall_offset_us));
  } else {
    json.Null(name);
  }
}

void WriteWords(JsonWriter& json, std::string_view name,
                const std::optional<std::vector<std::string>>& words) {
  if (!words) {
    json.Null(name);
    return;
  }
  json.Key(name).OpenArray();
  for (const std::string& word : *words)
    json.String(word);
  json.CloseArray();
}

void WriteEnd(JsonWriter& json, const model::ExitStatus& end) {
  json.Key("end").OpenObject();
  if (end.how == model::ExitStatus::How::kExit) {
    json.String("how", "exit").Number("code", end.value).Null("signal");
  } else {
    json.String("how", "signal").Null("code").String("signal", model::SignalName(end.value));
  }
  json.Bool("core", end.core).CloseObject();
}

}  // namespace reaperd::status
