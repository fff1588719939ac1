// Lists in replies of bounded size: as many items as fit, but at least one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "status/endpoint.h"
#include "status/limits.h"

namespace reaperd::status {

/// Of an item, by its index, as JSON.
using ItemText = std::function<std::string(std::size_t index)>;

struct Page {
  std::string items;     ///< a JSON array
  std::size_t next = 0;  ///< the first that is not in it
};

enum class AtLeast { kNone, kOne };

/// What a reply has beside its items is smaller than that.
inline constexpr std::size_t kEnvelopeBytes = 512;

/// From `first` on; kNone: not even one when it does not fit `max_bytes`.
Page MakePage(std::size_t first, std::size_t count, const ItemText& item,
              std::size_t max_bytes = kMaxReplyBytes - kEnvelopeBytes,
              AtLeast at_least = AtLeast::kOne);

/// All parts, or to a client that takes but one reply the first.
Answer AnswerInParts(std::unique_ptr<ReplyStream> parts, Replies replies);

}  // namespace reaperd::status
