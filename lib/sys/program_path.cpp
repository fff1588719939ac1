#include "sys/program_path.h"

#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/text.h"

namespace reaperd::sys {
namespace {

// What execvp(3) searches when there is no PATH.
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";

}  // namespace

std::vector<std::string> ProgramCandidates(const std::string& program,
                                           const std::vector<std::string>& environment) {
  if (program.empty()) return {};
  if (program.find('/') != std::string::npos) return {program};
  std::string_view path = kDefaultPath;
  for (const std::string& entry : environment) {
    if (entry.starts_with("PATH=")) path = std::string_view(entry).substr(5);
  }
  std::vector<std::string> candidates;
  for (const std::string_view directory : Split(path, ':')) {
    // An empty element is the working directory (execvp(3)).
    candidates.push_back(directory.empty() ? program : std::string(directory) + "/" + program);
  }
  return candidates;
}

int FindProgram(const std::string& program, const std::vector<std::string>& environment) {
  int error = ENOENT;
  for (const std::string& candidate : ProgramCandidates(program, environment)) {
    if (access(candidate.c_str(), X_OK) == 0) return 0;
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  return error;
}

}  // namespace reaperd::sys
