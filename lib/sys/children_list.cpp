#include "sys/children_list.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

namespace reaperd::sys {
namespace {

constexpr std::size_t kWalkPart = 16;

}  // namespace

void TakePids(std::string& text, std::vector<pid_t>& pids) {
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (;;) {
    while (at != end && *at == ' ')
      ++at;
    pid_t pid = 0;
    const auto [after, error] = std::from_chars(at, end, pid);
    // Digits that touch the end may go on in the next part.
    if (error != std::errc() || after == end) break;
    pids.push_back(pid);
    at = after;
  }
  text.erase(0, static_cast<std::size_t>(at - text.data()));
}

bool ChildrenList::OpenChildrenFile() {
  if (!children_file_allowed_) return false;
  // The file is per thread; reaperd has one, whose tid is the pid.
  const std::string path = proc_root_ + "/self/task/" + std::to_string(getpid()) + "/children";
  file_ = UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  fresh_ = file_.valid();
  return fresh_;
}

ChildrenSource ChildrenList::Probe() {
  if (source_ != ChildrenSource::kUnknown) return source_;
  source_ = ChildrenSource::kNone;
  if (!ProcIsOurs(proc_root_)) return source_;
  if (OpenChildrenFile()) {
    source_ = ChildrenSource::kChildrenFile;
  } else if (ProcessWalk::Begin(proc_root_).ok()) {
    source_ = ChildrenSource::kProcWalk;
  }
  return source_;
}

ListPart ChildrenList::Read(bool first_part, std::vector<pid_t>& pids) {
  switch (Probe()) {
    case ChildrenSource::kChildrenFile:
      return ReadChildrenFile(first_part, pids);
    case ChildrenSource::kProcWalk:
      return ReadWalk(first_part, pids);
    case ChildrenSource::kUnknown:
    case ChildrenSource::kNone:
      break;
  }
  // Try again next time: out of descriptors now does not mean without /proc for ever.
  source_ = ChildrenSource::kUnknown;
  return ListPart::kFailed;
}

ListPart ChildrenList::ReadChildrenFile(bool first_part, std::vector<pid_t>& pids) {
  if (first_part) {
    partial_.clear();
    const bool at_start = std::exchange(fresh_, false);
    if (!at_start && lseek(file_.get(), 0, SEEK_SET) < 0) return ListPart::kFailed;
  }
  std::array<char, 4096> buffer;
  const ssize_t got = read(file_.get(), buffer.data(), buffer.size());
  if (got < 0) {
    // ESRCH after an exec or in another process: the file is of a thread that is gone.
    file_.reset();
    source_ = ChildrenSource::kUnknown;
    return ListPart::kFailed;
  }
  // The kernel ends each number with a blank, also the last: only a cut leaves digits over.
  if (got == 0) return ListPart::kEnd;
  partial_.append(buffer.data(), static_cast<std::size_t>(got));
  TakePids(partial_, pids);
  return ListPart::kMore;
}

ListPart ChildrenList::ReadWalk(bool first_part, std::vector<pid_t>& pids) {
  if (first_part || !walk_) {
    auto walk = ProcessWalk::Begin(proc_root_);
    if (!walk) return ListPart::kFailed;
    walk_ = std::move(walk).value();
  }
  std::vector<ProcStat> found;
  const bool more = walk_->Next(kWalkPart, found);
  for (const ProcStat& process : found) {
    if (process.parent == getpid()) pids.push_back(process.pid);
  }
  if (more) return ListPart::kMore;
  walk_.reset();
  return ListPart::kEnd;
}

}  // namespace reaperd::sys
