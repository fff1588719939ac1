#include "daemon/living_texts.h"

#include <memory>
#include <optional>
#include <utility>

#include "reap/hold_match.h"

namespace reaperd::daemon {

LivingTexts::LivingTexts(reap::Reaper& reaper, scribe::Scribe& scribe, const model::RunSpec& spec,
                         std::function<void()> learned)
    : reaper_(reaper),
      scribe_(scribe),
      learned_(std::move(learned)),
      cmdlines_(spec.records.death_log.has_value() || reap::NeedsCmdline(spec.hold)),
      environs_(spec.records.shadow_environ) {}

void LivingTexts::OnSeen(const model::ProcessInfo& process) {
  const bool given = process.first_sight == model::FirstSight::kSpawn;  // by us: it is known
  if (cmdlines_ && !given) ReadCmdline(process);
  if (environs_) ReadEnviron(process);
}

void LivingTexts::WantCmdlines() {
  if (std::exchange(cmdlines_, true)) return;
  // Not from within ForEach: with the first reading the scribe comes into the table.
  reaper_.table().ForEach([this](const model::ProcessInfo& process) {
    if (process.shadow && !reaper_.plan().WasSeen(process.pid)) unread_.push_back(process.pid);
  });
  ReadUnread();
}

/// One after the other: there may be more of them than the scribe takes at a time.
void LivingTexts::ReadUnread() {
  while (!unread_.empty()) {
    const model::ProcessInfo* const process = reaper_.table().Find(unread_.back());
    unread_.pop_back();
    const bool known = process != nullptr && process->shadow;
    if (!known || process->first_sight == model::FirstSight::kSpawn) continue;
    return ReadCmdline(*process, [this] { ReadUnread(); });
  }
}

template <typename Put>
scribe::Scribe::TextHandler LivingTexts::ToShadow(const model::ProcessInfo& process, Put put) {
  return [this, pid = process.pid, start_ticks = process.start_ticks,
          put](std::optional<scribe::ProcessText> text) {
    if (!text) return;
    const auto add = [&](const model::Shadow& known) {
      auto shadow = std::make_shared<model::Shadow>(known);
      put(*shadow, *std::move(text));
      return shadow;
    };
    if (reaper_.ChangeShadow(pid, start_ticks, add)) learned_();
  };
}

void LivingTexts::ReadCmdline(const model::ProcessInfo& process, std::function<void()> then) {
  auto put = ToShadow(process, [](model::Shadow& to, scribe::ProcessText text) {
    to.cmdline = std::move(text.parts);
    to.cmdline_truncated = text.truncated;
  });
  scribe_.ReadCmdline(process.pid, process.start_ticks,
                      [put = std::move(put), then = std::move(then)](auto text) {
                        put(std::move(text));
                        if (then) then();
                      });
}

void LivingTexts::ReadEnviron(const model::ProcessInfo& process) {
  scribe_.ReadEnviron(process.pid, process.start_ticks,
                      ToShadow(process, [](model::Shadow& to, scribe::ProcessText text) {
                        to.environ = std::move(text.parts);
                        to.environ_truncated = text.truncated;
                      }));
}

}  // namespace reaperd::daemon
