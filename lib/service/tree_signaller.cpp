#include "service/tree_signaller.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sys/process_signal.h"

namespace reaperd::service {
namespace {

constexpr int kWalkPart = 16;
/// Somebody who sends us signals faster than /proc can be walked gets the later ones dropped.
constexpr std::size_t kMaxRequests = 64;

}  // namespace

TreeSignaller::TreeSignaller(event::EventLoop& loop, sys::ProcessOps& ops, bool pid1,
                             std::string proc_root, DoneHandler done)
    : loop_(loop),
      ops_(ops),
      pid1_(pid1),
      proc_root_(std::move(proc_root)),
      done_(std::move(done)),
      job_(loop.AddJob(event::Priority::kJobs, [this](event::Turn& turn) { return Run(turn); })) {}

void TreeSignaller::Send(TreeTarget target, std::vector<int> signals) {
  if (pid1_ && target.kind == TreeTarget::Kind::kDescendants) {
    int error = 0;
    for (const int signal : signals)
      error = ops_.SignalEverybody(signal);
    done_({.signal = signals.front(), .reached = error == 0 ? 1U : 0U, .error = error});
    return;
  }
  if (requests_.size() >= kMaxRequests) {
    done_({.signal = signals.front(), .reached = 0, .error = EAGAIN});
    return;
  }
  requests_.push_back({target, std::move(signals)});
  loop_.Wake(job_);
}

event::After TreeSignaller::Run(event::Turn& turn) {
  while (!requests_.empty()) {
    if (!selected_) {
      if (!walk_) {
        // Another namespace's /proc would name strangers.
        if (!sys::ProcIsOurs(proc_root_)) {
          Finish(ENOENT);
          continue;
        }
        auto walk = sys::ProcessWalk::Begin(proc_root_);
        if (!walk) {
          Finish(walk.error().code());
          continue;
        }
        walk_ = std::move(walk).value();
        found_.clear();
      }
      if (!Walk(turn)) return event::After::kMore;
      SelectTargets();
    }
    while (next_ < found_.size()) {
      const sys::ProcStat& process = found_[next_++];
      int error = 0;
      for (const int signal : requests_.front().signals) {
        error = sys::SignalProcess(ops_, proc_root_, process, signal);
        if (error != 0) break;
      }
      if (error == 0) ++reached_;
      if (turn.Over()) return event::After::kMore;
    }
    Finish(reached_ > 0 ? 0 : ESRCH);
  }
  return event::After::kWait;
}

/// False when the turn was over first.
bool TreeSignaller::Walk(event::Turn& turn) {
  while (walk_->Next(kWalkPart, found_)) {
    if (turn.OverAfter(kWalkPart)) return false;
  }
  walk_.reset();
  return true;
}

void TreeSignaller::SelectTargets() {
  const TreeTarget& target = requests_.front().target;
  const pid_t self = getpid();
  // Of a session, too, only what descends from us: without a session of our own, the shell that
  // started us is a member.
  found_ = sys::DescendantsOf(self, found_);
  if (target.kind == TreeTarget::Kind::kSession) {
    std::erase_if(found_,
                  [&](const sys::ProcStat& process) { return process.session != target.session; });
  }
  std::erase_if(found_, [this](const sys::ProcStat& process) {
    return process.IsZombie() || is_ours_(process.pid);
  });
  selected_ = true;
  next_ = 0;
  reached_ = 0;
}

void TreeSignaller::Finish(int error) {
  const TreeOutcome outcome{
      .signal = requests_.front().signals.front(), .reached = reached_, .error = error};
  requests_.pop_front();
  selected_ = false;
  walk_.reset();
  found_.clear();
  next_ = 0;
  reached_ = 0;
  done_(outcome);
}

}  // namespace reaperd::service
