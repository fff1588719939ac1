#include "reap/record_ring.h"

#include <gtest/gtest.h>

namespace reaperd::reap {
namespace {

using model::Cause;
using model::DeathRecord;
using model::RecordsMode;
using model::RecordsSpec;

std::shared_ptr<DeathRecord> Record(pid_t pid, Cause cause = Cause::kSuccess, Micros died_us = 0,
                                    std::string service = "") {
  auto record = std::make_shared<DeathRecord>();
  record->pid = pid;
  record->verdict.cause = cause;
  record->died_us = died_us;
  record->service = std::move(service);
  return record;
}

std::vector<std::uint64_t> Seqs(const RecordPage& page) {
  std::vector<std::uint64_t> seqs;
  for (const auto& record : page.records)
    seqs.push_back(record->seq);
  return seqs;
}

using Numbers = std::vector<std::uint64_t>;

TEST(RecordRing, NumbersFromOneWithoutGaps) {
  RecordRing ring(RecordsSpec{});
  EXPECT_EQ(ring.next_seq(), 1U);
  EXPECT_EQ(ring.oldest_seq(), 1U);
  EXPECT_EQ(ring.Find(1), nullptr);
  for (std::uint64_t seq = 1; seq <= 3; ++seq)
    EXPECT_EQ(ring.Push(Record(10)), seq);
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    ASSERT_NE(ring.Find(seq), nullptr);
    EXPECT_EQ(ring.Find(seq)->seq, seq);
  }
  EXPECT_EQ(ring.Find(0), nullptr);
  EXPECT_EQ(ring.Find(4), nullptr);
}

TEST(RecordRing, DropsTheOldestBeyondTheCount) {
  RecordRing ring({.kept = 3});
  for (pid_t pid = 1; pid <= 5; ++pid)
    ring.Push(Record(pid));
  EXPECT_EQ(ring.size(), 3U);
  EXPECT_EQ(ring.oldest_seq(), 3U);
  EXPECT_EQ(ring.Find(2), nullptr);
  EXPECT_EQ(ring.Find(3)->pid, 3);
  EXPECT_EQ(ring.Find(5)->pid, 5);
}

TEST(RecordRing, DropsTheOldestBeyondTheBytes) {
  const std::size_t each = BytesOf(*Record(1));
  RecordRing ring({.max_bytes = 4 * each + each / 2});
  for (pid_t pid = 1; pid <= 10; ++pid)
    ring.Push(Record(pid));
  EXPECT_EQ(ring.size(), 4U);
  EXPECT_EQ(ring.bytes(), 4 * each);
  auto big = Record(11);
  big->verdict.evidence = std::string(2 * each, 'x');
  ring.Push(big);
  EXPECT_EQ(ring.oldest_seq(), 10U) << "three small ones made room";
  EXPECT_LE(ring.bytes(), 4 * each + each / 2);
}

TEST(RecordRing, ARecordBeyondAllBytesIsCountedOnly) {
  RecordRing ring({.max_bytes = 10});
  EXPECT_EQ(ring.Push(Record(1)), 1U);
  EXPECT_EQ(ring.size(), 0U);
  EXPECT_EQ(ring.bytes(), 0U);
  EXPECT_EQ(ring.oldest_seq(), 2U);
}

TEST(RecordRing, AtModeOffOnlyTheSequenceCounts) {
  RecordRing ring({.mode = RecordsMode::kOff});
  for (std::uint64_t seq = 1; seq <= 5; ++seq)
    EXPECT_EQ(ring.Push(Record(1)), seq);
  EXPECT_EQ(ring.size(), 0U);
  EXPECT_EQ(ring.oldest_seq(), 6U);
  EXPECT_EQ(ring.Find(5), nullptr);
  EXPECT_TRUE(ring.Select({}).records.empty());
}

TEST(RecordRing, ARecordThatGrowsInsideDoesNotUpsetTheCount) {
  RecordRing ring({.kept = 1});
  ring.Push(Record(1));
  ring.Find(1)->hold = model::HoldNote{.rule = std::string(500, 'r')};
  ring.Push(Record(2));
  EXPECT_EQ(ring.bytes(), BytesOf(*Record(2)));
}

class RecordRingSelect : public ::testing::Test {
 protected:
  RecordRingSelect() {
    ring_.Push(Record(1, Cause::kSuccess, 10));
    ring_.Push(Record(2, Cause::kOomKill, 20, "web"));
    ring_.Push(Record(1, Cause::kOomKill, 30, "db"));
    ring_.Push(Record(3, Cause::kSignal, 40, "web"));
    ring_.Push(Record(1, Cause::kSignal, 50));
    ring_.Push(Record(4, Cause::kSuccess, 60, "web"));  // and drops the first
  }
  RecordRing ring_{{.kept = 5}};
};

TEST_F(RecordRingSelect, AllInOrder) {
  const RecordPage page = ring_.Select({});
  EXPECT_EQ(Seqs(page), (Numbers{2, 3, 4, 5, 6}));
  EXPECT_EQ(page.looked_to_seq, 6U);
  EXPECT_FALSE(page.more);
}

TEST_F(RecordRingSelect, ByEachFilterAndAllOfThem) {
  EXPECT_EQ(Seqs(ring_.Select({.after_seq = 4})), (Numbers{5, 6}));
  EXPECT_EQ(Seqs(ring_.Select({.pid = 1})), (Numbers{3, 5}));
  EXPECT_EQ(Seqs(ring_.Select({.service = "web"})), (Numbers{2, 4, 6}));
  EXPECT_EQ(Seqs(ring_.Select({.service = ""})), (Numbers{5}));
  EXPECT_EQ(Seqs(ring_.Select({.cause = Cause::kOomKill})), (Numbers{2, 3}));
  EXPECT_EQ(Seqs(ring_.Select({.since_us = 40})), (Numbers{4, 5, 6}));
  EXPECT_EQ(Seqs(ring_.Select({.service = "web", .cause = Cause::kSignal, .since_us = 40})),
            (Numbers{4}));
}

TEST_F(RecordRingSelect, PageByPage) {
  RecordQuery query{.service = "web", .limit = 2};
  const RecordPage first = ring_.Select(query);
  EXPECT_EQ(Seqs(first), (Numbers{2, 4}));
  EXPECT_TRUE(first.more);
  query.after_seq = first.looked_to_seq;
  const RecordPage second = ring_.Select(query);
  EXPECT_EQ(Seqs(second), (Numbers{6}));
  EXPECT_FALSE(second.more);
}

TEST_F(RecordRingSelect, FromTheFutureThereIsNothing) {
  for (const std::uint64_t after : {std::uint64_t{6}, std::uint64_t{7}, UINT64_MAX}) {
    const RecordPage page = ring_.Select({.after_seq = after});
    EXPECT_TRUE(page.records.empty());
    EXPECT_FALSE(page.more);
    EXPECT_EQ(page.looked_to_seq, 6U);
  }
}

TEST_F(RecordRingSelect, ALimitOfNothingStillGetsOn) {
  EXPECT_EQ(Seqs(ring_.Select({.limit = 0})), (Numbers{2}));
}

TEST_F(RecordRingSelect, TheNewestThatMatches) {
  const auto newest = [&](pid_t pid) {
    return ring_.FindNewest([pid](const DeathRecord& record) { return record.pid == pid; });
  };
  EXPECT_EQ(newest(1)->seq, 5U);
  EXPECT_EQ(newest(99), nullptr);
}

TEST(RecordRing, OnePageLooksAtSoManyAndIsNoLonger) {
  RecordRing ring({.kept = 10'000, .max_bytes = std::size_t{1} << 30});
  for (pid_t pid = 1; pid <= 5000; ++pid)
    ring.Push(Record(pid));
  EXPECT_EQ(ring.Select({.limit = 100'000}).records.size(), RecordQuery::kMaxLimit);
  RecordQuery query{.pid = 5000};
  const RecordPage first = ring.Select(query);
  EXPECT_TRUE(first.records.empty());
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.looked_to_seq, RecordRing::kLooksPerPage);
  query.after_seq = first.looked_to_seq;
  EXPECT_EQ(Seqs(ring.Select(query)), (Numbers{5000}));
}

TEST(RecordRing, SurvivesAnExecOfOurselves) {
  RecordRing ring({.kept = 3});
  for (pid_t pid = 1; pid <= 5; ++pid)
    ring.Push(Record(pid));
  RecordRing loaded({.kept = 3});
  loaded.Push(Record(99));
  loaded.Load(ring.Save());
  EXPECT_EQ(loaded.next_seq(), 6U);
  EXPECT_EQ(loaded.oldest_seq(), 3U);
  EXPECT_EQ(loaded.bytes(), ring.bytes());
  EXPECT_EQ(loaded.Find(4), ring.Find(4)) << "shared: who holds it sees it change";
  EXPECT_EQ(loaded.Push(Record(6)), 6U);
  RecordRing off({.mode = RecordsMode::kOff});
  off.Load(ring.Save());
  EXPECT_EQ(off.next_seq(), 6U);
  EXPECT_EQ(off.size(), 0U);
}

TEST(RecordRing, LoadsNoGapAndNoNothing) {
  RecordRing source(RecordsSpec{});
  for (pid_t pid = 1; pid <= 4; ++pid)
    source.Push(Record(pid));
  RecordRing::State state = source.Save();
  state.records.erase(state.records.begin() + 1);
  RecordRing ring(RecordsSpec{});
  ring.Load(state);
  EXPECT_EQ(ring.oldest_seq(), 3U);
  state.records.back() = nullptr;
  ring.Load(state);
  EXPECT_EQ(ring.size(), 0U);
  EXPECT_EQ(ring.next_seq(), 5U);
  ring.Load({.next_seq = 0, .records = {Record(1)}});
  EXPECT_EQ(ring.Push(Record(1)), 1U);
}

TEST(RecordRing, APageTellsTheOldestThatCanBeHad) {
  RecordsSpec spec;
  spec.kept = 2;
  RecordRing ring(spec);
  EXPECT_EQ(ring.Select({}).oldest_seq, 1U);
  for (pid_t pid = 1; pid <= 5; ++pid)
    ring.Push(Record(pid));
  EXPECT_EQ(ring.Select({}).oldest_seq, 4U);
}

TEST(BytesOf, CountsStringsAndTheShadow) {
  auto record = Record(1);
  const std::size_t bare = BytesOf(*record);
  EXPECT_LE(bare, 1024U);
  record->verdict.evidence = std::string(1000, 'e');
  const std::size_t with_evidence = BytesOf(*record);
  EXPECT_GE(with_evidence, bare + 1000);
  record->comm = "short enough";
  EXPECT_EQ(BytesOf(*record), with_evidence) << "kept inside of the record";
  model::Shadow shadow;
  shadow.cmdline = {{std::string(2000, 'a'), std::string(2000, 'b')}};
  shadow.exe = std::string(1000, 'c');
  shadow.lineage = {{{.pid = 1, .comm = std::string(100, 'd')}}};
  record->shadow = std::make_shared<const model::Shadow>(std::move(shadow));
  EXPECT_GE(BytesOf(*record), with_evidence + sizeof(model::Shadow) + 5100);
}

}  // namespace
}  // namespace reaperd::reap
