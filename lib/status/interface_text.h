// The texts of the interfaces, as GetInterfaceDescription gives them: ours is the file
// io.reaperd.Manager.varlink, taken in by CMake.
#pragma once

#include <string_view>

namespace reaperd::status {

extern const std::string_view kManagerInterfaceText;
extern const std::string_view kVarlinkServiceText;

}  // namespace reaperd::status
