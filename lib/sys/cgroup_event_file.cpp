#include "sys/cgroup_event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace reaperd::sys {

Result<CgroupEventFile> CgroupEventFile::Open(CgroupCounter counter) {
  UniqueFd fd(open(counter.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return Error::FromErrno("cannot open " + counter.path, errno);
  CgroupEventFile file(std::move(counter), std::move(fd));
  const auto value = file.Read();
  if (!value) return value.error();
  return file;
}

Result<std::uint64_t> CgroupEventFile::Read() const {
  std::array<char, 1024> buffer;
  const ssize_t got = pread(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) return Error::FromErrno("cannot read " + counter_.path, errno);
  const auto value =
      FlatKeyedValue(std::string_view(buffer.data(), static_cast<std::size_t>(got)), counter_.key);
  if (!value) return Error(EINVAL, "no " + counter_.key + " in " + counter_.path);
  return *value;
}

}  // namespace reaperd::sys
