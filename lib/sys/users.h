// "USER", "USER:GROUP", "1000", "1000:1000" to credentials. Asks the C library, which may read files
// and, in the dynamic program, wait for a name service: only before anything runs.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/service_spec.h"

namespace reaperd::sys {

/// A number that no user has is taken as it is, with its number as group and no others. Without
/// ":GROUP" the supplementary groups of the user are added; with it there are none.
Result<model::Credentials> ResolveUser(std::string_view text);

}  // namespace reaperd::sys
