// Methods that answer by a list: in pages, and some of them later.
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "status/handlers.h"
#include "status/json_writer.h"
#include "status/process_json.h"
#include "status/refusals.h"
#include "status/reply_pages.h"
#include "status/run_json.h"

namespace reaperd::status::handlers {
namespace {

/// The usual end of a list: {"name": items, "more": whether there are others}.
std::function<std::string(const Page&)> ListReply(std::string_view name, std::size_t all) {
  return [name, all](const Page& page) {
    JsonWriter json(page.items.size() + kEnvelopeBytes);
    json.OpenObject().Json(name, page.items).Bool("more", page.next < all).CloseObject();
    return std::move(json).Take();
  };
}

struct ProcessRange {
  std::int64_t after_pid = 0;
  std::size_t limit = std::numeric_limits<std::size_t>::max();
};

// A std::function that is made in a list of members and moved on: the analyzer loses its heap.
// NOLINTBEGIN(clang-analyzer-cplusplus.NewDeleteLeaks)

Answer AnswerProcesses(const model::ProcessList& list, const ProcessRange& range,
                       JsonContext context, Replies replies) {
  const auto first = std::upper_bound(
      list->begin(), list->end(), range.after_pid,
      [](std::int64_t pid, const model::ProcessView& process) { return pid < process.pid; });
  const auto offset = static_cast<std::size_t>(first - list->begin());
  const std::size_t all = list->size() - offset;
  return AnswerInPages(
      {.count = std::min(all, range.limit),
       .item = [list, offset, context = std::move(context)](
                   std::size_t index) { return ProcessJson((*list)[offset + index], context); },
       .reply = ListReply("processes", all)},
      replies);
}

/// The query, or what is wrong with it.
struct ReadQuery {
  model::RecordQuery query;
  std::optional<Refusal> refusal;
};

ReadQuery QueryOf(const Exchange& exchange) {
  const Arguments& arguments = exchange.arguments;
  ReadQuery read;
  model::RecordQuery& query = read.query;
  query.after_seq = static_cast<std::uint64_t>(arguments.Int("after_seq").value_or(0));
  if (const auto pid = arguments.Int("pid")) query.pid = static_cast<pid_t>(*pid);
  query.service = arguments.Text("service");
  if (const auto limit = arguments.Int("limit")) query.limit = static_cast<std::size_t>(*limit);
  if (const auto cause = arguments.Text("cause")) {
    query.cause = model::kCauses.Parse(*cause);
    if (!query.cause) {
      read.refusal = InvalidParameter("cause", "expected " + model::kCauses.Alternatives());
    }
  }
  if (const auto since = arguments.Text("since")) {
    const auto wall_us = ParseWallTime(*since);
    if (!wall_us) {
      read.refusal = InvalidParameter("since", "expected a time such as 2026-11-22T06:00:00Z");
    } else {
      query.since_us = *wall_us - exchange.service.wall_offset_us();
    }
  }
  return read;
}

std::string DeathsReply(const model::RecordPage& found, const Page& page) {
  const bool cut = page.next < found.records.size();
  // The end of a page that was cut is the last record in it; else all was looked at.
  const std::uint64_t looked_to =
      cut && page.next > 0 ? found.records[page.next - 1]->seq : found.looked_to_seq;
  JsonWriter json(page.items.size() + kEnvelopeBytes);
  json.OpenObject()
      .Json("deaths", page.items)
      .Number("looked_to_seq", looked_to)
      .Number("oldest_seq", found.oldest_seq)
      .Bool("more", cut || found.more)
      .CloseObject();
  return std::move(json).Take();
}

}  // namespace

Answer ListProcesses(const Exchange& exchange) {
  ProcessRange range;
  range.after_pid = exchange.arguments.Int("after_pid").value_or(0);
  if (const auto limit = exchange.arguments.Int("limit")) {
    range.limit = static_cast<std::size_t>(*limit);
  }
  exchange.service.control.ListProcesses(
      [&service = exchange.service, audience = exchange.caller.audience(), range,
       replies = exchange.replies, later = exchange.later](const Result<model::ProcessList>& list) {
        later([&]() -> Answer {
          if (!list) return RefusalOf(list.error());
          return AnswerProcesses(*list, range, service.ContextFor(audience), replies);
        });
      });
  return AnswerLater{};
}

Answer ListDeaths(const Exchange& exchange) {
  const ReadQuery read = QueryOf(exchange);
  if (read.refusal) return *read.refusal;
  const auto found =
      std::make_shared<const model::RecordPage>(exchange.service.control.ListDeaths(read.query));
  return AnswerInPages(
      {.count = found->records.size(),
       .item = [found, context = exchange.context()](
                   std::size_t index) { return DeathRecordJson(*found->records[index], context); },
       .reply = [found](const Page& page) { return DeathsReply(*found, page); }},
      exchange.replies);
}

Answer ListHeld(const Exchange& exchange) {
  const auto held =
      std::make_shared<const std::vector<model::HoldInfo>>(exchange.service.control.ListHeld());
  return AnswerInPages(
      {.count = held->size(),
       .item = [held, context = exchange.context()](
                   std::size_t index) { return HoldInfoJson((*held)[index], context); },
       .reply = ListReply("held", held->size())},
      exchange.replies);
}

Answer ListZombies(const Exchange& exchange) {
  exchange.service.control.ListZombies(
      [replies = exchange.replies,
       later = exchange.later](const Result<std::vector<model::ForeignZombie>>& zombies) {
        later([&]() -> Answer {
          if (!zombies) return RefusalOf(zombies.error());
          const auto kept = std::make_shared<const std::vector<model::ForeignZombie>>(*zombies);
          return AnswerInPages(
              {.count = kept->size(),
               .item = [kept](std::size_t index) { return ForeignZombieJson((*kept)[index]); },
               .reply = ListReply("zombies", kept->size())},
              replies);
        });
      });
  return AnswerLater{};
}

Answer ListBlockers(const Exchange& exchange) {
  const auto left = std::make_shared<const std::vector<model::Remaining>>(
      exchange.service.control.ListBlockers());
  return AnswerInPages({.count = left->size(),
                        .item = [left](std::size_t index) { return BlockerJson((*left)[index]); },
                        .reply = ListReply("blockers", left->size())},
                       exchange.replies);
}

// NOLINTEND(clang-analyzer-cplusplus.NewDeleteLeaks)

}  // namespace reaperd::status::handlers
