// OomWatch: was this SIGKILL the OOM killer's? Keeps, for each cgroup that we know processes of, its
// counter of OOM kills and the SIGKILL deaths that could explain a rise. Owned by whoever makes the
// verdicts; reads a counter by opening it, keeps no descriptor.
//
// The counter rises before the victim is signalled (docs/kernel-facts.md#oom-kills-are-counted), so
// a death without a rise was certainly somebody else's kill. A rise proves less: the victim may
// be a grandchild that its parent buried, or still be dying. Hence a *reading*: it opens with a rise
// and stays open for a while, and all SIGKILL deaths that fall into it are weighed against how far
// the counter rose. Better "perhaps" than wrong.
//
// Paths are those of the memory controller (sys::CgroupPaths::memory), taken while the process
// lived. At most kGroups are kept, the least recently used goes. All times are passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "sys/cgroup.h"

namespace reaperd::reap {

/// Where the counters come from; the kernel, or a test.
class OomCounters {
 public:
  OomCounters() = default;
  OomCounters(const OomCounters&) = delete;
  OomCounters& operator=(const OomCounters&) = delete;
  virtual ~OomCounters() = default;
  /// The counter that a process of this cgroup is accounted in; several groups may share one.
  virtual std::optional<sys::CgroupCounter> Find(std::string_view cgroup) = 0;
  virtual std::optional<sys::CgroupCount> Read(const sys::CgroupCounter& counter) = 0;
};

/// The kernel's.
class CgroupOomCounters final : public OomCounters {
 public:
  explicit CgroupOomCounters(sys::CgroupTree tree) : tree_(std::move(tree)) {}
  std::optional<sys::CgroupCounter> Find(std::string_view cgroup) override;
  std::optional<sys::CgroupCount> Read(const sys::CgroupCounter& counter) override;

 private:
  sys::CgroupTree tree_;
};

/// What a reading says of each SIGKILL death in it.
enum class OomEvidence {
  kNone,      ///< no rise: not the OOM killer
  kPossible,  ///< a rise, and more deaths than it explains, or it may be long past
  kCertain,   ///< a fresh rise that explains every SIGKILL death since
};

struct OomReading {
  /// A rise may have happened at any time since the last reading. When that is longer ago than this,
  /// somebody else may have been the victim then.
  static constexpr Micros kFresh = 60 * kSecond;
  /// From the rise to the death of its victim, mostly.
  static constexpr Micros kDiesSoon = 2 * kSecond;

  sys::CgroupCounter counter;
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  unsigned sigkills = 0;  ///< deaths told by OnSigkill since the counter stood at `before`
  Micros before_us = 0;   ///< the last time at which it was known to stand there
  Micros risen_us = 0;    ///< when the rise was seen; 0: none
  Micros read_us = 0;     ///< now

  [[nodiscard]] std::uint64_t rise() const { return after - before; }
  [[nodiscard]] OomEvidence evidence() const;
};

class OomWatch {
 public:
  static constexpr std::size_t kGroups = 64;
  /// A reading whose rise is explained by deaths stays open so long for others that died with them.
  static constexpr Micros kSettle = OomReading::kDiesSoon;
  /// One whose victim has not been seen dead: so long may its memory take to be freed. Then it was
  /// nobody of ours. After kSettle it proves no more: its own parent may have buried the victim, and
  /// who dies now was killed by somebody else.
  static constexpr Micros kVictimDies = 10 * kSecond;

  explicit OomWatch(OomCounters& counters) : counters_(counters) {}

  /// A process of this cgroup was discovered. The first of a group takes the baseline; later ones
  /// cost a look into a table.
  void Note(std::string_view cgroup, Micros now_us);

  /// The counter may have changed: the kernel told so (sys::CgroupEventFile). A rise that is seen
  /// here has just happened.
  void OnCounterEvent(std::string_view cgroup, Micros now_us);

  /// A process of this cgroup died of a SIGKILL, our own included: the kernel may have been faster
  /// than we. When several dead ones are at hand, tell all of them before the first Read.
  void OnSigkill(std::string_view cgroup, Micros now_us);

  /// Reads the counter and weighs. nullopt: there is none, or no baseline was taken before the
  /// death.
  std::optional<OomReading> Read(std::string_view cgroup, Micros now_us);

  /// What outlives an exec of ourselves; least recently used first.
  struct Saved {
    sys::CgroupCounter counter;
    sys::CgroupCount before;
    std::uint64_t after = 0;
    unsigned sigkills = 0;
    Micros before_us = 0;
    Micros risen_us = 0;

    bool operator==(const Saved&) const = default;
  };
  [[nodiscard]] const std::vector<Saved>& Save() const { return groups_; }
  void Load(std::vector<Saved> saved);

 private:
  /// The group's entry, now the most recently used; nullptr: no baseline.
  Saved* Find(std::string_view cgroup);
  /// The same without looking for the counter's file.
  Saved* FindNoted(const std::string& cgroup);
  Saved* FindCounter(std::string_view path);
  void Remember(const std::string& cgroup, const std::string& counter_path);
  static void CloseReading(Saved& group, Micros now_us);
  bool Update(Saved& group, Micros now_us);

  OomCounters& counters_;
  std::vector<Saved> groups_;
  /// Cgroup -> path of its counter, for those noted: discovery names the same group many times.
  std::unordered_map<std::string, std::string> noted_;
};

}  // namespace reaperd::reap
