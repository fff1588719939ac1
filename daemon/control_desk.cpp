#include "daemon/control_desk.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/text.h"
#include "config/config_check.h"
#include "config/config_setters.h"
#include "model/process_id.h"
#include "reap/termination_note.h"
#include "sys/pidfd.h"
#include "sys/zombie_inspect.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

std::string Named(pid_t pid) {
  return "pid " + std::to_string(pid);
}

}  // namespace

ControlDesk::ControlDesk(Surroundings around)
    : around_(std::move(around)), pidfds_(around_.loop, [this](pid_t pid) {
        around_.reaper.OnPidfdReadable(pid);
        around_.wake();
      }) {}

void ControlDesk::AfterRun() {
  if (waiting_.empty()) return;
  // They were numbered in the order in which they came.
  const auto left = std::find_if(waiting_.begin(), waiting_.end(), [this](const Waiting& waiting) {
    return !around_.reaper.IsDiscovered(waiting.request);
  });
  const std::vector<Waiting> done(std::make_move_iterator(waiting_.begin()),
                                  std::make_move_iterator(left));
  waiting_.erase(waiting_.begin(), left);  // before the handlers, which may ask again
  for (const Waiting& waiting : done)
    waiting.done();
}

// --- deaths

model::RecordPage ControlDesk::ListDeaths(const model::RecordQuery& query) const {
  return ring().Select(query);
}

reap::RecordRing::Record ControlDesk::FindRecord(const model::DeathSelector& which) const {
  if (which.seq) return ring().Find(*which.seq);
  const auto matches = [&](const model::DeathRecord& record) {
    return record.pid == which.pid && (which.id.empty() || record.id == which.id);
  };
  // Of a zombie that is not reaped yet there is a record, even where none are kept.
  auto unreaped = around_.deaths.recorder().FindUnreaped(which.pid);
  if (unreaped && matches(*unreaped)) return unreaped;
  return ring().FindNewest(matches);
}

Result<model::DeathFinding> ControlDesk::FindDeath(const model::DeathSelector& which) const {
  const auto record = FindRecord(which);
  if (!record) {
    const std::string what = which.seq ? "number " + std::to_string(*which.seq) : Named(which.pid);
    const bool alive = !which.seq && around_.reaper.table().Find(which.pid) != nullptr;
    return Error(ENOENT, "no death record of " + what + (alive ? ", which is alive" : ""));
  }
  model::DeathFinding finding{.record = record, .before = nullptr, .hold = std::nullopt};
  finding.before = ring().FindNewest(
      [&](const model::DeathRecord& other) { return reap::MayHaveLedTo(other, *record); });
  const model::HoldInfo* const hold = queue().Find(record->pid);
  if (hold != nullptr && hold->record->seq == record->seq) finding.hold = *hold;
  return finding;
}

Result<model::Inspection> ControlDesk::Inspect(pid_t pid) const {
  const auto unreaped = around_.deaths.recorder().FindUnreaped(pid);
  if (!unreaped) {
    auto found = FindDeath({.seq = std::nullopt, .pid = pid, .id = {}});
    if (!found) return found.error();
    return model::Inspection{.record = found->record, .files = {}};
  }
  const model::ProcessInfo* const known = around_.reaper.table().Find(pid);
  auto files = sys::InspectZombie(kProcRoot, pid, known != nullptr ? known->start_ticks : 0);
  if (!files) return files.error();
  return model::Inspection{.record = unreaped, .files = std::move(files).value()};
}

// --- children

model::ProcessView ControlDesk::View(const model::ProcessInfo& process) const {
  model::ProcessView view{.info = process, .id = process.Id(), .parent = getpid()};
  view.started_us = around_.deaths.recorder().StartOf(process);
  if (queue().Find(process.pid) != nullptr) {
    view.state = model::ProcessState::kHeld;
  } else if (around_.reaper.plan().WasSeen(process.pid)) {
    view.state = model::ProcessState::kDead;
  }
  const auto record = around_.deaths.recorder().FindUnreaped(process.pid);
  if (record) view.id = record->id;
  return view;
}

model::ProcessPage ControlDesk::ListProcesses(const model::ProcessQuery& query) const {
  std::vector<const model::ProcessInfo*> found;
  around_.reaper.table().ForEach([&](const model::ProcessInfo& process) {
    if (process.pid > query.after_pid) found.push_back(&process);
  });
  const std::size_t limit = std::min(
      std::clamp(query.limit, std::size_t{1}, model::ProcessQuery::kMaxLimit), found.size());
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(limit);
  std::partial_sort(found.begin(), end, found.end(),
                    [](const auto* a, const auto* b) { return a->pid < b->pid; });
  model::ProcessPage page{.processes = {}, .more = limit < found.size()};
  page.processes.reserve(limit);
  std::transform(found.begin(), end, std::back_inserter(page.processes),
                 [this](const model::ProcessInfo* process) { return View(*process); });
  return page;
}

void ControlDesk::Discover(std::function<void()> done) {
  waiting_.push_back({around_.reaper.RequestDiscovery(), std::move(done)});
  around_.wake();
}

void ControlDesk::ListZombies(ZombiesHandler handler) {
  around_.deaths.foreign().Look(reap::LookKind::kList, std::move(handler));
}

model::ControlCounters ControlDesk::Counters() const {
  return {.reap = around_.reaper.counters(),
          .scribe = around_.deaths.scribe_counters(),
          .hold = queue().counters(),
          .foreign = around_.deaths.foreign().counters(),
          .ring = {.next_seq = ring().next_seq(),
                   .oldest_seq = ring().oldest_seq(),
                   .kept = ring().size(),
                   .bytes = ring().bytes()}};
}

// --- who is meant

Status ControlDesk::Open() const {
  if (!queue().closed()) return {};
  return Error(ESHUTDOWN, "nobody is held any more: the run ends");
}

Result<std::string> ControlDesk::Identify(pid_t pid, std::string_view id) {
  if (pid <= 0) return Error(EINVAL, "a pid is a number above 0");
  if (around_.deaths.IsHelper(pid))
    return Error(EPERM, Named(pid) + " is a part of reaperd itself");
  const auto standing = around_.reaper.Examine(pid);
  if (!standing) return Error(EAGAIN, Named(pid) + ": " + standing.error().message());
  const reap::Plan& plan = around_.reaper.plan();
  const bool leaving = plan.WasSeen(pid) && !plan.IsHeld(pid);
  if (*standing == reap::Reaper::Standing::kStranger) {
    return Error(ESRCH, Named(pid) + " is no child of reaperd");
  }
  if (leaving || around_.deaths.holds().IsLeaving(pid)) {
    return Error(ESRCH, Named(pid) + " is about to be reaped");
  }
  const auto record = around_.deaths.recorder().FindUnreaped(pid);
  const model::ProcessInfo* const known = around_.reaper.table().Find(pid);
  std::string own_id = record ? record->id : known != nullptr ? known->Id() : std::string();
  if (Status same = CheckId(pid, id, own_id); !same) return same.error();
  return own_id;
}

Status ControlDesk::CheckId(pid_t pid, std::string_view id, const std::string& own_id) const {
  if (id.empty() || id == own_id) return {};
  const auto asked = model::ParseProcessId(id);
  if (!asked) {
    return Error(EINVAL, "'" + Printable(id) +
                             "' is no process id: expected i<inode of the pidfd> "
                             "or s<pid>:<start ticks>");
  }
  // Known by the other form, or not looked at: the child itself tells. It is not reaped, so its
  // number is its own.
  const sys::ZombieFacts facts = around_.ops.LookAtZombie(pid, model::Detail::kFull);
  const model::ProcessIdentity known{.pid = pid,
                                     .pidfs_inode = facts.pidfs_inode,
                                     .start_ticks = facts.stat ? facts.stat->start_ticks : 0};
  switch (model::IsNamedBy(known, *asked)) {
    case model::SameProcess::kYes:
      return {};
    case model::SameProcess::kNo:
      return Error(ESRCH, Named(pid) + " is another process than '" + std::string(id) + "'" +
                              (own_id.empty() ? "" : ": it is '" + own_id + "'"));
    case model::SameProcess::kUnknown:
      break;
  }
  return Error(ESRCH,
               "whether " + Named(pid) + " is '" + std::string(id) + "' cannot be told here");
}

// --- holds

std::vector<model::HoldInfo> ControlDesk::ListHeld() const {
  return queue().List();
}

model::HoldRulesView ControlDesk::ListHoldRules() const {
  model::HoldRulesView view{.rules = {},
                            .barriers = queue().Barriers(),
                            .limits = queue().limits(),
                            .cap = queue().cap(),
                            .held = queue().size(),
                            .leases = queue().lease_count()};
  const std::vector<model::HoldRule>& rules = queue().rules();
  for (std::size_t i = 0; i < rules.size(); ++i)
    view.rules.push_back({.rule = rules[i], .held = queue().HeldByRule(i)});
  return view;
}

Result<model::LeaseAnswer> ControlDesk::Hold(const model::LeaseRequest& request,
                                             model::WantPidfd want) {
  if (Status open = Open(); !open) return open.error();
  if (Status can = CanHold(around_.reap, "a lease"); !can) return can.error();
  if (const reap::PlanLimits& limits = around_.reaper.plan().limits();
      !limits.can_list || !limits.can_peek) {
    return Error(EOPNOTSUPP,
                 "nobody can be held: this kernel does not list children, or does not "
                 "show a zombie without reaping it");
  }
  auto id = Identify(request.pid, request.id);
  if (!id) return id.error();
  model::LeaseAnswer answer{.lease = {}, .id = *id, .pidfd = {}};
  if (want == model::WantPidfd::kYes) {
    answer.pidfd = sys::OpenPidfd(request.pid);
    if (!answer.pidfd) return Error::FromErrno("a pidfd of " + Named(request.pid), errno);
  }
  model::LeaseRequest exact = request;
  exact.id = *id;
  auto leased = around_.deaths.holds().Hold(exact);
  if (!leased) return leased.error();
  answer.lease = *leased;
  if (!leased->held) pidfds_.Watch(request.pid);
  return answer;
}

Result<model::ReleaseAnswer> ControlDesk::Release(const model::ReleaseRequest& request) {
  if (Status open = Open(); !open) return open.error();
  const std::size_t before = queue().size();
  if (Status done = Carry(request); !done) return done.error();
  DropPidfds();
  return model::ReleaseAnswer{.released = before - queue().size()};
}

Status ControlDesk::Carry(const model::ReleaseRequest& request) {
  reap::HoldDesk& holds = around_.deaths.holds();
  return std::visit(
      Overloaded{
          [&](const model::ReleaseProcess& process) -> Status {
            const auto id = Identify(process.pid, process.id);
            if (!id) return id.error();
            return holds.Release(process.pid, {});
          },
          [&](const model::ReleaseRule& rule) { return holds.ReleaseRule(rule.name); },
          [&](const model::ReleaseBarrier& barrier) { return holds.ReleaseBarrier(barrier.name); },
          [&](const model::ReleaseAll&) -> Status {
            holds.ReleaseAll(model::ReleaseReason::kRequest);
            return {};
          }},
      request);
}

void ControlDesk::OnClientGone(model::ClientId client) {
  around_.deaths.holds().OnDisconnect(client);
  DropPidfds();
}

void ControlDesk::DropPidfds() {
  pidfds_.DropUnless([this](pid_t pid) { return queue().HasLease(pid); });
}

// --- rules

std::string ControlDesk::FreeRuleName() const {
  const std::vector<model::HoldRule>& rules = queue().rules();
  for (std::size_t number = rules.size() + 1;; ++number) {
    std::string name = "hold-" + std::to_string(number);
    if (std::none_of(rules.begin(), rules.end(),
                     [&](const auto& rule) { return rule.name == name; }))
      return name;
  }
}

Result<model::AddedRule> ControlDesk::AddHoldRule(model::HoldRule rule) {
  if (Status open = Open(); !open) return open.error();
  if (Status can = CanHold(around_.reap, "a hold rule"); !can) return can.error();
  const std::vector<model::HoldRule>& rules = queue().rules();
  if (rules.size() >= config::kMaxHoldRules) {
    return Error(ENOSPC,
                 "there are " + std::to_string(rules.size()) + " hold rules, and no more fit");
  }
  if (rule.name.empty()) rule.name = FreeRuleName();
  for (const model::HoldRule& other : rules) {
    if (other.name != rule.name) continue;
    return Error(EEXIST, "there is a hold rule named '" + Printable(rule.name) + "' already");
  }
  const std::vector<model::BarrierView> barriers = queue().Barriers();
  const auto feeds = [&](const model::BarrierView& view) {
    return view.barrier.name == rule.barrier;
  };
  if (rule.end == model::HoldEnd::kBarrier &&
      std::none_of(barriers.begin(), barriers.end(), feeds)) {
    return Error(ENOENT, "there is no barrier named '" + Printable(rule.barrier) + "'");
  }
  config::HoldConfig config;
  config.spec = {.rules = rules, .barriers = {}, .limits = queue().limits()};
  for (const model::BarrierView& view : barriers)
    config.spec.barriers.push_back(view.barrier);
  const config::Findings before = config::CheckHold(config, config::Mode::kCommand);
  config.AddRule(rule, "the new rule");
  const config::Findings now = config::CheckHold(config, config::Mode::kCommand);
  if (!now.errors.empty()) return Error(EINVAL, now.errors.front());
  model::AddedRule added{.name = rule.name, .warnings = {}};
  // What is said of the others was said when they came.
  std::copy_if(now.warnings.begin(), now.warnings.end(), std::back_inserter(added.warnings),
               [&](const std::string& warning) {
                 return std::find(before.warnings.begin(), before.warnings.end(), warning) ==
                        before.warnings.end();
               });
  if (Status done = around_.deaths.holds().AddRule(rule); !done) return done.error();
  around_.deaths.OnRuleAdded(rule);
  return added;
}

Status ControlDesk::RemoveHoldRule(std::string_view name) {
  if (Status open = Open(); !open) return open;
  return around_.deaths.holds().RemoveRule(name);
}

}  // namespace reaperd::daemon
