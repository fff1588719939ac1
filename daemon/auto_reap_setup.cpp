#include "daemon/auto_reap_setup.h"

#include <array>

#include "sys/auto_reap.h"

namespace reaperd::daemon {
namespace {

struct Contradiction {
  bool (*found)(const model::RunSpec& spec);
  const char* text;
};

// TABLE: what needs more than the kernel tells when it reaps. Holds are refused by CanHold, which
// clients ask, too.
constexpr std::array<Contradiction, 2> kContradictions{{
    {[](const model::RunSpec& spec) {
       return spec.exit.status_from == model::ExitStatusFrom::kFirstFailure;
     },
     "--exit-status first-failure and --reap auto contradict each other: only main's status is "
     "known when the kernel reaps; expected one of them"},
    {[](const model::RunSpec& spec) { return spec.watch_us.has_value(); },
     "--watch and --reap auto contradict each other: what the kernel reaps leaves no record that "
     "could tell of it; expected one of them"},
}};

}  // namespace

Status SetUpAutoReap(const model::RunSpec& spec, sys::ProcessOps& ops) {
  for (const Contradiction& contradiction : kContradictions) {
    if (contradiction.found(spec)) return Error(0, contradiction.text);
  }
  sys::LetKernelReap();
  const Status probed = sys::ProbeAutoReap(ops);
  if (probed) return {};
  return probed.error().WithContext(
      "--reap auto cannot be had here (it needs Linux 6.15, and pidfds that are not filtered)");
}

}  // namespace reaperd::daemon
