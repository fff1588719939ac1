// Askers: who is answered by the work under way, and who by the next, since it came when that had
// begun. Each asker has one place among those to come, so none can take the places of others: there
// are never more than askers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace reaperd {

template <typename Handler>
class Askers {
 public:
  using Id = std::uint64_t;

  /// It waits for the next already, and has to be refused.
  [[nodiscard]] bool Waits(Id who) const {
    return std::any_of(next_.begin(), next_.end(),
                       [who](const Asker& asker) { return asker.who == who; });
  }
  /// One that does not wait.
  void Add(Id who, Handler handler) { next_.push_back({who, std::move(handler)}); }
  /// It is gone: nobody would hear the answer.
  void Forget(Id who) {
    for (std::vector<Asker>* const askers : {&now_, &next_})
      std::erase_if(*askers, [who](const Asker& asker) { return asker.who == who; });
  }
  [[nodiscard]] bool HasNext() const { return !next_.empty(); }
  void BeginNext() { now_ = std::exchange(next_, {}); }
  /// The work is done: a handler may ask again.
  template <typename Answer>
  void Tell(const Answer& answer) {
    for (const Asker& asker : std::exchange(now_, {}))
      asker.handler(answer);
  }

 private:
  struct Asker {
    Id who = 0;
    Handler handler;
  };

  std::vector<Asker> now_;
  std::vector<Asker> next_;
};

}  // namespace reaperd
