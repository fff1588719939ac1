// The scribe's worker: what the helper process does from its start to its end.
//
// Takes requests from the socket in order, does each, and replies. It waits for whatever it must;
// the loop at the other end never does. Lines are acknowledged together: when nothing else waits,
// after 64 of them, and at least every 50 ms, so that a worker that goes on is never silent for
// long.
#pragma once

#include <string>

#include "scribe/line_writer.h"

namespace reaperd::scribe {

struct WorkerSetup {
  LogTarget log;
  std::string proc_root = "/proc";
};

/// Until the socket (blocking) is closed at the other end: 0. After what is no request: 1.
int RunWorker(int socket, const WorkerSetup& setup);

}  // namespace reaperd::scribe
