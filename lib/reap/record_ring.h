// RecordRing: the last death records, in order of seq. Owned by the one who writes the records.
//
// Numbers begin at 1 and have no gaps: what was dropped shows in oldest_seq, never as a hole. Two
// caps, on records and on bytes; the oldest goes. At RecordsMode::kOff nothing is kept, only
// counted. A record may still change when it is in here (reaped_us, hold); what it grows by then is
// not counted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "model/death_record.h"
#include "model/record_query.h"
#include "model/records_spec.h"

namespace reaperd::reap {

/// An estimate of what a record takes of memory, with its strings and its shadow.
std::size_t BytesOf(const model::DeathRecord& record);

using model::RecordPage;
using model::RecordQuery;

class RecordRing {
 public:
  /// One page looks at no more, so that it takes a small part of a turn of the loop.
  static constexpr std::size_t kLooksPerPage = 4096;

  using Record = std::shared_ptr<model::DeathRecord>;

  /// What outlives an exec of ourselves.
  struct State {
    std::uint64_t next_seq = 1;
    std::vector<Record> records;
  };

  explicit RecordRing(const model::RecordsSpec& spec);

  /// Gives `record` the next number, which is also returned, and keeps it.
  std::uint64_t Push(Record record);

  [[nodiscard]] std::uint64_t next_seq() const { return next_seq_; }
  /// The oldest that can be had; next_seq() when there is none.
  [[nodiscard]] std::uint64_t oldest_seq() const { return next_seq_ - entries_.size(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// nullptr: dropped, or not made yet.
  [[nodiscard]] Record Find(std::uint64_t seq) const;

  [[nodiscard]] RecordPage Select(const RecordQuery& query) const;

  /// The newest for which `matches(const model::DeathRecord&)` holds, or nullptr.
  template <typename Predicate>
  [[nodiscard]] Record FindNewest(Predicate matches) const {
    const auto found = std::find_if(entries_.rbegin(), entries_.rend(),
                                    [&](const Entry& entry) { return matches(*entry.record); });
    return found == entries_.rend() ? nullptr : found->record;
  }

  /// The records are shared, not copied.
  [[nodiscard]] State Save() const;
  /// Takes those that stand without a gap before `state.next_seq`, as far as the caps allow.
  void Load(const State& state);

 private:
  struct Entry {
    Record record;
    std::size_t bytes = 0;  ///< as counted when it came
  };

  void Keep(Record record);

  bool keeps_;
  std::size_t max_records_;
  std::size_t max_bytes_;
  std::uint64_t next_seq_ = 1;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace reaperd::reap
