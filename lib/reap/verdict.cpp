#include "reap/verdict.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "model/signal_names.h"

namespace reaperd::reap {
namespace {

using model::Cause;
using model::SentSignal;
using model::SignalName;
using model::Verdict;

bool DiedOf(const VerdictFacts& facts, int signal) {
  return facts.end.how == model::ExitStatus::How::kSignal && facts.end.value == signal;
}

/// A stranger's text in a sentence: printable, and its end when it is long (the end of a path tells
/// more than its start).
std::string Quoted(std::string_view text) {
  constexpr std::size_t kMost = VerdictFacts::kEvidenceTextBytes;
  if (text.size() <= kMost) return Printable(text);
  text.remove_prefix(text.size() - kMost);
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0) == 0x80)
    text.remove_prefix(1);
  return "..." + Printable(text);
}

std::string Ago(const VerdictFacts& facts) {
  return FormatDuration(std::max(facts.died_us - facts.sent->sent_us, Micros{0})) + " before";
}

std::string Sender(const model::SignalSender& sender) {
  if (sender.kernel) return "from the kernel";
  if (sender.pid == 0) {
    return "from outside our pid namespace (uid " + std::to_string(sender.uid) + ")";
  }
  std::string text = "from pid " + std::to_string(sender.pid) + " (";
  if (!sender.comm.empty()) text += Quoted(sender.comm) + ", ";
  return text + "uid " + std::to_string(sender.uid) + ")";
}

/// ", at a signal from pid 7 (sh, uid 0)"; empty: our own decision.
std::string AtWhoseWish(const SentSignal& sent) {
  return sent.sender ? ", at a signal " + Sender(*sent.sender) : "";
}

std::string_view PurposeWords(SentSignal::Purpose purpose) {
  switch (purpose) {
    case SentSignal::Purpose::kForwarded:
      return "forwarded";
    case SentSignal::Purpose::kStop:
      return "sent to make it end";
    case SentSignal::Purpose::kEscalation:
      return "sent as it had not ended";
    case SentSignal::Purpose::kWatchdog:
      return "sent as it did not answer";
  }
  return "sent";
}

/// For a death that no signal of ours explains: what was sent to it all the same.
std::string Mention(const VerdictFacts& facts) {
  if (!facts.sent) return "";
  return "; " + SignalName(facts.sent->signal) + " was " +
         std::string(PurposeWords(facts.sent->purpose)) + " " + Ago(facts);
}

std::string OurSignal(const VerdictFacts& facts) {
  const SentSignal& sent = *facts.sent;
  const std::string name = SignalName(sent.signal);
  switch (sent.purpose) {
    case SentSignal::Purpose::kForwarded:
      return name + " forwarded " + Ago(facts) +
             (sent.sender ? ", received " + Sender(*sent.sender) : "");
    case SentSignal::Purpose::kStop:
      return "our " + name + " asked it to end " + Ago(facts) + AtWhoseWish(sent);
    case SentSignal::Purpose::kEscalation:
      return "our " + name + " " + Ago(facts) + ", as it had not ended when asked" +
             AtWhoseWish(sent);
    case SentSignal::Purpose::kWatchdog:
      return "our " + name + " " + Ago(facts) + ", as it had stopped answering";
  }
  return "our " + name;
}

/// Only the signal that it died of can have ended it: a KILL from elsewhere after our TERM is not
/// ours.
std::optional<Verdict> JudgeOurs(const VerdictFacts& facts) {
  struct Row {
    SentSignal::Purpose purpose;
    Cause cause;
  };
  // TABLE: why we sent it -> the cause.
  static constexpr std::array<Row, 4> kRows{{
      {SentSignal::Purpose::kForwarded, Cause::kForwardedSignal},
      {SentSignal::Purpose::kStop, Cause::kStopped},
      {SentSignal::Purpose::kEscalation, Cause::kEscalated},
      {SentSignal::Purpose::kWatchdog, Cause::kWatchdog},
  }};
  if (!facts.sent || !DiedOf(facts, facts.sent->signal)) return std::nullopt;
  for (const Row& row : kRows) {
    if (row.purpose == facts.sent->purpose) return Verdict{row.cause, OurSignal(facts)};
  }
  return std::nullopt;
}

bool CounterKnown(const OomFacts& oom) {
  return !oom.cgroup.empty() && oom.before && oom.after;
}

std::string CounterName(const OomFacts& oom) {
  return oom.counter + " of " + Quoted(oom.cgroup);
}

std::optional<Verdict> JudgeOom(const VerdictFacts& facts) {
  if (!DiedOf(facts, SIGKILL) || !facts.oom) return std::nullopt;
  const OomFacts& oom = *facts.oom;
  if (oom.kernel_log) {
    return Verdict{Cause::kOomKill, "the kernel log names pid " + std::to_string(facts.pid) + ": " +
                                        Quoted(*oom.kernel_log)};
  }
  // A counter that fell belongs to a new cgroup of the same name.
  if (!CounterKnown(oom) || *oom.after <= *oom.before) return std::nullopt;
  const std::string rose =
      CounterName(oom) + " rose " + std::to_string(*oom.before) + "→" + std::to_string(*oom.after);
  const bool alone = oom.sigkills <= 1;
  const bool certain =
      oom.rise == OomFacts::Rise::kCertain || (oom.rise == OomFacts::Rise::kByCount && alone);
  const std::string among =
      alone ? "the only SIGKILL" : "one of " + std::to_string(oom.sigkills) + " SIGKILLs";
  return Verdict{certain ? Cause::kOomKill : Cause::kPossibleOom,
                 rose + ", " + among + " since the last reading" +
                     (certain || !alone ? "" : ", but perhaps of an earlier death")};
}

std::string CounterRemark(const VerdictFacts& facts) {
  if (!facts.oom) return "";
  const OomFacts& oom = *facts.oom;
  if (CounterKnown(oom)) {
    return "; " + CounterName(oom) + " did not rise (" + std::to_string(*oom.after) + ")";
  }
  return oom.cgroup.empty() ? "; no " + oom.counter + " could be read"
                            : "; " + CounterName(oom) + " could not be compared";
}

Verdict JudgeOtherSignal(const VerdictFacts& facts) {
  const std::string name = SignalName(facts.end.value);
  if (facts.end.value == SIGSYS) {
    return {Cause::kSeccomp,
            "SIGSYS, by which a seccomp filter ends who makes a forbidden call" + Mention(facts)};
  }
  if (facts.end.core) {
    return {Cause::kCoreDump, name + ", and the kernel dumped a core" + Mention(facts)};
  }
  if (facts.end.value == SIGKILL) {
    return {Cause::kUnknownSigkill, "SIGKILL, not from us, and nothing tells from whom" +
                                        CounterRemark(facts) + Mention(facts)};
  }
  return {Cause::kSignal, name + ", not from us" + Mention(facts)};
}

Verdict JudgeExit(const VerdictFacts& facts) {
  if (facts.exec_failure) {
    const ExecFailure& failure = *facts.exec_failure;
    return {Cause::kExecFailed, Quoted(failure.step) + " failed: " + ErrnoText(failure.error)};
  }
  // Of most deaths this is all: it fits into the string itself.
  std::string evidence = "exit code ";
  evidence += std::to_string(facts.end.value);
  if (facts.sent) evidence += Mention(facts);
  return {facts.end.success() ? Cause::kSuccess : Cause::kExitError, std::move(evidence)};
}

}  // namespace

Verdict Judge(const VerdictFacts& facts) {
  if (facts.end.how == model::ExitStatus::How::kExit) return JudgeExit(facts);
  if (auto ours = JudgeOurs(facts)) return *std::move(ours);
  if (auto oom = JudgeOom(facts)) return *std::move(oom);
  return JudgeOtherSignal(facts);
}

}  // namespace reaperd::reap
