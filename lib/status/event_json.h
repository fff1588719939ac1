// Events as JSON (type Event of the interface). Of the members that say what happened the one that
// applies is written, no other.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "model/event.h"
#include "status/status_json.h"

namespace reaperd::status {

std::string EventJson(const model::Event& event, const JsonContext& context);

/// Whether its words depend on who hears them, and whose they are.
struct EventSubject {
  bool has_words = false;
  std::optional<uid_t> uid;  ///< nullopt: not known
};
EventSubject SubjectOf(const model::EventBody& body);

/// What it keeps in memory, roughly; what is shared with others counts, too.
std::size_t EstimateBytes(const model::EventBody& body);

}  // namespace reaperd::status
