// Which ready source is served first in a turn. Each is served once a turn, so a lower one waits,
// but never for more than a turn.
#pragma once

namespace reaperd::event {

enum class Priority {
  kSignals,    ///< a stop must not wait behind 25 000 zombies; also turns SIGCHLD into hints
  kNotify,     ///< readiness messages before deaths: a message can still be given to its sender
  kDeaths,     ///< before deadlines: a death that is known may make a deadline pointless
  kDeadlines,  ///< grace, time-outs, pauses
  kClients,    ///< queries see the state after this turn's deaths
  kJobs,       ///< long work in parts: walks of /proc, discovery
};

constexpr int kPriorityCount = 6;

}  // namespace reaperd::event
