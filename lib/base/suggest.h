// "Did you mean": the name that somebody most likely wanted to write.
#pragma once

#include <span>
#include <string_view>

namespace reaperd {

/// The name closest to `text` by letters added, dropped, changed or swapped with their neighbour;
/// empty when none is close.
std::string_view Suggest(std::string_view text, std::span<const std::string_view> names);

}  // namespace reaperd
