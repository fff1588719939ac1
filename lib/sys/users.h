// "USER", "USER:GROUP", "1000", "1000:1000" to credentials, by /etc/passwd and /etc/group.
//
// Not by the C library's name services: the static program would load the modules of whatever image
// it runs in (and crash in them), and a name service may wait for the network. Users that only LDAP
// or systemd know are named by number.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/service_spec.h"

namespace reaperd::sys {

/// A number that no user has is taken as it is, with its number as group and no others. Without
/// ":GROUP" the supplementary groups of the user are added; with it there are none. `etc` is the
/// folder of the two files, "/etc" but in tests.
Result<model::Credentials> ResolveUser(std::string_view text, const std::string& etc = "/etc");

/// A name or a number.
Result<gid_t> ResolveGroup(std::string_view text, const std::string& etc = "/etc");

}  // namespace reaperd::sys
