// How wide and high the terminal is.
#pragma once

#include <cstddef>
#include <optional>

namespace reaperd::ctl {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// Of $COLUMNS and $LINES, else of the terminal behind `fd`, else 80 x 24; nullopt: it is none.
std::optional<TerminalSize> SizeOfTerminal(int fd);

}  // namespace reaperd::ctl
