// Ids of processes. A pid is used again, an id is not: it is what clients and records name a process
// by. Two forms, since not every kernel has the first: "i<inode of its pidfd>" and
// "s<pid>:<start time in clock ticks after boot>". Values and pure functions.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reaperd::model {

/// What tells a process from all others. A number that is not known is 0.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t pidfs_inode = 0;
  std::uint64_t start_ticks = 0;

  /// The better form that is known; empty: neither is.
  [[nodiscard]] std::string Id() const;

  bool operator==(const ProcessIdentity&) const = default;
};

/// An id holds the numbers of its form alone. nullopt: that is no id.
std::optional<ProcessIdentity> ParseProcessId(std::string_view id);

enum class SameProcess {
  kYes,
  kNo,
  kUnknown,  ///< of `known` nobody knows the number that `asked` holds
};

/// Whether an id (ParseProcessId) names the process of which this is `known`.
SameProcess IsNamedBy(const ProcessIdentity& known, const ProcessIdentity& asked);

}  // namespace reaperd::model
