#include "scribe/line_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace reaperd::scribe {
namespace {

/// A worker that was killed in the middle of a write, or a crash of the machine, leaves a part of a
/// line. Reopened to look: our own description cannot read. Without /proc nothing is known.
bool EndsInsideALine(int fd, off_t size) {
  if (size == 0) return false;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const UniqueFd readable(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  char last = '\n';
  return readable && pread(readable.get(), &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

LineWriter::LineWriter(const LogTarget& target) : target_(target), shared_(target.fd) {
  struct stat info {};
  if (target.kind != LogTarget::Kind::kOurs || fstat(target.fd, &info) < 0) return;
  regular_ = S_ISREG(info.st_mode);
  cut_ = regular_ && EndsInsideALine(target.fd, info.st_size);
}

void LineWriter::Write(std::string_view line, std::uint64_t dropped_before) {
  ++counts_.handled;
  untold_ += dropped_before;
  const bool tell = untold_ > 0 && line.starts_with('{');
  const std::string text = Compose(line, tell);
  const Outcome outcome = Put(text);
  if (outcome == Outcome::kWhole) {
    cut_ = false;
    if (tell) counts_.told += std::exchange(untold_, 0);
    return;
  }
  ++counts_.dropped;
  ++untold_;
  if (outcome == Outcome::kPart) cut_ = true;
}

std::string LineWriter::Compose(std::string_view line, bool tell) const {
  std::string text;
  text.reserve(line.size() + 40);
  if (cut_) text += '\n';
  if (tell) {
    text += "{\"dropped\":" + std::to_string(untold_);
    line.remove_prefix(1);
    if (!line.starts_with('}')) text += ',';
  }
  text += line;
  text += '\n';
  return text;
}

LineWriter::Outcome LineWriter::Put(std::string_view text) {
  switch (target_.kind) {
    case LogTarget::Kind::kNone:
      return Outcome::kNothing;
    case LogTarget::Kind::kOurs:
      return PutOurs(text);
    case LogTarget::Kind::kShared:
      break;
  }
  if (shared_.Write(text) == sys::WriteOutcome::kWritten) return Outcome::kWhole;
  return shared_.cut() ? Outcome::kPart : Outcome::kNothing;
}

LineWriter::Outcome LineWriter::PutOurs(std::string_view text) {
  ssize_t done = 0;
  do {
    done = write(target_.fd, text.data(), text.size());
  } while (done < 0 && errno == EINTR);
  if (done <= 0) return Outcome::kNothing;
  const auto bytes = static_cast<std::size_t>(done);
  if (bytes == text.size()) return Outcome::kWhole;
  return TakeBack(bytes) ? Outcome::kNothing : Outcome::kPart;
}

/// False when what was written must stay. After an appending write the position is the end of what
/// it wrote: if the file ends elsewhere, somebody else has written, too, and would be cut off.
bool LineWriter::TakeBack(std::size_t bytes) const {
  if (!regular_) return false;
  struct stat info {};
  const off_t end = lseek(target_.fd, 0, SEEK_CUR);
  if (end < static_cast<off_t>(bytes) || fstat(target_.fd, &info) < 0) return false;
  return info.st_size == end && ftruncate(target_.fd, end - static_cast<off_t>(bytes)) == 0;
}

}  // namespace reaperd::scribe
