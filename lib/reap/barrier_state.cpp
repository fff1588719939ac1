#include "reap/barrier_state.h"

#include <algorithm>

namespace reaperd::reap {

void BarrierState::Join(Micros now_us, Micros max_time_us) {
  ++dead;
  if (deadline_us) return;
  deadline_us = AddTime(now_us, std::min(spec.timeout_us.value_or(max_time_us), max_time_us));
}

void BarrierState::OnGone(const model::DeathRecord& record, model::ReleaseReason reason) {
  if (gone.size() >= kGoneListed) {
    ++unlisted;
    return;
  }
  gone.push_back({record.seq, MemberOf(record, reason)});
}

void BarrierState::OnDeath(pid_t pid) {
  if (witness == pid) witness.reset();
}

model::BarrierResult::Member MemberOf(const model::DeathRecord& record,
                                      model::ReleaseReason reason) {
  return {.pid = record.pid, .id = record.id, .end = record.end, .released_by = reason};
}

}  // namespace reaperd::reap
