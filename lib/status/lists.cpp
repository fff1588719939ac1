// Methods that answer by a list: in pages, and some of them later. Deaths: deaths.cpp.
#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "status/handlers.h"
#include "status/json_writer.h"
#include "status/positions.h"
#include "status/process_json.h"
#include "status/refusals.h"
#include "status/reply_pages.h"
#include "status/run_json.h"

namespace reaperd::status::handlers {
namespace {

/// {"name": items, "more": whether there are others}. Between two parts it keeps a position; the
/// items are the source's, as they are when the client reads on.
template <typename Source>
class ListStream final : public ReplyStream {
 public:
  explicit ListStream(Source source, typename Source::Position after = {},
                      std::size_t limit = std::numeric_limits<std::size_t>::max())
      : source_(std::move(source)), after_(after), limit_(limit) {}

  Part Next() override {
    const auto& items = source_.Items();
    const auto rest = ItemsAfter(items, after_);
    const std::size_t wanted = std::min(rest.size(), limit_);
    const Page page = MakePage(0, wanted, source_.TextOf(rest));
    limit_ -= page.next;
    if (page.next > 0) after_ = PositionOf(rest[page.next - 1]);
    JsonWriter json(page.items.size() + kEnvelopeBytes);
    json.OpenObject()
        .Json(Source::kName, page.items)
        .Bool("more", page.next < rest.size())
        .CloseObject();
    return {.state = page.next < wanted ? State::kMore : State::kLast,
            .parameters = std::move(json).Take()};
  }

 private:
  Source source_;
  typename Source::Position after_;
  std::size_t limit_;  ///< of those that are to be sent yet
};

struct Processes {
  using Position = pid_t;
  static constexpr std::string_view kName = "processes";
  const Service& service;
  Audience audience;
  LatestList<model::ProcessView>::Reader latest;

  [[nodiscard]] const std::vector<model::ProcessView>& Items() const { return **latest; }
  [[nodiscard]] ItemText TextOf(std::span<const model::ProcessView> items) const {
    return [items, context = service.ContextFor(audience)](std::size_t index) {
      return ProcessJson(items[index], context);
    };
  }
};

struct Zombies {
  using Position = pid_t;
  static constexpr std::string_view kName = "zombies";
  LatestList<model::ForeignZombie>::Reader latest;

  [[nodiscard]] const std::vector<model::ForeignZombie>& Items() const { return **latest; }
  [[nodiscard]] static ItemText TextOf(std::span<const model::ForeignZombie> items) {
    return [items](std::size_t index) { return ForeignZombieJson(items[index]); };
  }
};

struct Holds {
  using Position = HoldPosition;
  static constexpr std::string_view kName = "held";
  const Service& service;
  Audience audience;
  Micros until_us;

  [[nodiscard]] std::vector<model::HoldInfo> Items() const {
    return HoldsBegunBy(service.control, until_us);
  }
  [[nodiscard]] ItemText TextOf(std::span<const model::HoldInfo> items) const {
    return [items, context = service.ContextFor(audience)](std::size_t index) {
      return HoldInfoJson(items[index], context);
    };
  }
};

}  // namespace

Answer ListProcesses(const Exchange& exchange) {
  const auto after = static_cast<pid_t>(exchange.arguments.Int("after_pid").value_or(0));
  const auto limit = static_cast<std::size_t>(
      exchange.arguments.Int("limit").value_or(std::numeric_limits<std::int64_t>::max()));
  exchange.service.control.ListProcesses(
      exchange.caller.id,
      [&service = exchange.service, audience = exchange.caller.audience(), after, limit,
       replies = exchange.replies, later = exchange.later](const Result<model::ProcessList>& list) {
        later([&]() -> Answer {
          if (!list) return RefusalOf(list.error());
          Processes source{service, audience, service.processes.Put(*list)};
          return AnswerInParts(
              std::make_unique<ListStream<Processes>>(std::move(source), after, limit), replies);
        });
      });
  return AnswerLater{};
}

Answer ListHeld(const Exchange& exchange) {
  const Service& service = exchange.service;
  return AnswerInParts(std::make_unique<ListStream<Holds>>(
                           Holds{service, exchange.caller.audience(), service.clock.Now()}),
                       exchange.replies);
}

Answer ListZombies(const Exchange& exchange) {
  exchange.service.control.ListZombies(
      exchange.caller.id, [&service = exchange.service, replies = exchange.replies,
                           later = exchange.later](const Result<model::ForeignList>& zombies) {
        later([&]() -> Answer {
          if (!zombies) return RefusalOf(zombies.error());
          Zombies source{service.zombies.Put(*zombies)};
          return AnswerInParts(std::make_unique<ListStream<Zombies>>(std::move(source)), replies);
        });
      });
  return AnswerLater{};
}

Answer ListBlockers(const Exchange& exchange) {
  // A few: they fit a reply, and there is no way to ask for the others.
  const model::RemainingList left = exchange.service.control.ListBlockers();
  const std::vector<model::Remaining>& processes = left.processes;
  const Page page = MakePage(0, processes.size(),
                             [&](std::size_t index) { return BlockerJson(processes[index]); });
  JsonWriter json(page.items.size() + kEnvelopeBytes);
  json.OpenObject()
      .Json("blockers", page.items)
      .Bool("more", left.more || page.next < processes.size());
  json.CloseObject();
  return Reply{.parameters = std::move(json).Take(), .descriptor = {}};
}

}  // namespace reaperd::status::handlers
