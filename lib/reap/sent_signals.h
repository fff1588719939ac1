// SentSignals: the last signals that we sent, so that a death can be told from whom it came. Pure.
// Owned by the one who writes the records; whoever sends a signal adds it here.
//
// Bounded: the oldest goes. What is not found here is not ours, as far as a verdict can say; so a
// signal that fell out makes a verdict less exact, never wrong.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "model/sent_signal.h"

namespace reaperd::reap {

/// The process that may have got a signal. What is not known matches nothing.
struct SignalRecipient {
  pid_t pid = 0;
  std::optional<pid_t> process_group;
  std::optional<pid_t> session;
  /// A signal that was sent before it started went to an earlier owner of its number.
  std::optional<Micros> started_us;
};

class SentSignals {
 public:
  static constexpr std::size_t kKept = 64;
  /// A forwarded signal is found for so long. Some clean up for minutes and then end by it; others
  /// took it as a word (HUP: read your files) and went on, and what ends them later is another.
  static constexpr Micros kForwardedExplains_us = 10 * 60 * kSecond;

  void Add(model::SentSignal sent);

  /// The number is free for another process: what was sent to this one alone is forgotten.
  void OnReaped(pid_t pid);

  /// The newest `signal` that reached this process up to `died_us` and may have ended it.
  [[nodiscard]] const model::SentSignal* Find(const SignalRecipient& recipient, int signal,
                                              Micros died_us) const;
  /// The same for any signal: one that did not end it is still worth a word.
  [[nodiscard]] const model::SentSignal* FindAny(const SignalRecipient& recipient,
                                                 Micros died_us) const;

  [[nodiscard]] std::size_t size() const { return sent_.size(); }

  /// What outlives an exec of ourselves, oldest first, and back.
  [[nodiscard]] std::vector<model::SentSignal> Save() const;
  void Load(const std::vector<model::SentSignal>& sent);

 private:
  std::deque<model::SentSignal> sent_;  ///< oldest first
};

}  // namespace reaperd::reap
