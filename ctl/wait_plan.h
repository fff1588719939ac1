// WaitPlan: when `wait PID` is over, and with which status. Pure: it is told what Monitor and
// ListDeaths told, in that order, so that a death between the two cannot be missed. When events
// were lost, the records of deaths may have been, too: then it asks who is still there.
//
// A process that is not reaperd's own child is reaped by its parent: reaperd never learns its
// status. The owner must see by itself that such a one is gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/death.h"
#include "client/event.h"
#include "model/exit_status.h"

namespace reaperd::ctl {

class WaitPlan {
 public:
  struct Ended {
    model::ExitStatus end;
  };
  /// Somebody has to look into the list of deaths, and to tell FromList.
  struct AskList {};
  /// Somebody has to look who is there, and to tell FromLook.
  struct AskLook {};
  struct Waiting {};
  /// `why` in a sentence.
  struct Unknown {
    std::string why;
  };
  using Step = std::variant<Waiting, AskList, AskLook, Ended, Unknown>;

  /// Who is there; what had happened by then was told by events up to `seq`.
  struct Look {
    std::vector<client::Process> processes;
    std::int64_t seq = 0;
  };

  explicit WaitPlan(std::int64_t pid) : pid_(pid) {}

  Step Take(const client::News& news);
  /// Deaths of this pid, in order.
  Step FromList(const std::vector<client::Death>& deaths);
  Step FromLook(const Look& look);

  /// It lives and is another one's child.
  [[nodiscard]] bool is_foreign_child() const { return foreign_child_; }
  [[nodiscard]] const std::optional<client::Process>& process() const { return process_; }

 private:
  Step TakeSnapshot(const client::Snapshot& snapshot);
  Step TakeEvent(const client::Event& event);
  /// Of who is there, as far as its state says it.
  Step StepOf(const client::Process& process, Step when_dead);
  /// Waiting, until all that happened before it was seen to be gone was told.
  [[nodiscard]] Step UnlessGone() const;
  [[nodiscard]] bool IsMeant(std::int64_t pid, const std::optional<std::string>& id) const;

  std::int64_t pid_;
  std::optional<client::Process> process_;  ///< alive, as far as we were told
  bool foreign_child_ = false;
  bool lost_some_ = false;  ///< events
  std::int64_t seen_seq_ = 0;
  std::optional<std::int64_t> gone_seq_;  ///< it died before that event, and we do not know how
};

}  // namespace reaperd::ctl
