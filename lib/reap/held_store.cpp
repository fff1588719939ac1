#include "reap/held_store.h"

#include <utility>

namespace reaperd::reap {
namespace {

static_assert(sizeof(Held) <= 160, "with its node, buckets and heap place: about 200 bytes");

bool IsDueBefore(const Held& a, const Held& b) {
  return a.due_us != b.due_us ? a.due_us < b.due_us : a.seq() < b.seq();
}

}  // namespace

Held& HeldStore::Insert(model::HoldInfo info, HoldGroup group) {
  const pid_t pid = info.record->pid;
  Held& held = by_pid_[pid];
  held.info = std::move(info);
  held.group = group;
  by_age_.Append(held);
  groups_[group].Append(held);
  return held;
}

void HeldStore::Erase(Held& held) {
  RemoveFromHeap(held);
  LeaveGroup(held);
  by_age_.Remove(held);
  by_pid_.erase(held.pid());
}

void HeldStore::Clear() {
  heap_.clear();
  groups_.clear();
  by_age_ = {};
  by_pid_.clear();
}

Held* HeldStore::Find(pid_t pid) {
  const auto at = by_pid_.find(pid);
  return at == by_pid_.end() ? nullptr : &at->second;
}

const Held* HeldStore::Find(pid_t pid) const {
  const auto at = by_pid_.find(pid);
  return at == by_pid_.end() ? nullptr : &at->second;
}

Held* HeldStore::OldestOf(HoldGroup group) const {
  const auto at = groups_.find(group);
  return at == groups_.end() ? nullptr : at->second.oldest();
}

std::size_t HeldStore::CountOf(HoldGroup group) const {
  const auto at = groups_.find(group);
  return at == groups_.end() ? 0 : at->second.size();
}

void HeldStore::Move(Held& held, HoldGroup group) {
  LeaveGroup(held);
  held.group = group;
  groups_[group].Append(held);
}

void HeldStore::LeaveGroup(Held& held) {
  const auto at = groups_.find(held.group);
  at->second.Remove(held);
  if (at->second.size() == 0) groups_.erase(at);
}

void HeldStore::SetDue(Held& held, std::optional<Micros> due_us) {
  if (!due_us) {
    RemoveFromHeap(held);
    return;
  }
  held.due_us = *due_us;
  if (held.heap_place == Held::kNotDue) {
    heap_.push_back(&held);
    Place(held, heap_.size() - 1);
  }
  SiftUp(held.heap_place);
  SiftDown(held.heap_place);
}

void HeldStore::RemoveFromHeap(Held& held) {
  const std::size_t place = held.heap_place;
  if (place == Held::kNotDue) return;
  held.heap_place = Held::kNotDue;
  Held* const last = heap_.back();
  heap_.pop_back();
  if (last == &held) return;
  Place(*last, place);
  SiftUp(place);
  SiftDown(last->heap_place);
}

void HeldStore::Place(Held& held, std::size_t place) {
  heap_[place] = &held;
  held.heap_place = static_cast<std::uint32_t>(place);
}

void HeldStore::SiftUp(std::size_t place) {
  Held& held = *heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (!IsDueBefore(held, *heap_[parent])) break;
    Place(*heap_[parent], place);
    place = parent;
  }
  Place(held, place);
}

void HeldStore::SiftDown(std::size_t place) {
  Held& held = *heap_[place];
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && IsDueBefore(*heap_[child + 1], *heap_[child])) ++child;
    if (!IsDueBefore(*heap_[child], held)) break;
    Place(*heap_[child], place);
    place = child;
  }
  Place(held, place);
}

}  // namespace reaperd::reap
