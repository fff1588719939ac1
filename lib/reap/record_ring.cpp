#include "reap/record_ring.h"

#include <iterator>
#include <utility>

namespace reaperd::reap {
namespace {

using model::DeathRecord;

constexpr std::size_t kAllocationBytes = 16;  ///< what an allocation costs besides what was asked
constexpr std::size_t kCountsOfShared = 16;  ///< std::make_shared keeps its counts beside the value

static_assert(sizeof(DeathRecord) + kCountsOfShared + kAllocationBytes <= 1024,
              "a record takes 1 KiB at most, strings excepted");

std::size_t HeapBytes(const std::string& text) {
  const std::size_t inside = std::string().capacity();
  return text.capacity() > inside ? text.capacity() + 1 + kAllocationBytes : 0;
}

std::size_t HeapBytes(const std::optional<std::string>& text) {
  return text ? HeapBytes(*text) : 0;
}

std::size_t HeapBytes(const std::optional<std::vector<std::string>>& texts) {
  if (!texts) return 0;
  std::size_t bytes = texts->capacity() * sizeof(std::string) + kAllocationBytes;
  for (const std::string& text : *texts)
    bytes += HeapBytes(text);
  return bytes;
}

std::size_t HeapBytes(const std::optional<std::vector<model::Ancestor>>& lineage) {
  if (!lineage) return 0;
  std::size_t bytes = lineage->capacity() * sizeof(model::Ancestor) + kAllocationBytes;
  for (const model::Ancestor& ancestor : *lineage)
    bytes += HeapBytes(ancestor.comm);
  return bytes;
}

std::size_t HeapBytes(const std::shared_ptr<const model::Shadow>& shadow) {
  if (!shadow) return 0;
  return sizeof(model::Shadow) + kCountsOfShared + kAllocationBytes + HeapBytes(shadow->comm) +
         HeapBytes(shadow->cmdline) + HeapBytes(shadow->exe) + HeapBytes(shadow->cwd) +
         HeapBytes(shadow->cgroup) + HeapBytes(shadow->lineage) + HeapBytes(shadow->environ);
}

bool Matches(const RecordQuery& query, const DeathRecord& record) {
  return (!query.pid || record.pid == *query.pid) &&
         (!query.service || record.service == *query.service) &&
         (!query.cause || record.verdict.cause == *query.cause) &&
         (!query.since_us || record.died_us >= *query.since_us);
}

}  // namespace

std::size_t BytesOf(const DeathRecord& record) {
  return sizeof record + kCountsOfShared + kAllocationBytes + HeapBytes(record.id) +
         HeapBytes(record.service) + HeapBytes(record.comm) + HeapBytes(record.shadow) +
         HeapBytes(record.cgroup) + HeapBytes(record.verdict.evidence) +
         (record.hold ? HeapBytes(record.hold->rule) : 0);
}

RecordRing::RecordRing(const model::RecordsSpec& spec)
    : keeps_(spec.mode != model::RecordsMode::kOff),
      max_records_(spec.kept),
      max_bytes_(spec.max_bytes) {}

std::uint64_t RecordRing::Push(Record record) {
  record->seq = next_seq_;
  ++next_seq_;
  if (keeps_) Keep(std::move(record));
  return next_seq_ - 1;
}

void RecordRing::Keep(Record record) {
  const std::size_t bytes = BytesOf(*record);
  entries_.push_back({std::move(record), bytes});
  bytes_ += bytes;
  while (!entries_.empty() && (entries_.size() > max_records_ || bytes_ > max_bytes_)) {
    bytes_ -= entries_.front().bytes;
    entries_.pop_front();
  }
}

RecordRing::Record RecordRing::Find(std::uint64_t seq) const {
  if (seq < oldest_seq() || seq >= next_seq_) return nullptr;
  return entries_[seq - oldest_seq()].record;
}

RecordPage RecordRing::Select(const RecordQuery& query) const {
  RecordPage page{.records = {},
                  .looked_to_seq = std::min(query.after_seq, next_seq_ - 1),
                  .oldest_seq = oldest_seq()};
  const std::size_t limit = std::clamp(query.limit, std::size_t{1}, RecordQuery::kMaxLimit);
  std::uint64_t seq = std::max(page.looked_to_seq + 1, oldest_seq());
  for (std::size_t looks = 0; seq < next_seq_; ++seq, ++looks) {
    if (page.records.size() == limit || looks == kLooksPerPage) {
      page.more = true;
      break;
    }
    const Record& record = entries_[seq - oldest_seq()].record;
    if (Matches(query, *record)) page.records.push_back(record);
    page.looked_to_seq = seq;
  }
  return page;
}

RecordRing::State RecordRing::Save() const {
  State state{.next_seq = next_seq_};
  state.records.reserve(entries_.size());
  for (const Entry& entry : entries_)
    state.records.push_back(entry.record);
  return state;
}

void RecordRing::Load(const State& state) {
  entries_.clear();
  bytes_ = 0;
  next_seq_ = std::max(state.next_seq, std::uint64_t{1});
  std::uint64_t seq = next_seq_;
  auto first = state.records.end();
  while (seq > 1 && first != state.records.begin()) {
    const Record& before = *std::prev(first);
    if (!before || before->seq != seq - 1) break;
    --first;
    --seq;
  }
  if (!keeps_) return;
  for (; first != state.records.end(); ++first)
    Keep(*first);
}

}  // namespace reaperd::reap
