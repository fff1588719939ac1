// What a peer of the status socket may do. Pure.
//
// uid 0 and our own uid are admin; the members of the socket's group may read. An id that equals the
// overflow id stands for everybody whom our user namespace has no number for, and many images run as
// 65534 on purpose: such an id gives a right only when the peer's user namespace is ours.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/enum_names.h"
#include "model/peer.h"

namespace reaperd::status {

/// In this order: each may what those before it may.
enum class Right { kNone, kRead, kAdmin };
inline constexpr EnumNames<Right, 3> kRights{{{
    {Right::kNone, "none"},
    {Right::kRead, "read"},
    {Right::kAdmin, "admin"},
}}};

struct RightsInputs {
  uid_t our_uid = 0;
  std::optional<gid_t> group;  ///< of the socket
  uid_t overflow_uid = 65534;
  gid_t overflow_gid = 65534;
};

/// Whether it matters for this peer which user namespace it is in: that costs a look into /proc.
[[nodiscard]] bool NamespaceMatters(const model::Peer& peer, const RightsInputs& inputs);

/// `shares_namespace`: false also when it is not known.
[[nodiscard]] Right RightOf(const model::Peer& peer, const RightsInputs& inputs,
                            bool shares_namespace);

/// The uid whose processes are the peer's own; nullopt: its number is anybody's.
[[nodiscard]] std::optional<uid_t> OwnUid(const model::Peer& peer, const RightsInputs& inputs,
                                          bool shares_namespace);

}  // namespace reaperd::status
