#include "status/reply_pages.h"

#include <memory>
#include <utility>

namespace reaperd::status {
namespace {

class PageStream final : public ReplyStream {
 public:
  explicit PageStream(PagedList list) : list_(std::move(list)) {}

  Part Next() override {
    const Page page = MakePage(next_, list_.count, list_.item);
    next_ = page.next;
    return {.state = next_ < list_.count ? State::kMore : State::kLast,
            .parameters = list_.reply(page)};
  }

 private:
  PagedList list_;
  std::size_t next_ = 0;
};

}  // namespace

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

Answer AnswerInPages(PagedList list, Replies replies) {
  if (replies == Replies::kSeveral) return std::make_unique<PageStream>(std::move(list));
  return Reply{list.reply(MakePage(0, list.count, list.item)), {}};
}

}  // namespace reaperd::status
