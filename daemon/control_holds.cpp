// ControlDesk's part about holds: leases, releases, rules.
#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/overloaded.h"
#include "base/text.h"
#include "config/config_check.h"
#include "config/config_setters.h"
#include "config/short_form.h"
#include "daemon/control_desk.h"
#include "daemon/death_checks.h"
#include "sys/pidfd.h"

namespace reaperd::daemon {
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
    view.rules.push_back({.rule = rules[i],
                          .text = config::FormatHoldRule(rules[i]),
                          .held = queue().HeldByRule(i)});
  return view;
}

Result<model::LeaseAnswer> ControlDesk::Hold(const model::LeaseRequest& request,
                                             model::WantPidfd want) {
  if (Status open = Open(); !open) return open.error();
  if (Status can = CanHold(around_.reap, "a lease"); !can) return can.error();
  if (!around_.reaper.plan().CanHold(around_.loop.Now())) {
    return Error(EOPNOTSUPP,
                 "nobody can be held: the children cannot be listed now, or this kernel does not "
                 "show a zombie without reaping it");
  }
  auto id = Identify(request.pid, request.id);
  if (!id) return id.error();
  model::LeaseAnswer answer{.lease = {}, .id = *id, .pidfd = {}};
  if (want == model::WantPidfd::kYes) {
    answer.pidfd = sys::OpenPidfd(request.pid);
    if (!answer.pidfd)
      return Error::FromErrno("a pidfd of pid " + std::to_string(request.pid), errno);
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
  census_.Forget(client);
  around_.deaths.foreign().Forget(client);
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

Result<std::vector<std::string>> ControlDesk::CheckNewRule(const model::HoldRule& rule) const {
  config::HoldConfig config;
  config.spec = {.rules = queue().rules(), .barriers = {}, .limits = queue().limits()};
  for (const model::BarrierView& view : queue().Barriers())
    config.spec.barriers.push_back(view.barrier);
  const config::Findings before = config::CheckHold(config, config::Mode::kCommand);
  config.AddRule(rule, "the new rule");
  const config::Findings now = config::CheckHold(config, config::Mode::kCommand);
  if (!now.errors.empty()) return Error(EINVAL, now.errors.front());
  std::vector<std::string> warnings;
  std::copy_if(now.warnings.begin(), now.warnings.end(), std::back_inserter(warnings),
               [&](const std::string& warning) {
                 return std::find(before.warnings.begin(), before.warnings.end(), warning) ==
                        before.warnings.end();
               });
  return warnings;
}

Result<model::AddedRule> ControlDesk::AddHoldRule(std::string_view text) {
  if (Status open = Open(); !open) return open.error();
  if (Status can = CanHold(around_.reap, "a hold rule"); !can) return can.error();
  auto parsed = config::ParseHoldRule(text);
  if (!parsed) return Error(EINVAL, parsed.error().message());
  model::HoldRule rule = std::move(parsed).value();
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
  auto warnings = CheckNewRule(rule);
  if (!warnings) return warnings.error();
  if (Status done = around_.deaths.holds().AddRule(rule); !done) return done.error();
  around_.deaths.OnRuleAdded(rule);
  return model::AddedRule{.name = rule.name, .warnings = std::move(warnings).value()};
}

Status ControlDesk::RemoveHoldRule(std::string_view name) {
  if (Status open = Open(); !open) return open;
  return around_.deaths.holds().RemoveRule(name);
}

}  // namespace reaperd::daemon
