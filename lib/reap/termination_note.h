// The termination note: one sentence for people about an abnormal end of main, and about the death
// that may have led to it. It goes into the termination log. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "model/death_record.h"

namespace reaperd::reap {

constexpr std::size_t kTerminationNoteBytes = 1024;  ///< Kubernetes cuts behind 4096, we before
constexpr Micros kTerminationNoteWindow_us = 60 * kSecond;

/// `other` was an abnormal death shortly before that of `main`: worth naming beside it. Our own
/// hooks and helpers are not.
bool MayHaveLedTo(const model::DeathRecord& other, const model::DeathRecord& main);

/// "main nginx (pid 7) exit 1 after 12s; before it: worker 214 SIGKILL (oom-kill) 3s earlier".
/// `before`: the newest record that MayHaveLedTo main's end; nullptr: there was none. Printable, no
/// newline.
std::string TerminationNote(const model::DeathRecord& main, const model::DeathRecord* before);

}  // namespace reaperd::reap
