// Census: all our descendants as they are now, for those who ask (ListProcesses).
//
// First a discovery, so that every child is known and was looked at; then a walk of /proc in parts,
// about 25 us a process. All who ask before a look begins share it. Without a /proc of our own pid
// namespace only the children that are known are listed. Owned by ControlDesk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/askers.h"
#include "daemon/death_desk.h"
#include "event/event_loop.h"
#include "model/control.h"
#include "reap/reaper.h"
#include "status/control_plane.h"
#include "sys/process_walk.h"

namespace reaperd::daemon {

class Census {
 public:
  using Handler = status::ControlPlane::ProcessesHandler;

  /// All must outlive it. `wake`: have the reaper run, and AfterRun called.
  Census(event::EventLoop& loop, reap::Reaper& reaper, const DeathDesk& deaths, bool pid1,
         std::function<void()> wake);
  Census(const Census&) = delete;
  Census& operator=(const Census&) = delete;
  ~Census() { loop_.RemoveIo(job_); }

  /// `handler` is called later, from the loop, with what a look saw that began after this call;
  /// EAGAIN when this client waits for one already.
  void Look(model::ClientId client, Handler handler);
  /// It is not told any more.
  void Forget(model::ClientId client) { askers_.Forget(client); }
  /// The reaper has run.
  void AfterRun();

 private:
  struct Seen {
    sys::ProcStat stat;
    std::optional<uid_t> uid;
  };

  void Begin();
  event::After Walk(event::Turn& turn);
  void Answer();
  [[nodiscard]] model::ProcessList MakeList();
  [[nodiscard]] model::ProcessView ViewOf(const Seen& seen);
  [[nodiscard]] model::ProcessView ViewOf(const model::ProcessInfo& child);
  void AddChild(model::ProcessView& view, const model::ProcessInfo& child);

  event::EventLoop& loop_;
  reap::Reaper& reaper_;
  const DeathDesk& deaths_;
  bool pid1_;
  std::function<void()> wake_;
  event::SourceId job_;
  Askers<Handler> askers_;
  bool looking_ = false;                    ///< a look is under way
  std::optional<std::uint64_t> discovery_;  ///< that the look waits for
  std::optional<sys::ProcessWalk> walk_;
  std::vector<Seen> seen_;
  std::vector<sys::ProcStat> part_;
};

}  // namespace reaperd::daemon
