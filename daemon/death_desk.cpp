#include "daemon/death_desk.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/wall_time.h"
#include "reap/hold_match.h"
#include "reap/termination_note.h"
#include "sys/pidfd.h"
#include "sys/procfs.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";
/// At the end of a run: so long may the death log delay our exit.
constexpr Micros kFinish_us = 250 * kMillisecond;
/// And so long the KILL of everybody.
constexpr Micros kBeforeKill_us = 250 * kMillisecond;
/// Where the kernel does not tell of forks that failed, we ask so often while something is held.
constexpr Micros kPressureAge_us = 10 * kMillisecond;

/// Names this run of reaperd: 16 hexadecimal digits.
std::string NewInstance() {
  std::array<unsigned char, 8> bytes{};
  if (getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK) != ssize_t{bytes.size()}) {
    // Early in a boot there is no randomness; time and pid tell runs apart, too.
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    auto value = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
                 static_cast<std::uint64_t>(now.tv_nsec) + static_cast<std::uint64_t>(getpid());
    for (unsigned char& byte : bytes) {
      byte = static_cast<unsigned char>(value & 0xFFU);
      value >>= 8U;
    }
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xFU];
  }
  return text;
}

}  // namespace

DeathDesk::DeathDesk(const Surroundings& around, const model::RunSpec& spec, UniqueFd log)
    : around_(around),
      spec_(spec),
      log_(std::move(log)),
      oom_(around_.ops, kProcRoot),
      scribe_(around_.loop, around_.ops, *this, ScribeSetup()),
      texts_(around_.reaper, scribe_, spec, [this] { holds_.OnLearned(); }),
      recorder_(around_.ops, spec.records, &oom_, *this),
      holds_(
          around_.loop, around_.reaper, spec.hold, *this, [this] { return LimitsHere(); },
          around_.wake),
      foreign_(around_.loop, around_.ops, *this,
               around_.pid1 ? reap::ForeignScope::kNamespace : reap::ForeignScope::kDescendants,
               kProcRoot, spec.foreign_zombies),
      foreign_rest_(around_.loop.AddDeadline([this] { TellMoreForeign(); })) {
  around_.reaper.EnableDiscovery();
  if (spec_.watch_us) WatchKin(*spec_.watch_us);
}

void DeathDesk::WatchKin(Micros interval_us) {
  using Scope = reap::KinTable::Scope;
  kin_.emplace(around_.loop, around_.ops, around_.pid1 ? Scope::kNamespace : Scope::kDescendants,
               kProcRoot, interval_us, [this] {
                 around_.reaper.OnWatch();
                 around_.wake();
               });
  around_.reaper.ConsultKin(&kin_->table());
  recorder_.ConsultKin(&kin_->table());
}

scribe::ScribeSetup DeathDesk::ScribeSetup() const {
  using Kind = scribe::LogTarget::Kind;
  if (!spec_.records.death_log) return {};
  scribe::ScribeSetup setup;
  setup.worker.log.kind = log_ ? Kind::kOurs : Kind::kShared;
  setup.worker.log.fd = log_ ? log_.get() : STDERR_FILENO;
  return setup;
}

// --- deaths

reap::Decision DeathDesk::OnDeath(const model::Death& death, const model::ProcessInfo* known) {
  using Need = reap::Recorder::Need;
  const bool holding = holds_.active();
  const auto record = recorder_.OnDeath(death, known, holding ? Need::kName : Need::kBudget);
  if (!holding) return reap::Decision::kReap;
  using Judged = reap::HoldDesk::Judged;
  const auto judged = recorder_.IsOpen(*record) ? Judged::kNotYet : Judged::kYes;
  return holds_.OnDeath(record, judged);
}

std::shared_ptr<const model::DeathRecord> DeathDesk::OnReaped(const model::Death& death,
                                                              const model::ProcessInfo* known) {
  auto record = recorder_.OnReaped(death, known);
  holds_.OnReaped(death.pid);
  scribe_.OnReaped(death.pid);
  std::erase(helpers_, death.pid);
  return record;
}

bool DeathDesk::AfterRun(bool more_to_come) {
  const Micros now_us = around_.ops.Now();
  bool again = false;
  if (!more_to_come || recorder_.SettleIsDue(now_us)) {
    if (recorder_.Settle(now_us)) {
      holds_.OnAllJudged();
      again = true;
    }
  }
  if (holds_.queue().size() > 0) LookForPressure();
  return holds_.Apply() || again;
}

void DeathDesk::OnDied(const std::shared_ptr<const model::DeathRecord>& record) {
  around_.events.Tell([&] { return model::DiedEvent{record}; });
}

void DeathDesk::OnRecorded(const std::shared_ptr<const model::DeathRecord>& record) {
  around_.observer.OnRecorded(*record);
  around_.events.Tell([&] { return model::ReapedEvent{record}; });
  if (!spec_.records.death_log) return;
  scribe_.Append(status::DeathRecordJson(*record, Json()));
}

const status::JsonContext& DeathDesk::Json() {
  if (json_.instance.empty()) json_.instance = NewInstance();
  // Each time: a clock that is set moves what is written from then on.
  json_.wall_offset_us = WallNow() - around_.ops.Now();
  return json_;
}

void DeathDesk::OnExecFailed(pid_t pid, std::string_view step, int code) {
  recorder_.OnExecFailed(pid, {.step = std::string(step), .error = code});
}

std::string DeathDesk::Note(const model::DeathRecord& main) const {
  const auto before = recorder_.ring().FindNewest(
      [&](const model::DeathRecord& other) { return reap::MayHaveLedTo(other, main); });
  return reap::TerminationNote(main, before.get());
}

// --- the living

void DeathDesk::OnAdopted(const model::ProcessInfo& process) {
  recorder_.OnAdopted(process);
  around_.observer.OnAdopted(process);
  around_.events.Tell([&] { return model::AdoptedEvent{.process = process, .parent = getpid()}; });
  if (process.shadow) texts_.OnSeen(process);
}

void DeathDesk::OnRuleAdded(const model::HoldRule& rule) {
  if (!reap::AsksForShadow(rule.match)) return;
  // What was seen of them may be from before their exec.
  around_.reaper.RequestLookAgain();
  around_.wake();
  if (!rule.match.cmdline.empty()) texts_.WantCmdlines();
}

/// Being told when the counter rises makes a reading fresh, so that it proves more.
void DeathDesk::WatchOom() {
  oom_.Start();
  const auto counter = oom_.OwnCounter();
  if (!counter || !counter->v2) return;
  auto file = sys::CgroupEventFile::Open(*counter);
  if (!file) return;
  oom_events_ = std::move(file).value();
  // With the signals: the rise is to be known before the death that it explains.
  const auto source =
      around_.loop.AddIo(oom_events_->descriptor(), sys::CgroupEventFile::kEvents,
                         event::Priority::kSignals, [this](std::uint32_t, event::Turn&) {
                           oom_.OnOwnCounterEvent();
                           return event::After::kWait;
                         });
  if (!source) oom_events_.reset();
}

// --- holds

void DeathDesk::OnHeld(const model::HoldInfo& hold) {
  WatchPressure();
  if (const auto record = recorder_.FindUnreaped(hold.record->pid)) recorder_.Complete(record);
  around_.observer.OnHeld(hold);
  around_.events.Tell([&] { return model::HeldEvent{hold}; });
  if (hold.record->role == model::Role::kMain) around_.on_main_held(*hold.record);
}

void DeathDesk::OnReleased(const model::HoldInfo& hold, model::ReleaseReason reason) {
  around_.observer.OnReleased(hold, reason);
  around_.events.Tell([&] {
    return model::ReleasedEvent{
        .pid = hold.record->pid, .id = hold.record->id, .rule = hold.rule, .reason = reason};
  });
}

void DeathDesk::OnBarrier(const model::BarrierResult& result) {
  around_.observer.OnBarrier(result);
  around_.events.Tell([&] { return model::BarrierEvent{result}; });
}

sys::ProcessLimits DeathDesk::ProcessLimits() {
  return sys::ReadProcessLimits(kProcRoot, oom_.tree());
}

reap::HoldSurroundings DeathDesk::LimitsHere() {
  const sys::ProcessLimits limits = ProcessLimits();
  const auto limit = limits.Smallest();
  return {.pid1 = around_.pid1,
          .process_limit = limit ? std::optional(limit->value) : std::nullopt,
          .pids_max = limits.pids_max.has_value(),
          .own_processes = 1 + static_cast<std::uint32_t>(helpers_.size())};
}

void DeathDesk::WatchPressure() {
  if (std::exchange(pressure_watched_, true)) return;
  const auto& own = oom_.tree().own().pids();
  const auto counter = own ? oom_.tree().PidsCounter(*own) : std::nullopt;
  if (!counter) return;
  auto file = sys::CgroupEventFile::Open(*counter);
  if (!file) return;
  pids_events_ = std::move(file).value();
  const auto value = pids_events_->Read();
  if (value) forks_refused_ = *value;
  if (!pids_events_->notifies()) return;
  const auto source =
      around_.loop.AddIo(pids_events_->descriptor(), sys::CgroupEventFile::kEvents,
                         event::Priority::kSignals, [this](std::uint32_t, event::Turn&) {
                           pressure_looked_us_ = 0;
                           LookForPressure();
                           return event::After::kWait;
                         });
  if (!source) around_.observer.OnWarning(source.error());
}

void DeathDesk::LookForPressure() {
  const Micros now_us = around_.ops.Now();
  if (!pids_events_ || now_us < pressure_looked_us_ + kPressureAge_us) return;
  pressure_looked_us_ = now_us;
  const auto value = pids_events_->Read();
  if (!value || *value == forks_refused_) return;
  const bool rose = *value > forks_refused_;
  forks_refused_ = *value;
  if (rose && holds_.queue().size() > 0) holds_.OnPressure();
}

void DeathDesk::OnSpawnFailed(int code) {
  if (code == EAGAIN) holds_.OnPressure();
}

// --- zombies that others keep

void DeathDesk::OnForeign(const model::ForeignEvent& event) {
  around_.events.Tell([&] { return event; });
  const Micros now_us = around_.ops.Now();
  const bool quiet = foreign_news_.rest().empty();
  if (foreign_news_.Allow(event.step, now_us)) {
    around_.observer.OnForeign(event);
  } else if (quiet) {
    around_.loop.SetDeadline(foreign_rest_, now_us + ForeignNews::kWindow_us);
  }
}

void DeathDesk::TellMoreForeign() {
  const ForeignNews::Rest rest = foreign_news_.TakeRest();
  if (rest.empty()) return;
  around_.observer.OnMoreForeign(rest.found, rest.gone);
}

std::vector<pid_t> DeathDesk::Spared() const {
  std::vector<pid_t> spared = helpers_;
  around_.reaper.table().ForEach([&](const model::ProcessInfo& process) {
    if (process.role == model::Role::kMain || process.role == model::Role::kService) {
      spared.push_back(process.pid);
    }
  });
  return spared;
}

// --- the scribe

void DeathDesk::OnScribeStarted(pid_t pid, int pidfd) {
  helpers_.push_back(pid);
  model::ProcessInfo helper{.pid = pid, .role = model::Role::kHelper};
  if (pidfd >= 0) helper.pidfs_inode = sys::PidfsInode(pidfd);
  // Without the pidfd: nobody but us reaps it (docs/kernel-facts.md#a-clone-child-is-invisible-to-plain-waits).
  around_.events.Tell([&] { return model::SpawnedEvent{.process = helper, .parent = getpid()}; });
  around_.reaper.Know(std::move(helper));
  holds_.OnSurroundingsChanged();
}

void DeathDesk::OnScribeStartFailed(const Error& error) {
  around_.observer.OnWarning(error.WithContext("the scribe"));
  OnSpawnFailed(error.code());
}

void DeathDesk::OnScribeLost(const scribe::ScribeLoss& loss) {
  around_.observer.OnScribeLost(loss.pid, loss.lines);
}

void DeathDesk::OnLogLacks(std::uint64_t lines) {
  around_.observer.OnDeathLogLacks(lines);
}

void DeathDesk::OnScribeEnded(pid_t pid) {
  around_.reaper.OnPidfdReadable(pid);
  around_.wake();
}

bool DeathDesk::ReadyForKill() {
  const Micros now_us = around_.ops.Now();
  if (!kill_wanted_us_) kill_wanted_us_ = now_us;
  if (!scribe_.quiet() && now_us - *kill_wanted_us_ < kBeforeKill_us) return false;
  kill_wanted_us_.reset();
  // It will not read what is sent to it while its KILL is on the way.
  scribe_.LetGo();
  return true;
}

void DeathDesk::Finish() {
  TellMoreForeign();
  recorder_.Settle(around_.ops.Now());
  scribe_.Finish(kFinish_us);
  for (const pid_t pid : helpers_)
    static_cast<void>(around_.ops.WaitPid(pid, sys::WaitMode::kReap));
}

}  // namespace reaperd::daemon
