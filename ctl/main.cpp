// reaperctl: asks a running reaperd, and shows the answers. See docs/reaperctl.md.
#include <signal.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/run.h"
#include "ctl/terminal_size.h"
#include "sys/stdio_guard.h"

int main(int argc, char** argv) {
  using namespace reaperd;  // NOLINT(google-build-using-namespace): the program's own file
  // Descriptors 0, 1 and 2 that are closed would be taken by our socket.
  sys::GuardStdio();
  // Ends quietly when its reader does, also where somebody (Python) left the signal ignored.
  signal(SIGPIPE, SIG_DFL);
  ctl::Surroundings surroundings;
  if (const auto size = ctl::SizeOfTerminal(surroundings.out)) surroundings.width = size->columns;
  // NOLINTBEGIN(concurrency-mt-unsafe): one thread
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  // NOLINTEND(concurrency-mt-unsafe)
  surroundings.no_color = (no_color != nullptr && *no_color != '\0') ||
                          (term != nullptr && std::string_view(term) == "dumb");
  surroundings.search = sys::OurSocketSearch();
  return ctl::Run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), surroundings);
}
