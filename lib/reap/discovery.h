// Discovery: paces the search for children that we were given without a word, and the looks at them
// while they live. Pure: the reaper lists and looks.
//
// A search is due after any SIGCHLD (where processes die, others were perhaps orphaned) and on
// request. It goes in passes of at most 2 ms or so; a pause of 100 times its cost follows each, so
// that it takes at most 1 % of the time, and never less than 100 ms, so that a trickle of deaths
// does not pay for a list each. Nothing is due when nothing has happened: idle stays idle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace reaperd::reap {

class Discovery {
 public:
  /// At about 60 us each.
  static constexpr std::size_t kLooksPerPass = 32;

  void OnSigchld() { due_ = true; }
  /// There is no child: a list would be empty. Who asked is answered by one all the same.
  void OnNoChild() { due_ = requests_ != answered_; }
  /// Wanted now and whole, whatever it costs: somebody asked, or a decision depends on it. The
  /// number is for IsAnswered.
  std::uint64_t OnRequest() {
    due_ = true;
    not_before_us_ = 0;
    return ++requests_;
  }
  /// A list that was begun after this request was read, and all in it were looked at.
  [[nodiscard]] bool IsAnswered(std::uint64_t request) const { return request <= answered_; }

  [[nodiscard]] bool ShouldRun(Micros now_us) const {
    return (due_ || looks_left_) && now_us >= not_before_us_;
  }
  /// When ShouldRun turns true by itself; nullopt: not before more has happened.
  [[nodiscard]] std::optional<Micros> next_us() const {
    if (!due_ && !looks_left_) return std::nullopt;
    return not_before_us_;
  }
  /// A list is to be read in this pass. What happens from its first part on makes the next one due.
  [[nodiscard]] bool list_due() const { return due_; }
  void OnListing() {
    due_ = false;
    listed_for_ = requests_;
  }
  /// Somebody was reaped between two parts of the list that was just read, so that another may be
  /// missing in it. Who asked gets a new one, but not for ever.
  void OnTornList() {
    due_ = true;
    if (torn_lists_ < kMostTornLists) listed_for_ = answered_;
    ++torn_lists_;
  }
  /// The list could not be read. Who asked gets another try, but not for ever; nobody else does:
  /// where there is no /proc there never is a list.
  void OnFailedList() {
    if (listed_for_ == answered_ || torn_lists_ >= kMostTornLists) return;
    OnTornList();
  }
  /// Another reads the whole list, from the first part on, and notes who is new: no other is due
  /// for what has happened so far. Who asked gets a list of his own all the same.
  void OnOtherListing() { due_ = requests_ != answered_; }
  /// It had new ones.
  void OnOtherListed() { looks_left_ = true; }
  [[nodiscard]] bool MayLook(std::size_t looks_in_pass) const {
    return answered_ < requests_ || looks_in_pass < kLooksPerPass;
  }
  /// The pass is over.
  void OnPass(Micros cost_us, bool looks_left, Micros now_us);

 private:
  static constexpr Micros kPauseFactor = 100;
  static constexpr Micros kLeastPause_us = 100 * kMillisecond;
  static constexpr int kMostTornLists = 3;  ///< where deaths never end

  bool due_ = false;
  bool looks_left_ = false;
  Micros not_before_us_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t listed_for_ = 0;  ///< requests that came before the last list began
  std::uint64_t answered_ = 0;
  int torn_lists_ = 0;  ///< since somebody was answered
};

}  // namespace reaperd::reap
