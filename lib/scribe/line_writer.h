// LineWriter: appends lines to the log, one write each, and counts what cannot be written. Owned by
// the scribe's worker; a write to a regular file may wait for the disk.
//
// A full disk, a full pipe or a reader that is gone drops the line. The next one that gets through
// says how many were lost, by a member "dropped" in front of its others. A line that was written in
// part is taken back where that is possible (a regular file of ours, nobody wrote after it); else
// the next line starts with a newline, so that only the cut one is unreadable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scribe/protocol.h"
#include "sys/output.h"

namespace reaperd::scribe {

/// Where lines go.
struct LogTarget {
  enum class Kind {
    kNone,    ///< nowhere: all lines are dropped
    kOurs,    ///< a description of our own, appending and non-blocking (sys::OpenLogFile)
    kShared,  ///< standard error, which is the application's, too: its flags stay as they are
  };
  Kind kind = Kind::kNone;
  int fd = -1;  ///< borrowed
};

class LineWriter {
 public:
  explicit LineWriter(const LogTarget& target);

  /// `line`: without a newline. `dropped_before`: lines that were lost on the way here.
  void Write(std::string_view line, std::uint64_t dropped_before);

  /// `handled` counts the calls of Write.
  [[nodiscard]] const Acknowledgement& counts() const { return counts_; }

 private:
  enum class Outcome { kWhole, kPart, kNothing };

  [[nodiscard]] std::string Compose(std::string_view line, bool tell) const;
  Outcome Put(std::string_view text);
  Outcome PutOurs(std::string_view text);
  [[nodiscard]] bool TakeBack(std::size_t bytes) const;

  LogTarget target_;
  sys::Output shared_;
  bool regular_ = false;  ///< a file that is ours
  bool cut_ = false;      ///< what is written last does not end with a newline
  std::uint64_t untold_ = 0;
  Acknowledgement counts_;
};

}  // namespace reaperd::scribe
