#include "model_kernel/model_kernel.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace reaperd::test {

using model::WaitOutcome;

namespace {

/// A test that asks for what cannot happen would prove nothing: also without assertions.
void Require(bool possible) {
  if (!possible) std::abort();
}

}  // namespace

ModelKernel::ModelKernel(pid_t pid_limit, KernelCosts costs)
    : costs_(costs), table_(static_cast<std::size_t>(std::max<pid_t>(pid_limit, kSelf + 2))) {
  At(kSelf).serial = next_serial_++;
}

pid_t ModelKernel::FreeNumber() {
  for (pid_t tried = 0; tried < pid_limit(); ++tried) {
    const pid_t number = next_number_;
    next_number_ = number + 1 < pid_limit() ? number + 1 : kSelf + 1;
    if (!Exists(number)) return number;
  }
  return 0;
}

pid_t ModelKernel::Fork(pid_t parent) {
  Require(Alive(parent));
  const pid_t pid = FreeNumber();
  if (pid == 0) return 0;
  At(pid) = Process{};
  At(pid).serial = next_serial_++;
  Append(parent, pid);
  return pid;
}

void ModelKernel::Append(pid_t parent, pid_t child) {
  At(child).parent = parent;
  At(child).previous = At(parent).last_child;
  At(child).next = 0;
  if (At(parent).last_child != 0) {
    At(At(parent).last_child).next = child;
  } else {
    At(parent).first_child = child;
  }
  At(parent).last_child = child;
  if (parent == kSelf) {
    ++child_count_;
    if (Waitable(child)) ++waitable_count_;
  }
}

void ModelKernel::Unlink(pid_t pid) {
  const Process& process = At(pid);
  if (process.parent == kSelf) {
    --child_count_;
    if (Waitable(pid)) --waitable_count_;
  }
  Process& parent = At(process.parent);
  (process.previous != 0 ? At(process.previous).next : parent.first_child) = process.next;
  (process.next != 0 ? At(process.next).previous : parent.last_child) = process.previous;
}

bool ModelKernel::Waitable(pid_t pid) const {
  const Process& process = At(pid);
  return process.serial != 0 && process.parent == kSelf && process.dead && !process.traced;
}

void ModelKernel::Exit(pid_t pid, model::ExitStatus status) {
  Require(Alive(pid) && pid != kSelf);
  At(pid).leader_gone = true;
  At(pid).stopped = false;
  At(pid).stop_news = 0;
  At(pid).status = status;
  Reparent(pid);
  At(pid).dead = true;
  if (!At(pid).traced) Announce(pid);  // else the tracer is told, and we when it lets go
}

void ModelKernel::Reparent(pid_t dying) {
  // The kernel tells of the zombies among the children while the parent is not yet announced.
  while (At(dying).first_child != 0) {
    const pid_t child = At(dying).first_child;
    Unlink(child);
    Append(kSelf, child);
    if (Waitable(child)) Notify(child, CLD_EXITED);
  }
}

void ModelKernel::Announce(pid_t pid) {
  if (At(pid).parent != kSelf) return;
  ++waitable_count_;
  Notify(pid, At(pid).status.how == model::ExitStatus::How::kExit ? CLD_EXITED : CLD_KILLED);
}

void ModelKernel::Notify(pid_t pid, int code) {
  if (At(pid).parent != kSelf) return;
  if (pending_) {
    ++signals_lost_;
  } else {
    pending_ = Sigchld{.pid = pid, .code = code};
  }
}

void ModelKernel::ExitLeader(pid_t pid) {
  Require(Alive(pid) && pid != kSelf);
  At(pid).leader_gone = true;
}

void ModelKernel::Stop(pid_t pid, int signal) {
  Require(Alive(pid) && pid != kSelf);
  if (At(pid).stopped || At(pid).traced) return;  // the tracer would be told instead
  At(pid).stopped = true;
  At(pid).stop_news = signal;
  At(pid).stop_signalled = ParentOf(pid) == kSelf;
  Notify(pid, CLD_STOPPED);
}

void ModelKernel::Continue(pid_t pid) {
  Require(Alive(pid) && pid != kSelf);
  if (!At(pid).stopped) return;
  At(pid).stopped = false;
  At(pid).stop_news = 0;
  Notify(pid, CLD_CONTINUED);
}

void ModelKernel::Trace(pid_t pid) {
  Require(Alive(pid) && pid != kSelf);
  At(pid).traced = true;
}

void ModelKernel::Untrace(pid_t pid) {
  if (!Traced(pid)) return;
  At(pid).traced = false;
  if (At(pid).dead) Announce(pid);
}

void ModelKernel::ReapByParent(pid_t pid) {
  Require(Exists(pid) && At(pid).dead && At(pid).parent != kSelf);
  Unlink(pid);
  At(pid) = Process{};
}

std::optional<ModelKernel::Sigchld> ModelKernel::TakeSigchld() {
  Advance(costs_.signal_read);
  return std::exchange(pending_, std::nullopt);
}

void ModelKernel::Fail(Call call, int error, int times) {
  faults_[static_cast<std::size_t>(call)] = {.error = error, .times = times};
}

bool ModelKernel::fault_pending() const {
  for (const Fault& fault : faults_) {
    if (fault.times > 0) return true;
  }
  return false;
}

std::optional<WaitOutcome> ModelKernel::Faulty(Call call) {
  Fault& fault = faults_[static_cast<std::size_t>(call)];
  if (fault.times <= 0) return std::nullopt;
  --fault.times;
  return WaitOutcome{.kind = WaitOutcome::Kind::kError, .error = fault.error};
}

WaitOutcome ModelKernel::Reap(pid_t pid) {
  Advance(costs_.reap);
  const WaitOutcome outcome{.kind = WaitOutcome::Kind::kDead, .pid = pid, .status = At(pid).status};
  Unlink(pid);
  At(pid) = Process{};
  return outcome;
}

bool ModelKernel::HasStopNews(pid_t pid) const {
  return At(pid).stop_news != 0;
}

WaitOutcome ModelKernel::TakeStop(pid_t pid) {
  return {.kind = WaitOutcome::Kind::kStopped,
          .pid = pid,
          .stop_signal = std::exchange(At(pid).stop_news, 0)};
}

WaitOutcome ModelKernel::WaitPid(pid_t pid, bool reap) {
  Advance(costs_.call + costs_.wait_pid);
  if (auto fault = Faulty(Call::kWaitPid)) return *fault;
  if (!Exists(pid) || ParentOf(pid) != kSelf) return {.kind = WaitOutcome::Kind::kNoChild};
  if (Waitable(pid)) {
    if (reap) return Reap(pid);
    return {.kind = WaitOutcome::Kind::kDead, .pid = pid, .status = At(pid).status};
  }
  if (HasStopNews(pid)) return TakeStop(pid);
  return {};
}

WaitOutcome ModelKernel::WaitAny(bool reap) {
  Advance(costs_.call);
  if (auto fault = Faulty(Call::kWaitAny)) return *fault;
  if (child_count_ == 0) return {.kind = WaitOutcome::Kind::kNoChild};
  for (pid_t pid = At(kSelf).first_child; pid != 0; pid = At(pid).next) {
    if (Waitable(pid)) {
      if (reap) return Reap(pid);
      return {.kind = WaitOutcome::Kind::kDead, .pid = pid, .status = At(pid).status};
    }
    if (HasStopNews(pid)) return TakeStop(pid);
    Advance(costs_.walk_per_child);
    ++walked_;
  }
  return {};
}

std::optional<bool> ModelKernel::List(bool first_part, std::size_t max, std::vector<pid_t>& pids) {
  Advance(costs_.call + costs_.list_call);
  if (Faulty(Call::kList)) return std::nullopt;
  if (first_part) list_position_ = 0;
  // The kernel finds its place again by counting from the head: what has gone away meanwhile moves
  // everything behind it forward, past the reader.
  pid_t pid = At(kSelf).first_child;
  for (std::size_t passed = 0; pid != 0 && passed < list_position_; ++passed)
    pid = At(pid).next;
  for (; pid != 0 && max > 0; pid = At(pid).next, --max) {
    Advance(costs_.list_per_child);
    pids.push_back(pid);
    ++list_position_;
  }
  return pid != 0;
}

}  // namespace reaperd::test
