#include "reap/sent_signals.h"

#include <algorithm>
#include <utility>

namespace reaperd::reap {
namespace {

using model::SentSignal;

bool Reaches(const SentSignal& sent, const SignalRecipient& recipient) {
  if (recipient.started_us && sent.sent_us < *recipient.started_us) return false;
  switch (sent.reach) {
    case SentSignal::Reach::kProcess:
      return sent.target == recipient.pid;
    case SentSignal::Reach::kGroup:
      return recipient.process_group == sent.target;
    case SentSignal::Reach::kSession:
      return recipient.session == sent.target;
    case SentSignal::Reach::kAll:
      return true;
  }
  return false;
}

bool StillExplains(const SentSignal& sent, Micros died_us) {
  return sent.purpose != SentSignal::Purpose::kForwarded ||
         died_us - sent.sent_us <= SentSignals::kForwardedExplains_us;
}

template <typename Wanted>
const SentSignal* FindNewest(const std::deque<SentSignal>& sent, const SignalRecipient& recipient,
                             Micros died_us, Wanted wanted) {
  const auto found = std::find_if(sent.rbegin(), sent.rend(), [&](const SentSignal& candidate) {
    return candidate.sent_us <= died_us && StillExplains(candidate, died_us) && wanted(candidate) &&
           Reaches(candidate, recipient);
  });
  return found == sent.rend() ? nullptr : &*found;
}

}  // namespace

void SentSignals::Add(SentSignal sent) {
  if (sent_.size() == kKept) sent_.pop_front();
  sent_.push_back(std::move(sent));
}

void SentSignals::OnReaped(pid_t pid) {
  if (sent_.empty()) return;
  std::erase_if(sent_, [pid](const SentSignal& sent) {
    return sent.reach == SentSignal::Reach::kProcess && sent.target == pid;
  });
}

const SentSignal* SentSignals::Find(const SignalRecipient& recipient, int signal,
                                    Micros died_us) const {
  return FindNewest(sent_, recipient, died_us,
                    [&](const SentSignal& sent) { return sent.signal == signal; });
}

const SentSignal* SentSignals::FindAny(const SignalRecipient& recipient, Micros died_us) const {
  return FindNewest(sent_, recipient, died_us, [](const SentSignal&) { return true; });
}

std::vector<SentSignal> SentSignals::Save() const {
  return {sent_.begin(), sent_.end()};
}

void SentSignals::Load(const std::vector<SentSignal>& sent) {
  sent_.clear();
  for (const SentSignal& each : sent)
    Add(each);
}

}  // namespace reaperd::reap
