// TreeSignaller: a signal to many processes, found by walking /proc: all descendants of ours, or
// those of them that are members of a session. A job in parts: reading one process costs about 20
// µs.
//
// As PID 1 "all descendants" is one kill(-1) and no walk.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "event/event_loop.h"
#include "sys/process_ops.h"
#include "sys/process_walk.h"

namespace reaperd::service {

struct TreeTarget {
  enum class Kind { kDescendants, kSession };
  Kind kind = Kind::kDescendants;
  pid_t session = 0;  ///< kSession
};

/// What became of a request: how many got the signal, or the errno if nobody could be told: ENOENT
/// when there is no /proc of our pid namespace to find them by.
struct TreeOutcome {
  int signal = 0;
  std::size_t reached = 0;
  int error = 0;
};

class TreeSignaller {
 public:
  using DoneHandler = std::function<void(const TreeOutcome& outcome)>;

  /// `loop` and `ops` must outlive it.
  TreeSignaller(event::EventLoop& loop, sys::ProcessOps& ops, bool pid1, std::string proc_root,
                DoneHandler done);

  /// Parts of ourselves that are nobody's descendants to signal. Not asked as PID 1, whose kill(-1)
  /// reaches all.
  void Spare(std::function<bool(pid_t pid)> is_ours) { is_ours_ = std::move(is_ours); }

  /// Requests are served in order. Several signals for the same target are sent one after the other
  /// to each process (TERM then CONT).
  void Send(TreeTarget target, std::vector<int> signals);
  [[nodiscard]] bool busy() const { return !requests_.empty(); }

 private:
  struct Request {
    TreeTarget target;
    std::vector<int> signals;
  };

  event::After Run(event::Turn& turn);
  bool Walk(event::Turn& turn);
  void SelectTargets();
  void Finish(int error);

  event::EventLoop& loop_;
  sys::ProcessOps& ops_;
  bool pid1_;
  std::string proc_root_;
  DoneHandler done_;
  std::function<bool(pid_t pid)> is_ours_ = [](pid_t) { return false; };
  event::SourceId job_;
  std::deque<Request> requests_;
  std::optional<sys::ProcessWalk> walk_;
  std::vector<sys::ProcStat> found_;  ///< during the walk: everybody; then: the targets
  bool selected_ = false;
  std::size_t next_ = 0;
  std::size_t reached_ = 0;
};

}  // namespace reaperd::service
