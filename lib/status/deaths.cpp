// ListDeaths: pages of the ring.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "status/handlers.h"
#include "status/json_writer.h"
#include "status/refusals.h"
#include "status/reply_pages.h"

namespace reaperd::status::handlers {
namespace {

/// The names of a record's members alone are longer.
constexpr std::size_t kLeastRecordBytes = 256;
constexpr std::size_t kMostPerReply = kMaxReplyBytes / kLeastRecordBytes;

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

/// Keeps the query and no record: what has left the ring when the client reads on is a gap, which
/// oldest_seq tells.
class DeathStream final : public ReplyStream {
 public:
  DeathStream(const Service& service, Audience audience, model::RecordQuery rest)
      : service_(service), audience_(audience), rest_(std::move(rest)) {}

  Part Next() override {
    model::RecordQuery query = rest_;
    query.limit = std::min(rest_.limit, kMostPerReply);
    const model::RecordPage found = service_.control.ListDeaths(query);
    const JsonContext context = service_.ContextFor(audience_);
    const Page page = MakePage(0, found.records.size(), [&](std::size_t index) {
      return DeathRecordJson(*found.records[index], context);
    });
    const bool cut = page.next < found.records.size();
    const bool full = cut || found.records.size() == query.limit;
    const bool more = cut || found.more;
    rest_.limit -= page.next;
    rest_.after_seq = cut ? found.records[page.next - 1]->seq : found.looked_to_seq;
    JsonWriter json(page.items.size() + kEnvelopeBytes);
    json.OpenObject()
        .Json("deaths", page.items)
        .Number("looked_to_seq", rest_.after_seq)
        .Number("oldest_seq", found.oldest_seq)
        .Bool("more", more)
        .CloseObject();
    // One that is not full has looked at as many as a page may: the client is to ask on.
    const bool goes_on = more && full && rest_.limit > 0;
    return {.state = goes_on ? State::kMore : State::kLast, .parameters = std::move(json).Take()};
  }

 private:
  const Service& service_;
  Audience audience_;
  model::RecordQuery rest_;  ///< what is to be sent yet
};

}  // namespace

Answer ListDeaths(const Exchange& exchange) {
  ReadQuery read = QueryOf(exchange);
  if (read.refusal) return *read.refusal;
  return AnswerInParts(std::make_unique<DeathStream>(exchange.service, exchange.caller.audience(),
                                                     std::move(read.query)),
                       exchange.replies);
}

}  // namespace reaperd::status::handlers
