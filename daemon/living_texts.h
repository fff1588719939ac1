// LivingTexts: has the scribe read what only the living show, cmdline and environment, and puts it
// into their shadows. Part of DeathDesk, which tells of those that were looked at.
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "model/process_info.h"
#include "model/run_spec.h"
#include "reap/reaper.h"
#include "scribe/scribe.h"

namespace reaperd::daemon {

class LivingTexts {
 public:
  /// All must outlive the last handler that `scribe` calls. `learned`: a shadow has gained a text.
  LivingTexts(reap::Reaper& reaper, scribe::Scribe& scribe, const model::RunSpec& spec,
              std::function<void()> learned);

  /// `process` lives and has a shadow, and was not known before, or has become another program.
  void OnSeen(const model::ProcessInfo& process);
  /// A rule asks for cmdlines: from now on, and of all that live. Later, one after the other.
  void WantCmdlines();

 private:
  void ReadUnread();
  /// `then` is called when it was read, or could not be.
  void ReadCmdline(const model::ProcessInfo& process, std::function<void()> then = {});
  void ReadEnviron(const model::ProcessInfo& process);
  /// A handler that puts what was read into the shadow of `process`, if that lives still.
  template <typename Put>
  scribe::Scribe::TextHandler ToShadow(const model::ProcessInfo& process, Put put);

  reap::Reaper& reaper_;
  scribe::Scribe& scribe_;
  std::function<void()> learned_;
  bool cmdlines_;
  bool environs_;
  std::vector<pid_t> unread_;  ///< whose cmdline a new rule asks for
};

}  // namespace reaperd::daemon
