// WaitPlan: when `wait PID` is over, and with which status. Pure: it is told what Monitor and
// ListDeaths told, in that order, so that a death between the two cannot be missed.
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
  struct Waiting {};
  /// `why` in a sentence.
  struct Unknown {
    std::string why;
  };
  using Step = std::variant<Waiting, AskList, Ended, Unknown>;

  explicit WaitPlan(std::int64_t pid) : pid_(pid) {}

  Step Take(const client::News& news);
  /// Deaths of this pid, in order.
  Step FromList(const std::vector<client::Death>& deaths);

  /// It lives and is another one's child.
  [[nodiscard]] bool is_foreign_child() const { return foreign_child_; }
  [[nodiscard]] const std::optional<client::Process>& process() const { return process_; }

 private:
  Step TakeSnapshot(const client::Snapshot& snapshot);
  Step TakeEvent(const client::Event& event);
  [[nodiscard]] bool IsMeant(std::int64_t pid, const std::optional<std::string>& id) const;

  std::int64_t pid_;
  std::optional<client::Process> process_;  ///< alive, as far as we were told
  bool foreign_child_ = false;
};

}  // namespace reaperd::ctl
