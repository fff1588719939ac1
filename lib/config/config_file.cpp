#include "config/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/read_up_to.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "config/json_tree.h"

namespace reaperd::config {
namespace {

Error TooLarge(const std::string& shown) {
  return {EFBIG, shown + " is larger than " + std::to_string(kMaxConfigBytes >> 20) + " MiB"};
}

}  // namespace

Result<ConfigFile> ReadConfigFile(const std::string& path) {
  const std::string shown = Printable(path);
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Error(EINVAL, "'" + shown + "' is not the name of a file");
  }
  // O_NONBLOCK: a FIFO without a writer would block the open itself.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return Error::FromErrno("cannot open " + shown, errno);
  struct stat info {};
  if (fstat(fd.get(), &info) < 0) return Error::FromErrno("cannot stat " + shown, errno);
  if (!S_ISREG(info.st_mode)) return Error(EINVAL, shown + " is not a regular file");
  if ((info.st_mode & S_IWOTH) != 0) {
    return Error(EACCES, shown + " can be written by everybody: chmod o-w it");
  }
  if (info.st_size > static_cast<off_t>(kMaxConfigBytes)) return TooLarge(shown);
  ConfigFile file;
  auto text = ReadUpTo(fd.get(), kMaxConfigBytes + 1);
  if (!text) return Error::FromErrno("cannot read " + shown, text.error().code());
  if (text->size() > kMaxConfigBytes) return TooLarge(shown);
  file.text = std::move(text).value();
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    file.warnings.push_back(shown + " belongs to user " + std::to_string(info.st_uid) +
                            ", who is neither root nor us");
  }
  return file;
}

}  // namespace reaperd::config
