#include "status/event_log.h"

#include <algorithm>
#include <utility>

#include "status/event_json.h"

namespace reaperd::status {

EventLog::EventLog(const Clock& clock, MakeContext context)
    : clock_(clock), make_context_(std::move(context)), token_(std::make_shared<char>()) {}

EventLog::Follower EventLog::Follow() {
  keeping_ = true;
  alone_since_us_.reset();
  return token_;
}

std::size_t EventLog::followers() const {
  return static_cast<std::size_t>(token_.use_count() - 1);
}

bool EventLog::KeptTooLong() const {
  return alone_since_us_ && clock_.Now() - *alone_since_us_ >= kKeep_us;
}

bool EventLog::Wanted() const {
  return followers() > 0 || (keeping_ && !KeptTooLong());
}

void EventLog::Skip() {
  ++next_seq_;
  if (followers() == 0 && KeptTooLong()) DropAll();
}

void EventLog::OnEvent(Micros at_us, model::EventBody body) {
  if (!Wanted()) {
    Skip();
    return;
  }
  if (followers() > 0) {
    alone_since_us_.reset();
  } else if (!alone_since_us_) {
    alone_since_us_ = clock_.Now();
  }
  const std::size_t bytes = sizeof(Entry) + EstimateBytes(body);
  const std::uint64_t seq = next_seq_++;
  Entry entry{.event = {.seq = seq, .at_us = at_us, .body = std::move(body)}};
  entry.bytes = bytes;
  bytes_ += bytes;
  entries_.push_back(std::move(entry));
  Trim(seq);
  if (on_news_ && followers() > 0) on_news_();
}

EventLog::Reading EventLog::ReadAfter(std::uint64_t seq, const Audience& audience) {
  const std::uint64_t wanted = seq + 1;
  if (wanted >= next_seq_) return {};
  const auto at = std::lower_bound(
      entries_.begin(), entries_.end(), wanted,
      [](const Entry& entry, std::uint64_t number) { return entry.event.seq < number; });
  if (at == entries_.end()) return {Reading::Kind::kGap, wanted, next_seq_ - 1, {}};
  const std::uint64_t found = at->event.seq;
  if (found > wanted) return {Reading::Kind::kGap, wanted, found - 1, {}};
  return {Reading::Kind::kEvent, found, found, TextOf(*at, audience)};
}

std::string_view EventLog::TextOf(Entry& entry, const Audience& audience) {
  const EventSubject subject = SubjectOf(entry.event.body);
  const bool all = !subject.has_words || audience.HearsWordsOf(subject.uid);
  std::string& text = all ? entry.text : entry.redacted;
  if (text.empty()) {
    JsonContext context = make_context_();
    context.audience = {.all = all, .own_uid = std::nullopt};
    text = EventJson(entry.event, context);
    ++texts_made_;
    entry.bytes += text.size();
    bytes_ += text.size();
    Trim(entry.event.seq);
  }
  return text;
}

void EventLog::Trim(std::uint64_t keep_seq) {
  while ((entries_.size() > kMaxEvents || bytes_ > kMaxBytes) &&
         entries_.front().event.seq < keep_seq) {
    DropOldest();
  }
}

void EventLog::DropOldest() {
  bytes_ -= entries_.front().bytes;
  entries_.pop_front();
}

void EventLog::DropAll() {
  entries_ = std::deque<Entry>();
  bytes_ = 0;
  keeping_ = false;
  alone_since_us_.reset();
}

}  // namespace reaperd::status
