// ModelKernel: what Linux does for one single-threaded subreaper, as a deterministic value: copy it
// to look into the future, compare two runs of it, put 20 000 processes into it. No real process.
//
// Modelled, because a reaper can go wrong over it:
//  - the list of our children in order: forked and adopted ones are appended at the tail;
//  - SIGCHLD: one pending slot; while it is full later news only count as lost;
//  - a dying parent's zombies are announced to us before the parent itself is;
//  - a process whose leader ended while threads live, or that somebody traces, is no zombie for
//    wait; the last thread's end, or the tracer letting go, brings the SIGCHLD;
//  - waitid(P_ALL) takes the first of the list that has news and costs per child in front of it;
//    waitid(P_PID) costs the same for any list;
//  - the list is read in parts by position, so an entry that goes away between two parts makes the
//    next part skip one;
//  - numbers are given in a circle and free again after the reap.
// Time stands still but for the cost of calls and Advance. All times are in nanoseconds here and
// given in microseconds to who asks by Now(), as a real clock would be read.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "model/exit_status.h"
#include "model/wait_outcome.h"

namespace reaperd::test {

using Nanos = std::int64_t;

/// Costs of calls. The defaults are the order of magnitude measured on real machines.
struct KernelCosts {
  Nanos call = 250;            ///< any call
  Nanos wait_pid = 300;        ///< waitid(P_PID), on top
  Nanos walk_per_child = 40;   ///< waitid(P_ALL): each child in front of the one returned
  Nanos reap = 2500;           ///< taking a zombie apart
  Nanos list_call = 1500;      ///< one part of the list
  Nanos list_per_child = 700;  ///< each entry read
  Nanos signal_read = 700;     ///< taking SIGCHLD
};

class ModelKernel {
 public:
  static constexpr pid_t kSelf = 1;  ///< the subreaper

  enum class Call { kWaitPid, kWaitAny, kList };

  struct Sigchld {
    pid_t pid = 0;
    int code = 0;  ///< CLD_…
  };

  /// Numbers 2 … `pid_limit` - 1 are given to processes.
  explicit ModelKernel(pid_t pid_limit, KernelCosts costs = {});

  // --- what processes do. `pid` must be alive where nothing else is said.

  /// 0 when no number is free (EAGAIN).
  pid_t Fork(pid_t parent);
  /// All threads end. Its children become ours.
  void Exit(pid_t pid, model::ExitStatus status);
  /// The first thread ends, others go on: looks like a zombie in /proc and is none.
  void ExitLeader(pid_t pid);
  void Stop(pid_t pid, int signal);
  void Continue(pid_t pid);
  /// Somebody attaches to it (strace, gdb).
  void Trace(pid_t pid);
  /// The tracer lets go, dead or alive as `pid` may be.
  void Untrace(pid_t pid);
  /// A zombie that is not ours is waited for by its parent.
  void ReapByParent(pid_t pid);

  // --- what we can do; each costs time

  [[nodiscard]] bool sigchld_pending() const { return pending_.has_value(); }
  std::optional<Sigchld> TakeSigchld();
  /// waitid(P_PID, WNOHANG | WEXITED | WSTOPPED), reaping or with WNOWAIT; a stop is taken by both.
  model::WaitOutcome WaitPid(pid_t pid, bool reap);
  /// waitid(P_ALL, WNOHANG | WEXITED | WSTOPPED).
  model::WaitOutcome WaitAny(bool reap = true);
  /// Appends at most `max` of our children to `pids`. False when the list has ended, nullopt when
  /// it cannot be read.
  std::optional<bool> List(bool first_part, std::size_t max, std::vector<pid_t>& pids);
  /// The next `times` calls of that kind fail; nothing happens in them.
  void Fail(Call call, int error, int times);
  [[nodiscard]] bool fault_pending() const;

  void Advance(Nanos time) { now_ns_ += time; }
  [[nodiscard]] Nanos now_ns() const { return now_ns_; }
  [[nodiscard]] Micros Now() const { return now_ns_ / 1000; }

  // --- what only the test may know

  [[nodiscard]] pid_t pid_limit() const { return static_cast<pid_t>(table_.size()); }
  [[nodiscard]] bool Exists(pid_t pid) const { return At(pid).serial != 0; }
  [[nodiscard]] bool Alive(pid_t pid) const { return Exists(pid) && !At(pid).dead; }
  [[nodiscard]] bool Traced(pid_t pid) const { return Exists(pid) && At(pid).traced; }
  [[nodiscard]] bool Stopped(pid_t pid) const { return Exists(pid) && At(pid).stopped; }
  /// A stop of a child of ours that a signal was sent for and no wait has told yet.
  [[nodiscard]] bool HasUntoldStop(pid_t pid) const {
    const Process& process = At(pid);
    return Alive(pid) && !process.traced && process.stop_news != 0 && process.stop_signalled;
  }
  [[nodiscard]] bool LeaderGone(pid_t pid) const { return Exists(pid) && At(pid).leader_gone; }
  [[nodiscard]] pid_t ParentOf(pid_t pid) const { return At(pid).parent; }
  /// A zombie of ours that wait would give.
  [[nodiscard]] bool Waitable(pid_t pid) const;
  /// Never the same for two processes; 0 for a free number.
  [[nodiscard]] std::uint64_t Serial(pid_t pid) const { return At(pid).serial; }
  /// How many of our children there are, and how many of them are Waitable.
  [[nodiscard]] std::size_t child_count() const { return child_count_; }
  [[nodiscard]] std::size_t waitable_count() const { return waitable_count_; }
  [[nodiscard]] std::uint64_t signals_lost() const { return signals_lost_; }
  [[nodiscard]] std::uint64_t walked() const { return walked_; }  ///< children that P_ALL passed

 private:
  struct Process {
    std::uint64_t serial = 0;
    pid_t parent = 0;
    pid_t previous = 0;  ///< among its siblings; 0 is none
    pid_t next = 0;
    pid_t first_child = 0;
    pid_t last_child = 0;
    bool dead = false;  ///< all threads ended
    bool leader_gone = false;
    bool traced = false;
    bool stopped = false;
    int stop_news = 0;            ///< signal of a stop that nobody was told of
    bool stop_signalled = false;  ///< we were its parent then
    model::ExitStatus status;
  };

  struct Fault {
    int error = 0;
    int times = 0;
  };

  // A pid that no process can have reads the entry of number 0, which is always free.
  [[nodiscard]] const Process& At(pid_t pid) const {
    return table_[pid < 0 || pid >= pid_limit() ? 0 : static_cast<std::size_t>(pid)];
  }
  Process& At(pid_t pid) { return table_[static_cast<std::size_t>(pid)]; }

  pid_t FreeNumber();
  void Append(pid_t parent, pid_t child);
  void Unlink(pid_t pid);
  void Reparent(pid_t dying);
  /// `pid` has become something that wait would give its parent.
  void Announce(pid_t pid);
  void Notify(pid_t pid, int code);
  model::WaitOutcome Reap(pid_t pid);
  model::WaitOutcome TakeStop(pid_t pid);
  [[nodiscard]] bool HasStopNews(pid_t pid) const;
  std::optional<model::WaitOutcome> Faulty(Call call);

  KernelCosts costs_;
  std::vector<Process> table_;
  pid_t next_number_ = kSelf + 1;
  std::uint64_t next_serial_ = 1;
  std::optional<Sigchld> pending_;
  std::array<Fault, 3> faults_{};
  std::size_t list_position_ = 0;
  std::size_t child_count_ = 0;
  std::size_t waitable_count_ = 0;
  std::uint64_t signals_lost_ = 0;
  std::uint64_t walked_ = 0;
  Nanos now_ns_ = 1'000'000'000;
};

}  // namespace reaperd::test
