// FakeControlPlane: a daemon in memory for the status server. The test sets what it answers and
// reads what it was asked to do; what is answered later waits for AnswerLater.
#pragma once

#include <errno.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "status/control_plane.h"

namespace reaperd::test {

class FakeControlPlane final : public status::ControlPlane {
 public:
  // What the test sets.
  model::StatusView view;
  std::vector<std::shared_ptr<const model::DeathRecord>> records;
  std::vector<model::HoldInfo> held;
  model::HoldRulesView rules;
  std::vector<model::InspectedFile> files;
  model::RemainingList remaining;
  std::string explanation = "one\ntwo\n";
  std::function<void()> on_explain = [] {};
  std::vector<model::ProcessView> processes;
  std::vector<model::ForeignZombie> zombies;
  std::optional<Error> error;  ///< of every command and every look from now on
  int pidfd = -1;              ///< given away at the next Hold that wants one
  bool answer_at_once = false;
  // What the test reads.
  std::vector<std::string> calls;  ///< "hold 7", "signal 15", "gone 3" …
  std::vector<model::LeaseRequest> leases;
  std::vector<model::ReleaseRequest> releases;
  std::vector<model::SignalRequest> signals;
  std::optional<model::SignalSender> stopper;
  std::optional<model::LogLevel> level;
  mutable std::optional<model::RecordQuery> query;

  [[nodiscard]] std::vector<std::string> TakeCalls() { return std::exchange(calls, {}); }
  [[nodiscard]] std::size_t waiting() const {
    return processes_wanted_.size() + zombies_wanted_.size();
  }

  /// The looks that somebody waits for are done.
  void AnswerLater() {
    const auto list = std::make_shared<const std::vector<model::ProcessView>>(processes);
    for (const ProcessesHandler& handler : std::exchange(processes_wanted_, {}))
      handler(error ? Result<model::ProcessList>(*error) : Result<model::ProcessList>(list));
    const auto seen = std::make_shared<const std::vector<model::ForeignZombie>>(zombies);
    for (const ZombiesHandler& handler : std::exchange(zombies_wanted_, {})) {
      handler(error ? Result<model::ForeignList>(*error) : Result<model::ForeignList>(seen));
    }
  }

  [[nodiscard]] model::StatusView GetStatus() const override { return view; }
  [[nodiscard]] model::RecordPage ListDeaths(const model::RecordQuery& wanted) const override {
    query = wanted;
    model::RecordPage page{.looked_to_seq = wanted.after_seq};
    if (!records.empty()) page.oldest_seq = records.front()->seq;
    for (const auto& record : records) {
      if (record->seq <= wanted.after_seq) continue;
      if (page.records.size() == wanted.limit) {
        page.more = true;
        break;
      }
      if (!wanted.pid || record->pid == *wanted.pid) page.records.push_back(record);
      page.looked_to_seq = record->seq;
    }
    return page;
  }
  [[nodiscard]] Result<model::DeathFinding> FindDeath(
      const model::DeathSelector& which) const override {
    for (const auto& record : records) {
      if (record->pid != which.pid || (!which.id.empty() && record->id != which.id)) continue;
      model::DeathFinding finding{.record = record};
      if (record != records.front()) finding.before = records.front();
      for (const model::HoldInfo& hold : held) {
        if (hold.record == record) finding.hold = hold;
      }
      return finding;
    }
    return Error(ENOENT, "no record of pid " + std::to_string(which.pid));
  }
  [[nodiscard]] std::vector<model::HoldInfo> ListHeld() const override { return held; }
  [[nodiscard]] model::HoldRulesView ListHoldRules() const override { return rules; }
  [[nodiscard]] Result<model::Inspection> Inspect(
      const model::DeathSelector& which) const override {
    const auto finding = FindDeath(which);
    if (!finding) return finding.error();
    return model::Inspection{.record = finding->record, .files = files};
  }
  [[nodiscard]] model::RemainingList ListBlockers() const override { return remaining; }
  [[nodiscard]] std::string Explain() const override {
    on_explain();
    return explanation;
  }

  void ListProcesses(model::ClientId /*client*/, ProcessesHandler handler) override {
    processes_wanted_.push_back(std::move(handler));
    if (answer_at_once) AnswerLater();
  }
  void ListZombies(model::ClientId /*client*/, ZombiesHandler handler) override {
    zombies_wanted_.push_back(std::move(handler));
    if (answer_at_once) AnswerLater();
  }

  Result<model::LeaseAnswer> Hold(const model::LeaseRequest& request,
                                  model::WantPidfd want) override {
    calls.push_back("hold " + std::to_string(request.pid));
    leases.push_back(request);
    if (error) return *error;
    model::LeaseAnswer answer{.lease = {.held = false, .until_us = request.for_us}, .id = "i7"};
    if (want == model::WantPidfd::kYes) answer.pidfd = UniqueFd(std::exchange(pidfd, -1));
    return answer;
  }
  Result<model::ReleaseAnswer> Release(const model::ReleaseRequest& request) override {
    calls.emplace_back("release");
    releases.push_back(request);
    if (error) return *error;
    return model::ReleaseAnswer{.released = 2};
  }
  Result<model::AddedRule> AddHoldRule(std::string_view rule) override {
    calls.push_back("add rule " + std::string(rule));
    if (error) return *error;
    return model::AddedRule{.name = "rule-1", .warnings = {"it matches everything"}};
  }
  Status RemoveHoldRule(std::string_view name) override {
    calls.push_back("remove rule " + std::string(name));
    return Done();
  }
  void OnClientGone(model::ClientId client) override {
    calls.push_back("gone " + std::to_string(client));
  }
  Status Signal(const model::SignalRequest& request) override {
    calls.push_back("signal " + std::to_string(request.signal));
    signals.push_back(request);
    return Done();
  }
  Status Shutdown(const model::SignalSender& who) override {
    calls.emplace_back("shutdown");
    stopper = who;
    return Done();
  }
  Status SetLogLevel(model::LogLevel wanted) override {
    calls.emplace_back("level");
    level = wanted;
    return Done();
  }

 private:
  [[nodiscard]] Status Done() const {
    if (error) return *error;
    return {};
  }

  std::vector<ProcessesHandler> processes_wanted_;
  std::vector<ZombiesHandler> zombies_wanted_;
};

}  // namespace reaperd::test
