// KinTable: the processes below us, as walks of /proc saw them alive: by whom each was made, and
// what is to be known of it should it come to us as an orphan. Pure; reap::KinWatch feeds it.
//
// A walk is no snapshot: while it lasts a parent may die and its number be given to another. So a
// parent link counts only when it was seen once more and the parent after that (TakeNewLinks,
// OnLinkConfirmed); without that nothing is told of the ancestors. A link that was confirmed
// stays, also when the parent has died.
//
// Bounded: at most kMost processes; those that come when it is full are not noted.
// Owned by KinWatch, asked by Reaper and Recorder.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/process_info.h"

namespace reaperd::reap {

/// A process as a walk met it.
struct KinSeen {
  pid_t pid = 0;
  pid_t parent = 0;  ///< 0: outside our pid namespace
  std::uint64_t start_ticks = 0;
  std::string comm;
  bool alive = true;
};

/// A parent link that is to be confirmed.
struct KinLink {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  pid_t parent = 0;
  std::uint64_t parent_start_ticks = 0;

  bool operator==(const KinLink&) const = default;
};

/// What is known of one process from before it came to us.
struct KinNote {
  Micros first_seen_us = 0;
  bool entered = false;  ///< it, or one of its ancestors, was made outside our pid namespace
  std::shared_ptr<const model::Shadow> shadow;  ///< with its lineage; never nullptr
};

class KinTable {
 public:
  static constexpr std::size_t kMost = 4096;

  enum class Scope {
    kNamespace,    ///< we are PID 1: everybody descends from us, or came from outside
    kDescendants,  ///< only those that descend from us by parent links
  };

  KinTable(pid_t self, Scope scope) : self_(self), scope_(scope) {}

  /// All that a walk met, zombies and ourselves included. Who was not met is forgotten.
  void OnWalk(const std::vector<KinSeen>& seen, Micros now_us);
  /// Read the process again, then its parent: each is given once, and again after the next walk if
  /// it was not confirmed.
  [[nodiscard]] std::vector<KinLink> TakeNewLinks() { return std::exchange(new_links_, {}); }
  /// The process had that parent still, and the parent was there after that.
  void OnLinkConfirmed(const KinLink& link);
  /// Those that are new, or bear another name than before. Given once.
  [[nodiscard]] std::vector<pid_t> TakeToLook() { return std::exchange(to_look_, {}); }
  /// A look at one of these, or at whoever has its number now.
  void OnLook(const model::ProcessInfo& look);

  /// Of this very process, by its number and its start.
  [[nodiscard]] std::optional<KinNote> Find(pid_t pid, std::uint64_t start_ticks) const;
  [[nodiscard]] std::size_t size() const { return kin_.size(); }

 private:
  using Lineage = std::vector<model::Ancestor>;
  struct Kin {
    std::uint64_t start_ticks = 0;
    std::string comm;
    Micros first_seen_us = 0;
    pid_t parent = 0;  ///< 0: not known
    std::uint64_t parent_start_ticks = 0;
    bool confirmed = false;          ///< that link
    bool entered = false;            ///< itself, or whoever was above when `lineage` was kept
    std::optional<Lineage> lineage;  ///< kept from when its parent was there
    std::shared_ptr<const model::Shadow> shadow;
  };
  using Met = std::unordered_map<pid_t, const KinSeen*>;

  /// Those of a walk that are ours to note.
  [[nodiscard]] Met Members(const std::vector<KinSeen>& seen) const;
  void KeepLineages(const Met& met);
  void Drop(const Met& met);
  void Add(const KinSeen& seen, Micros now_us);
  void Link(const KinSeen& seen);
  [[nodiscard]] const Kin* ParentOf(const Kin& kin) const;
  [[nodiscard]] std::optional<Lineage> LineageOf(const Kin& kin) const;
  [[nodiscard]] bool IsEntered(const Kin& kin) const;

  pid_t self_;
  Scope scope_;
  std::unordered_map<pid_t, Kin> kin_;
  std::vector<KinLink> new_links_;
  std::vector<pid_t> to_look_;
};

}  // namespace reaperd::reap
