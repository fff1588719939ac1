#include "status/reply_pages.h"

#include <memory>
#include <utility>

namespace reaperd::status {

Page MakePage(std::size_t first, std::size_t count, const ItemText& item, std::size_t max_bytes,
              AtLeast at_least) {
  Page page{.items = "[", .next = first};
  for (; page.next < count; ++page.next) {
    const std::string text = item(page.next);
    const bool must = at_least == AtLeast::kOne && page.next == first;
    if (!must && page.items.size() + text.size() + 2 > max_bytes) break;
    if (page.next > first) page.items += ',';
    page.items += text;
  }
  page.items += ']';
  return page;
}

Answer AnswerInParts(std::unique_ptr<ReplyStream> parts, Replies replies) {
  if (replies == Replies::kSeveral) return parts;
  return Reply{.parameters = parts->Next().parameters, .descriptor = {}};
}

}  // namespace reaperd::status
