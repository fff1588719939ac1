#include "faulty_process_ops.h"

namespace reaperd::test {
namespace {

model::WaitOutcome Failed(int code) {
  return {.kind = model::WaitOutcome::Kind::kError, .error = code};
}

}  // namespace

void FaultyProcessOps::Fail(const Fault& fault) {
  orders_.push_back({.fault = fault});
}

int FaultyProcessOps::CodeFor(Call call) {
  ++calls_[Index(call)];
  int code = 0;
  for (Order& order : orders_) {
    if (order.fault.call != call) continue;
    ++order.seen;
    if (order.seen < order.fault.first) continue;
    const std::uint64_t place = order.seen - order.fault.first;
    if (place >= order.fault.count || place % order.fault.every != 0) continue;
    code = order.fault.code;
  }
  if (code != 0) ++failed_[Index(call)];
  return code;
}

model::WaitOutcome FaultyProcessOps::WaitPid(pid_t pid, sys::WaitMode mode) {
  const int code = CodeFor(mode == sys::WaitMode::kPeek ? Call::kPeek : Call::kReap);
  return code != 0 ? Failed(code) : real_.WaitPid(pid, mode);
}

model::WaitOutcome FaultyProcessOps::WaitAny(sys::WaitMode mode) {
  const int code = CodeFor(Call::kWaitAny);
  return code != 0 ? Failed(code) : real_.WaitAny(mode);
}

model::WaitOutcome FaultyProcessOps::ExitByPidfd(int pidfd) {
  const int code = CodeFor(Call::kExitByPidfd);
  return code != 0 ? Failed(code) : real_.ExitByPidfd(pidfd);
}

sys::ListPart FaultyProcessOps::ListChildren(bool first_part, std::vector<pid_t>& pids) {
  const int code = CodeFor(Call::kListChildren);
  if (code != 0) return sys::ListPart::kFailed;
  return list_ != nullptr ? list_->Read(first_part, pids) : real_.ListChildren(first_part, pids);
}

sys::Spawned FaultyProcessOps::Spawn(const sys::SpawnRequest& request) {
  const int code = CodeFor(Call::kSpawn);
  if (code == 0) return real_.Spawn(request);
  sys::Spawned spawned;
  spawned.failure = {sys::SpawnStep::kClone, code};
  return spawned;
}

sys::Helper FaultyProcessOps::SpawnHelper(const sys::HelperRequest& request) {
  const int code = CodeFor(Call::kSpawnHelper);
  if (code == 0) return real_.SpawnHelper(request);
  sys::Helper helper;
  helper.error = code;
  return helper;
}

int FaultyProcessOps::SignalPidfd(int pidfd, int signal) {
  const int code = CodeFor(Call::kSignalPidfd);
  return code != 0 ? code : real_.SignalPidfd(pidfd, signal);
}

int FaultyProcessOps::SignalPidfdGroup(int pidfd, int signal) {
  const int code = CodeFor(Call::kSignalPidfd);
  return code != 0 ? code : real_.SignalPidfdGroup(pidfd, signal);
}

int FaultyProcessOps::SignalChild(pid_t pid, int signal) {
  const int code = CodeFor(Call::kSignalChild);
  return code != 0 ? code : real_.SignalChild(pid, signal);
}

int FaultyProcessOps::SignalGroup(pid_t group, int signal) {
  const int code = CodeFor(Call::kSignalGroup);
  return code != 0 ? code : real_.SignalGroup(group, signal);
}

int FaultyProcessOps::SignalEverybody(int signal) {
  const int code = CodeFor(Call::kSignalEverybody);
  return code != 0 ? code : real_.SignalEverybody(signal);
}

int FaultyProcessOps::EpollWait(int epoll_fd, std::span<epoll_event> events, int timeout_ms) {
  const int code = CodeFor(Call::kEpollWait);
  return code != 0 ? -code : real_.EpollWait(epoll_fd, events, timeout_ms);
}

ssize_t FaultyProcessOps::Read(int fd, std::span<std::byte> buffer) {
  const int code = CodeFor(Call::kRead);
  return code != 0 ? -code : real_.Read(fd, buffer);
}

ssize_t FaultyProcessOps::Send(int fd, std::span<const std::byte> message) {
  const int code = CodeFor(Call::kSend);
  return code != 0 ? -code : real_.Send(fd, message);
}

int FaultyProcessOps::SetTimer(int timer_fd, Micros at_us) {
  const int code = CodeFor(Call::kSetTimer);
  return code != 0 ? -code : real_.SetTimer(timer_fd, at_us);
}

void FaultyProcessOps::Nap(Micros duration_us) {
  ++naps_;
  real_.Nap(duration_us);
}

}  // namespace reaperd::test
