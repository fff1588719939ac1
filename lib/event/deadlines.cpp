#include "event/deadlines.h"

#include <utility>

namespace reaperd::event {

DeadlineId Deadlines::Make() {
  place_.push_back(kNowhere);
  at_us_.push_back(0);
  heap_.reserve(place_.size());
  return place_.size() - 1;
}

void Deadlines::Set(DeadlineId id, Micros at_us) {
  at_us_[id] = at_us;
  if (place_[id] == kNowhere) {
    place_[id] = heap_.size();
    heap_.push_back(id);
  }
  SiftUp(place_[id]);
  SiftDown(place_[id]);
}

void Deadlines::Clear(DeadlineId id) {
  if (place_[id] != kNowhere) RemoveAt(place_[id]);
}

std::optional<Micros> Deadlines::Next() const {
  if (heap_.empty()) return std::nullopt;
  return at_us_[heap_.front()];
}

std::optional<DeadlineId> Deadlines::TakeDue(Micros now_us) {
  if (heap_.empty() || at_us_[heap_.front()] > now_us) return std::nullopt;
  const DeadlineId id = heap_.front();
  RemoveAt(0);
  return id;
}

void Deadlines::RemoveAt(std::size_t place) {
  place_[heap_[place]] = kNowhere;
  const DeadlineId last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  heap_[place] = last;
  place_[last] = place;
  SiftUp(place);
  SiftDown(place_[last]);
}

void Deadlines::SiftUp(std::size_t place) {
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (at_us_[heap_[parent]] <= at_us_[heap_[place]]) return;
    Swap(parent, place);
    place = parent;
  }
}

void Deadlines::SiftDown(std::size_t place) {
  for (;;) {
    std::size_t least = place;
    for (const std::size_t child : {2 * place + 1, 2 * place + 2}) {
      if (child < heap_.size() && at_us_[heap_[child]] < at_us_[heap_[least]]) least = child;
    }
    if (least == place) return;
    Swap(least, place);
    place = least;
  }
}

void Deadlines::Swap(std::size_t a, std::size_t b) {
  std::swap(heap_[a], heap_[b]);
  place_[heap_[a]] = a;
  place_[heap_[b]] = b;
}

}  // namespace reaperd::event
