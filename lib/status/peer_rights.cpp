#include "status/peer_rights.h"

#include <algorithm>

namespace reaperd::status {
namespace {

bool IsMember(const model::Peer& peer, gid_t group) {
  return peer.gid == group ||
         std::find(peer.groups.begin(), peer.groups.end(), group) != peer.groups.end();
}

}  // namespace

bool NamespaceMatters(const model::Peer& peer, const RightsInputs& inputs) {
  return peer.uid == inputs.overflow_uid ||
         (inputs.group == inputs.overflow_gid && IsMember(peer, inputs.overflow_gid));
}

Right RightOf(const model::Peer& peer, const RightsInputs& inputs, bool shares_namespace) {
  const bool uid_counts = shares_namespace || peer.uid != inputs.overflow_uid;
  if (uid_counts && (peer.uid == 0 || peer.uid == inputs.our_uid)) return Right::kAdmin;
  if (!inputs.group) return Right::kNone;
  const bool group_counts = shares_namespace || *inputs.group != inputs.overflow_gid;
  return group_counts && IsMember(peer, *inputs.group) ? Right::kRead : Right::kNone;
}

std::optional<uid_t> OwnUid(const model::Peer& peer, const RightsInputs& inputs,
                            bool shares_namespace) {
  if (!shares_namespace && peer.uid == inputs.overflow_uid) return std::nullopt;
  return peer.uid;
}

}  // namespace reaperd::status
