// HeldStore: the held dead in the orders in which they may have to go: by pid, by age, by age within
// a group, by due time. Decides nothing; owned by HeldQueue. Pure.
//
// O(1) each, O(log n) for what has a due time. A held one costs about 200 bytes beside its record
// and stays where it is in memory until it is erased.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "model/hold_info.h"

namespace reaperd::reap {

/// Who holds: a rule by its number, which is never used again, or leases alone.
using HoldGroup = std::uint32_t;
inline constexpr HoldGroup kLeaseGroup = 0;

/// A list through its members, oldest first.
template <typename T>
struct ChainLinks {
  T* older = nullptr;
  T* newer = nullptr;
};

template <typename T, ChainLinks<T> T::*kLinks>
class Chain {
 public:
  [[nodiscard]] T* oldest() const { return oldest_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  static T* Newer(const T& item) { return (item.*kLinks).newer; }

  void Append(T& item) {
    (item.*kLinks) = {.older = newest_, .newer = nullptr};
    (newest_ == nullptr ? oldest_ : (newest_->*kLinks).newer) = &item;
    newest_ = &item;
    ++size_;
  }

  void Remove(T& item) {
    const ChainLinks<T> links = item.*kLinks;
    (links.older == nullptr ? oldest_ : (links.older->*kLinks).newer) = links.newer;
    (links.newer == nullptr ? newest_ : (links.newer->*kLinks).older) = links.older;
    --size_;
  }

 private:
  T* oldest_ = nullptr;
  T* newest_ = nullptr;
  std::size_t size_ = 0;
};

/// `info` may be changed, its record excepted; the rest is the store's.
struct Held {
  static constexpr std::uint32_t kNotDue = UINT32_MAX;

  model::HoldInfo info;
  Micros due_us = 0;                   ///< only while it is in the heap
  std::uint32_t heap_place = kNotDue;  ///< kNotDue: no due time
  HoldGroup group = kLeaseGroup;
  ChainLinks<Held> by_age;
  ChainLinks<Held> in_group;

  [[nodiscard]] pid_t pid() const { return info.record->pid; }
  [[nodiscard]] std::uint64_t seq() const { return info.record->seq; }
};

class HeldStore {
 public:
  HeldStore() = default;
  HeldStore(const HeldStore&) = delete;
  HeldStore& operator=(const HeldStore&) = delete;

  /// Its pid is not held yet.
  Held& Insert(model::HoldInfo info, HoldGroup group);
  void Erase(Held& held);
  void Clear();

  [[nodiscard]] Held* Find(pid_t pid);
  [[nodiscard]] const Held* Find(pid_t pid) const;
  [[nodiscard]] std::size_t size() const { return by_pid_.size(); }
  [[nodiscard]] Held* oldest() const { return by_age_.oldest(); }
  static Held* Newer(const Held& held) { return AgeChain::Newer(held); }

  [[nodiscard]] Held* OldestOf(HoldGroup group) const;
  [[nodiscard]] std::size_t CountOf(HoldGroup group) const;
  static Held* NewerOfGroup(const Held& held) { return GroupChain::Newer(held); }
  /// It is the newest there.
  void Move(Held& held, HoldGroup group);

  /// nullopt: never.
  void SetDue(Held& held, std::optional<Micros> due_us);
  /// The one that is due first; of several at one time the one that died first.
  [[nodiscard]] Held* first_due() const { return heap_.empty() ? nullptr : heap_.front(); }

 private:
  using AgeChain = Chain<Held, &Held::by_age>;
  using GroupChain = Chain<Held, &Held::in_group>;

  void LeaveGroup(Held& held);
  void RemoveFromHeap(Held& held);
  void Place(Held& held, std::size_t place);
  void SiftUp(std::size_t place);
  void SiftDown(std::size_t place);

  std::unordered_map<pid_t, Held> by_pid_;
  AgeChain by_age_;
  std::map<HoldGroup, GroupChain> groups_;  ///< those that hold somebody
  std::vector<Held*> heap_;
};

}  // namespace reaperd::reap
