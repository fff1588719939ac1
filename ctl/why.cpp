#include "ctl/why.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "ctl/display.h"
#include "ctl/phrases.h"

namespace reaperd::ctl {
namespace {

constexpr std::size_t kParagraph = 80;  // columns, where the width is not known
constexpr std::size_t kNamed = 5;       // of the abnormal deaths around it

struct RoleWords {
  std::string_view role;
  std::string_view words;
};

// TABLE: what a role means, behind "it was".
constexpr std::array<RoleWords, 6> kRoles{{
    {"main", "the command that reaperd runs"},
    {"service", "the main process of service"},
    {"hook", "a command that reaperd ran beside"},
    {"helper", "a part of reaperd itself"},
    {"adopted", "an orphan that reaperd adopted"},
    {"entered", "brought in from outside the container"},
}};

std::string RoleText(const std::string& role, const std::optional<std::string>& service) {
  std::string text = role;
  for (const RoleWords& row : kRoles) {
    if (row.role == role) text = row.words;
  }
  return role == "service" && service ? text + " " + *service : text;
}

/// "worker (pid 214, exit 1, exit-error, 3s before)".
std::string Brief(const client::Death& death, WallMicros than) {
  const Micros apart_us = death.died_at - than;
  std::string when = Duration(apart_us < 0 ? -apart_us : apart_us);
  when += apart_us < 0 ? " before" : " after";
  return death.comm.value_or("?") + " (pid " + std::to_string(death.pid) + ", " +
         EndText(death.end) + ", " + death.verdict.cause + ", " + when + ")";
}

std::string WhoText(const client::Death& death) {
  std::string text = death.comm.value_or("a process whose name is not known") + " (pid " +
                     std::to_string(death.pid) + ") was " + RoleText(death.role, death.service);
  if (death.cmdline) text += ", running " + CommandText(death.cmdline, death.comm);
  text += ".";
  if (death.lineage && !death.lineage->empty()) {
    text += " It came from ";
    for (std::size_t i = 0; i < death.lineage->size(); ++i) {
      const client::Ancestor& ancestor = (*death.lineage)[i];
      text +=
          (i > 0 ? ", that from " : "") + ancestor.comm + " (" + std::to_string(ancestor.pid) + ")";
    }
    text += ".";
  } else if (death.first_seen == "death") {
    text += " Nobody saw it alive: reaperd learned of it by its death.";
  }
  return text;
}

std::string EndSentence(const client::Death& death, const View& view) {
  std::string text = "It died " + When(death.died_at, view);
  if (death.run_time_us) text += " after running for " + Duration(*death.run_time_us);
  if (death.started_at) text += " (started " + FormatWallTime(*death.started_at) + ")";
  if (death.end.how == model::ExitStatus::How::kExit) {
    text += ", by exit with status " + std::to_string(death.end.value);
  } else {
    text += ", by signal " + EndText(death.end);
  }
  return text + ". Cause: " + death.verdict.cause + " — " + death.verdict.evidence + ".";
}

std::string HoldSentence(const client::Inspection& inspection, const View& view) {
  const client::Death& death = inspection.record;
  if (inspection.hold) {
    const client::Hold& hold = *inspection.hold;
    std::string text =
        " It is held by " + (hold.rule == "lease" ? std::string("a lease") : "rule " + hold.rule);
    if (hold.until) text += " and to be released " + Until(*hold.until, view);
    return text + ": reaperctl inspect " + std::to_string(death.pid) + " shows its /proc.";
  }
  if (death.hold && death.hold->released_by) {
    return " It was held by " + death.hold->rule + " for " + Duration(death.held_us) +
           " (released: " + *death.hold->released_by + ").";
  }
  return death.reaped_at ? "" : " It is not reaped yet.";
}

std::string AroundSentence(const WhyFacts& facts) {
  const client::Death& death = facts.death.record;
  std::vector<const client::Death*> abnormal;
  std::int64_t others = 0;
  for (const client::Death& other : facts.around) {
    if (other.seq == death.seq) continue;
    if (other.died_at < death.died_at - kBefore_us) continue;
    if (other.died_at > death.died_at + kAfter_us) continue;
    if (other.verdict.abnormal()) {
      abnormal.push_back(&other);
    } else {
      ++others;
    }
  }
  const std::string span =
      " from " + Duration(kBefore_us) + " before to " + Duration(kAfter_us) + " after";
  if (abnormal.empty() && others == 0) return " Nothing else died" + span + ".";
  std::string text = " What else died" + span + ": ";
  for (std::size_t i = 0; i < std::min(abnormal.size(), kNamed); ++i)
    text += (i > 0 ? ", " : "") + Brief(*abnormal[i], death.died_at);
  if (abnormal.size() > kNamed) {
    text += " and " + std::to_string(abnormal.size() - kNamed) + " more abnormal deaths";
  }
  if (others > 0) {
    text += (abnormal.empty() ? "" : "; and ") + Count(others, "process", "processes") +
            " in the ordinary way";
  }
  return text + ".";
}

/// Harmless words to lines.
std::string Wrapped(const std::string& text, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  for (const std::string_view word : Split(text, ' ')) {
    const std::size_t width = ColumnsOf(word);
    if (used > 0 && used + 1 + width > columns) {
      out += '\n';
      used = 0;
    }
    if (used > 0) out += ' ';
    out += word;
    used += width + (used > 0 ? 1 : 0);
  }
  return out + "\n";
}

std::string Paragraph(const std::string& text, const View& view) {
  return Wrapped(Harmless(text), view.width.value_or(kParagraph));
}

}  // namespace

std::string WhyText(const WhyFacts& facts, const View& view) {
  const client::Death& death = facts.death.record;
  std::string text = WhoText(death) + " " + EndSentence(death, view);
  text += HoldSentence(facts.death, view);
  if (facts.death.before) {
    text += " Before it, and perhaps the reason: " + Brief(*facts.death.before, death.died_at) +
            ": " + facts.death.before->verdict.evidence + ".";
  }
  text += AroundSentence(facts);
  if (facts.successor) {
    text += " The number is in use again: " +
            CommandText(facts.successor->cmdline, facts.successor->comm) + " has it now.";
  }
  return Paragraph(text, view);
}

std::string AliveText(const client::Process& process, const View& view) {
  std::string text = process.comm.value_or("?") + " (pid " + std::to_string(process.pid) + ") ";
  if (process.state == "foreign") {
    text += "is dead, but its parent " + std::to_string(process.ppid) +
            " has not reaped it: only the parent can learn how it ended.";
    return Paragraph(text, view);
  }
  if (process.state == "dead") {
    text += "has just died; its record is not complete yet.";
    return Paragraph(text, view);
  }
  text += "is alive";
  if (process.role) text += ": it is " + RoleText(*process.role, process.service);
  if (process.cmdline) text += ", running " + CommandText(process.cmdline, process.comm);
  if (process.started_at) text += ", started " + When(*process.started_at, view);
  text += ". Its parent is " + std::to_string(process.ppid) + ".";
  return Paragraph(text, view);
}

}  // namespace reaperd::ctl
