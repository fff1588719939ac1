// EventLog: the last events, shared by all that follow them. Each follower has but the number of the
// event that it wants next: one that is too slow is told which it lost.
//
// Numbers count always, also when nobody follows. Events are kept from the first follower on until
// kKeep_us after the last one has left, which is looked at when an event comes: no wake-up for it.
// Bounded: kMaxEvents, and kMaxBytes by a rough estimate. The text of an event is made when
// somebody wants it, at most twice: with all words, and without those of a command line.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "status/control_plane.h"
#include "status/status_json.h"

namespace reaperd::status {

class EventLog final : public EventSink {
 public:
  static constexpr std::size_t kMaxEvents = 4096;
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  static constexpr Micros kKeep_us = 60 * kSecond;

  /// As long as it lives, events are wanted. May outlive the log.
  using Follower = std::shared_ptr<const void>;
  /// The context of texts, made anew for each: wall time may be set.
  using MakeContext = std::function<JsonContext()>;

  EventLog(const Clock& clock, MakeContext context);

  /// Called after each event, while there are followers.
  void OnNews(std::function<void()> handler) { on_news_ = std::move(handler); }

  [[nodiscard]] Follower Follow();
  [[nodiscard]] std::size_t followers() const;

  /// Of the newest event; 0: there was none.
  [[nodiscard]] std::uint64_t last_seq() const { return next_seq_ - 1; }

  struct Reading {
    enum class Kind {
      kNothing,  ///< there is none yet
      kEvent,    ///< `text`, of number `from`
      kGap,      ///< those `from` to `to`, both included, are lost
    };
    Kind kind = Kind::kNothing;
    std::uint64_t from = 0;
    std::uint64_t to = 0;   ///< go on after it
    std::string_view text;  ///< JSON; until the next call
  };
  /// What comes after `seq`.
  Reading ReadAfter(std::uint64_t seq, const Audience& audience);

  // --- EventSink
  [[nodiscard]] bool Wanted() const override;
  void OnEvent(Micros at_us, model::EventBody body) override;
  void Skip() override;

  // For tests and counters.
  [[nodiscard]] std::size_t kept() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t texts_made() const { return texts_made_; }

 private:
  struct Entry {
    model::Event event;
    std::string text;      ///< with all words; empty: not made yet
    std::string redacted;  ///< empty: not made yet
    std::size_t bytes = 0;
  };

  std::string_view TextOf(Entry& entry, const Audience& audience);
  void DropOldest();
  /// So that all limits hold; never the last one, nor those from `keep` on.
  void Trim(std::uint64_t keep_seq);
  void DropAll();
  [[nodiscard]] bool KeptTooLong() const;

  const Clock& clock_;
  MakeContext make_context_;
  std::function<void()> on_news_;
  Follower token_;  ///< the followers have copies of it
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t next_seq_ = 1;
  bool keeping_ = false;
  std::optional<Micros> alone_since_us_;  ///< the first event after the last follower left
  std::uint64_t texts_made_ = 0;
};

}  // namespace reaperd::status
