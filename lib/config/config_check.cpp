#include "config/config_check.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/suggest.h"
#include "base/text.h"
#include "config/config_setters.h"
#include "config/match_check.h"

namespace reaperd::config {
namespace {

using model::HoldEnd;

std::string Quoted(std::string_view name) {
  return "'" + Printable(name) + "'";
}

class Checker {
 public:
  Checker(const HoldConfig& config, Mode mode) : config_(config), spec_(config.spec), mode_(mode) {}

  Findings Run() {
    if (!CountsAreBounded()) return std::move(findings_);
    for (std::size_t i = 0; i < spec_.rules.size(); ++i) {
      Name(i);
      Match(i);
      End(i);
      Reached(i);
    }
    for (std::size_t i = 0; i < spec_.barriers.size(); ++i)
      Barrier(i);
    Limits();
    return std::move(findings_);
  }

 private:
  std::vector<std::string>& ListOf(Severity severity) {
    switch (severity) {
      case Severity::kError:
        return findings_.errors;
      case Severity::kWarning:
        return findings_.warnings;
      case Severity::kNote:
        break;
    }
    return findings_.notes;
  }

  [[nodiscard]] Source RuleSource(std::size_t index) const {
    const bool known = index < config_.rule_sources.size();
    Source source = known ? config_.rule_sources[index] : Source{};
    if (source.file.empty()) source.path = "hold.rules[" + std::to_string(index) + "]";
    return source;
  }

  [[nodiscard]] Source BarrierSource(std::size_t index) const {
    const bool known = index < config_.barrier_sources.size();
    Source source = known ? config_.barrier_sources[index] : Source{};
    if (source.file.empty()) source.path = "hold.barriers." + spec_.barriers[index].name;
    return source;
  }

  void AboutRule(Severity severity, std::size_t index, std::string_view key,
                 std::string_view text) {
    const std::string& name = spec_.rules[index].name;
    ListOf(severity).push_back(RuleSource(index).Where(key) + ": rule " +
                               (name.empty() ? "without a name" : Quoted(name)) + ": " +
                               std::string(text));
  }

  void AboutBarrier(Severity severity, std::size_t index, std::string_view key,
                    std::string_view text) {
    ListOf(severity).push_back(BarrierSource(index).Where(key) + ": barrier " +
                               Quoted(spec_.barriers[index].name) + ": " + std::string(text));
  }

  void AboutLimits(Severity severity, std::string_view key, std::string_view text) {
    Source source = config_.limits_source;
    if (source.file.empty()) source.path = "hold.limits";
    ListOf(severity).push_back(source.Where(key) + ": " + std::string(text));
  }

  [[nodiscard]] std::string MaxTime() const {
    return "limits.max_time (" + FormatDuration(spec_.limits.max_time_us) + ")";
  }

  bool CountsAreBounded() {
    if (spec_.rules.size() > kMaxHoldRules) {
      findings_.errors.push_back("hold.rules: " + std::to_string(spec_.rules.size()) +
                                 " rules, more than " + std::to_string(kMaxHoldRules));
    }
    if (spec_.barriers.size() > kMaxBarriers) {
      findings_.errors.push_back("hold.barriers: " + std::to_string(spec_.barriers.size()) +
                                 " barriers, more than " + std::to_string(kMaxBarriers));
    }
    return findings_.errors.empty();
  }

  void Name(std::size_t index) {
    const std::string& name = spec_.rules[index].name;
    if (!IsGoodName(name)) {
      AboutRule(Severity::kError, index, "name", "expected " + std::string(kNameWords));
      return;
    }
    for (std::size_t i = 0; i < index; ++i) {
      if (spec_.rules[i].name != name) continue;
      AboutRule(Severity::kError, index, "name", "its name is taken: " + RuleSource(i).Where());
      return;
    }
  }

  void Match(std::size_t index) {
    for (const MatchProblem& problem : CheckMatch(spec_.rules[index].match, mode_))
      AboutRule(problem.severity, index, problem.key, problem.text);
  }

  void End(std::size_t index) {
    const model::HoldRule& rule = spec_.rules[index];
    if (rule.for_us && rule.end != HoldEnd::kTime) {
      AboutRule(Severity::kError, index, "for", "for and until are both given: one ends a hold");
    }
    if (rule.for_us && *rule.for_us == 0)
      AboutRule(Severity::kError, index, "for", "0 holds nothing");
    if (rule.for_us && *rule.for_us > spec_.limits.max_time_us) {
      AboutRule(Severity::kWarning, index, "for",
                FormatDuration(*rule.for_us) + " is shortened to " + MaxTime());
    }
    if (rule.keep && *rule.keep == 0) AboutRule(Severity::kError, index, "keep", "0 holds nothing");
    switch (rule.end) {
      case HoldEnd::kTime:
        if (rule.for_us) break;
        AboutRule(Severity::kWarning, index, "", "neither for nor until: held for " + MaxTime());
        break;
      case HoldEnd::kReleased:
        AboutRule(Severity::kNote, index, "until",
                  "released after " + MaxTime() + " at the latest");
        break;
      case HoldEnd::kReplaced:
        Replaced(index);
        break;
      case HoldEnd::kBarrier:
        BarrierOf(index);
        break;
    }
  }

  void Replaced(std::size_t index) {
    const std::vector<model::Role>& roles = spec_.rules[index].match.roles;
    const bool services =
        std::find(roles.begin(), roles.end(), model::Role::kService) != roles.end();
    if (mode_ == Mode::kCommand) {
      AboutRule(Severity::kError, index, "until",
                "replaced: only a service's main process is ever replaced, and command mode starts "
                "nothing again");
    } else if (!roles.empty() && !services) {
      AboutRule(Severity::kError, index, "until",
                "replaced: only a service's main process is ever replaced, and role service is not "
                "among its roles");
    } else if (roles.size() != 1) {
      AboutRule(Severity::kWarning, index, "until",
                "replaced: only a service's main process is ever replaced; others are held for " +
                    MaxTime() + ", unless role is service alone");
    }
  }

  void BarrierOf(std::size_t index) {
    const std::string& name = spec_.rules[index].barrier;
    std::vector<std::string_view> names;
    for (const model::Barrier& barrier : spec_.barriers)
      names.push_back(barrier.name);
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    std::string text = "there is no barrier " + Quoted(name);
    const std::string_view close = Suggest(name, names);
    if (!close.empty()) text += "; did you mean " + Quoted(close) + "?";
    AboutRule(Severity::kError, index, "until", text);
  }

  /// A rule before it that takes all that it could match. Main is taken only by those that name it.
  void Reached(std::size_t index) {
    const model::HoldRule& rule = spec_.rules[index];
    const std::vector<model::Role>& roles = rule.match.roles;
    const bool main = std::find(roles.begin(), roles.end(), model::Role::kMain) != roles.end();
    for (std::size_t i = 0; i < index; ++i) {
      const model::HoldRule& before = spec_.rules[i];
      const bool all = before.match == model::HoldMatch{} && !main;
      if (!all && before.match != rule.match) continue;
      AboutRule(Severity::kWarning, index, "",
                "never reached: rule " + Quoted(before.name) + " before it takes " +
                    (all ? "everything" : "the same"));
      return;
    }
  }

  void Barrier(std::size_t index) {
    const model::Barrier& barrier = spec_.barriers[index];
    BarrierName(index);
    if (barrier.count.has_value() == barrier.all) {
      AboutBarrier(Severity::kError, index, "release_when",
                   barrier.all ? "count and all are both given: one completes it"
                               : "expected {\"count\": NUMBER} or {\"all\": true}");
    }
    if (barrier.count == 0U) {
      AboutBarrier(Severity::kError, index, "release_when.count", "0 is complete from the start");
    }
    constexpr std::uint32_t kDefaultMaxHeld = 64;
    const std::uint32_t max_held = spec_.limits.max_held.value_or(kDefaultMaxHeld);
    if (barrier.count && *barrier.count > max_held) {
      AboutBarrier(Severity::kWarning, index, "release_when.count",
                   std::to_string(*barrier.count) + " is above limits.max_held (" +
                       std::to_string(max_held) + "): the first go before it is complete");
    }
    if (!barrier.timeout_us) {
      AboutBarrier(Severity::kWarning, index, "", "no timeout: released after " + MaxTime());
    } else if (*barrier.timeout_us > spec_.limits.max_time_us) {
      AboutBarrier(Severity::kWarning, index, "timeout",
                   FormatDuration(*barrier.timeout_us) + " is shortened to " + MaxTime());
    }
  }

  void BarrierName(std::size_t index) {
    const std::string& name = spec_.barriers[index].name;
    if (!IsGoodName(name)) {
      AboutBarrier(Severity::kError, index, "", "expected " + std::string(kNameWords));
    }
    for (std::size_t i = 0; i < index; ++i) {
      if (spec_.barriers[i].name != name) continue;
      AboutBarrier(Severity::kError, index, "", "its name is taken: " + BarrierSource(i).Where());
      return;
    }
    const bool used =
        std::any_of(spec_.rules.begin(), spec_.rules.end(), [&](const model::HoldRule& rule) {
          return rule.end == HoldEnd::kBarrier && rule.barrier == name;
        });
    if (!used) AboutBarrier(Severity::kWarning, index, "", "no rule uses it");
  }

  void Limits() {
    const model::HoldLimits& limits = spec_.limits;
    // Written so that a NaN is refused, too.
    if (!(limits.max_share_of_pids > 0 && limits.max_share_of_pids <= 1)) {
      AboutLimits(Severity::kError, "max_share_of_pids", "expected a number above 0 and up to 1");
    }
    if (spec_.rules.empty()) return;
    if (limits.max_held == 0U) AboutLimits(Severity::kWarning, "max_held", "0: nothing is held");
    if (limits.max_time_us <= 0) {
      AboutLimits(Severity::kWarning, "max_time", "0: nothing is held");
    }
  }

  const HoldConfig& config_;
  const model::HoldSpec& spec_;
  Mode mode_;
  Findings findings_;
};

}  // namespace

Findings CheckHold(const HoldConfig& config, Mode mode) {
  return Checker(config, mode).Run();
}

}  // namespace reaperd::config
