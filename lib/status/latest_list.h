// LatestList: the newest of the lists that were made because somebody asked, for all whose replies
// are not sent yet. Whoever stands still in the middle of a list goes on in the one that has taken
// its place: so one is in memory, however many stand still, and none when nobody does.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace reaperd::status {

template <typename T>
class LatestList {
 public:
  using List = std::shared_ptr<const std::vector<T>>;
  /// Shows the list that is the newest when it is looked at.
  using Reader = std::shared_ptr<const List>;

  Reader Put(List list) {
    auto kept = kept_.lock();
    if (!kept) kept_ = kept = std::make_shared<List>();
    *kept = std::move(list);
    return kept;
  }

 private:
  std::weak_ptr<List> kept_;
};

}  // namespace reaperd::status
