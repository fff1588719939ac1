#include "sys/program_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/text.h"

namespace reaperd::sys {
namespace {

// What execvp(3) searches when there is no PATH.
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";

/// 0 or the errno. access(2) alone would call a directory executable.
int WhyNotExecutable(const char* path) {
  struct stat info {};
  if (stat(path, &info) < 0) return errno;
  if (!S_ISREG(info.st_mode)) return EACCES;
  return access(path, X_OK) < 0 ? errno : 0;
}

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
    const int code = WhyNotExecutable(candidate.c_str());
    if (code == 0) return 0;
    if (error != EACCES) error = code;
  }
  return error;
}

}  // namespace reaperd::sys
