#include "daemon/place.h"

#include <utility>

#include "sys/probe.h"
#include "sys/terminal.h"

namespace reaperd::daemon {
namespace {

TerminalPlace FindTerminal() {
  const sys::Terminal terminal = sys::Terminal::Find();
  if (!terminal.exists()) return TerminalPlace::kNone;
  return terminal.IsOurs() ? TerminalPlace::kOurs : TerminalPlace::kBackground;
}

}  // namespace

Place ProbePlace(bool pid1) {
  sys::Offers offers = sys::ProbeOffers();
  return {.pid1 = pid1,
          .subreaper = offers.subreaper,
          .proc_mounted = offers.proc_mounted,
          .proc_ours = offers.proc_ours,
          .children = offers.children,
          .clone_sharing = offers.clone_sharing,
          .pidfds = offers.pidfd_open && offers.pidfd_send_signal,
          .openat2 = offers.openat2,
          .waitid_peek = offers.waitid_peek,
          .terminal = FindTerminal(),
          .limits = std::move(offers.processes),
          .open_files = offers.rlimit_nofile};
}

}  // namespace reaperd::daemon
