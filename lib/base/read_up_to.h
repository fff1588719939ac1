// Reading a descriptor until it ends, with a limit: the size that a file tells may be wrong by now,
// and is 0 in /proc.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace reaperd {

/// At most `limit_bytes`: who must know whether there was more asks for one more. Each read asks for
/// all that is left, so what a file gives in one piece is of one moment. The error is that of
/// read(2), as "read: …"; EINTR is none.
Result<std::string> ReadUpTo(int fd, std::size_t limit_bytes);

}  // namespace reaperd
