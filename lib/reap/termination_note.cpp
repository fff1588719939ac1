#include "reap/termination_note.h"

#include <algorithm>

#include "base/text.h"

namespace reaperd::reap {
namespace {

using model::Cause;
using model::DeathRecord;

std::string_view Comm(const DeathRecord& record) {
  if (record.comm.empty() && record.shadow) return record.shadow->comm;
  return record.comm;
}

/// The cause, where it says more than the exit code or the signal that stands before it.
std::string_view CauseWorthSaying(Cause cause) {
  switch (cause) {
    case Cause::kCoreDump:
    case Cause::kSignal:
    case Cause::kExitError:
    case Cause::kSuccess:
      return "";
    case Cause::kForwardedSignal:
    case Cause::kStopped:
    case Cause::kEscalated:
    case Cause::kWatchdog:
    case Cause::kOomKill:
    case Cause::kPossibleOom:
    case Cause::kSeccomp:
    case Cause::kUnknownSigkill:
    case Cause::kExecFailed:
      break;
  }
  return model::kCauses.Name(cause);
}

std::string EndOf(const DeathRecord& record) {
  std::string text = Describe(record.end);
  const std::string_view cause = CauseWorthSaying(record.verdict.cause);
  if (!cause.empty()) text.append(" (").append(cause).append(")");
  return text;
}

/// `text` or its start, not cut inside of a character.
std::string Cut(std::string text) {
  if (text.size() <= kTerminationNoteBytes) return text;
  std::size_t end = kTerminationNoteBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  text.resize(end);
  return text;
}

}  // namespace

bool MayHaveLedTo(const DeathRecord& other, const DeathRecord& main) {
  return other.seq < main.seq && other.verdict.abnormal() && other.role != model::Role::kHook &&
         other.role != model::Role::kHelper &&
         main.died_us - other.died_us <= kTerminationNoteWindow_us;
}

std::string TerminationNote(const DeathRecord& main, const DeathRecord* before) {
  std::string text = main.service.empty() ? "main" : Printable(main.service);
  if (const auto comm = Comm(main); !comm.empty()) text += " " + Printable(comm);
  text += " (pid " + std::to_string(main.pid) + ") " + EndOf(main);
  if (const auto run_time_us = main.run_time_us()) text += " after " + FormatDuration(*run_time_us);
  if (before != nullptr) {
    const std::string comm = Printable(Comm(*before));
    text += "; before it: " + (comm.empty() ? "pid" : comm) + " " + std::to_string(before->pid) +
            " " + EndOf(*before) + " " +
            FormatDuration(std::max(main.died_us - before->died_us, Micros{0})) + " earlier";
  }
  return Cut(std::move(text));
}

}  // namespace reaperd::reap
