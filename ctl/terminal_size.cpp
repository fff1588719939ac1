#include "ctl/terminal_size.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "base/text.h"

namespace reaperd::ctl {
namespace {

constexpr std::uint64_t kMost = 10000;

std::size_t Chosen(const char* variable, unsigned short of_kernel, std::size_t otherwise) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): one thread
  const std::string_view words = text != nullptr ? text : "";
  const std::uint64_t named = ParseUnsigned(words, kMost).value_or(0);
  if (named > 0) return named;
  return of_kernel > 0 ? of_kernel : otherwise;
}

}  // namespace

std::optional<TerminalSize> SizeOfTerminal(int fd) {
  if (isatty(fd) == 0) return std::nullopt;
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) < 0) size = {};
  const TerminalSize fallback;
  return TerminalSize{.columns = Chosen("COLUMNS", size.ws_col, fallback.columns),
                      .rows = Chosen("LINES", size.ws_row, fallback.rows)};
}

}  // namespace reaperd::ctl
