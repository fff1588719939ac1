#include "ctl/top_model.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <variant>

#include "base/text.h"
#include "ctl/display.h"
#include "ctl/phrases.h"
#include "ctl/show.h"

namespace reaperd::ctl {
namespace {

std::string Decimal(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

/// The lines of a table, at most `most` with its titles; the last says how many are left out.
void AddLines(std::vector<std::string>& lines, const std::string& text, std::size_t most) {
  auto parts = Split(text, '\n');
  if (!parts.empty() && parts.back().empty()) parts.pop_back();
  const bool all = parts.size() <= most;
  const std::size_t shown = all ? parts.size() : most > 0 ? most - 1 : 0;
  for (std::size_t i = 0; i < shown; ++i)
    lines.emplace_back(parts[i]);
  if (!all && most > 0) lines.push_back("… " + std::to_string(parts.size() - shown) + " more");
}

std::string MainText(const client::RunStatus& status, const View& view) {
  if (!status.main) return {};
  const client::Main& main = *status.main;
  std::string text = main.name + " (" + std::to_string(main.pid) + ") " + main.state;
  if (main.end) return text + ", " + EndText(*main.end);
  return text + " for " + Duration(view.now - main.started_at);
}

}  // namespace

void DeathRate::Count(WallMicros at) {
  const std::int64_t number = at / kSecond;
  Second& second = seconds_[static_cast<std::size_t>(number) % seconds_.size()];
  if (second.number != number) second = {.number = number, .deaths = 0};
  ++second.deaths;
}

double DeathRate::Over(std::size_t seconds, WallMicros now) const {
  const std::int64_t current = now / kSecond;
  const std::int64_t first = current - static_cast<std::int64_t>(seconds);
  std::int64_t deaths = 0;
  for (const Second& second : seconds_)
    if (second.number >= first && second.number < current) deaths += second.deaths;
  return static_cast<double>(deaths) / static_cast<double>(seconds);
}

void TopModel::SetDeaths(const std::vector<client::Death>& deaths) {
  for (const client::Death& death : deaths) {
    rate_.Count(death.died_at);
    AddDeath(death);
  }
}

void TopModel::AddDeath(const client::Death& death) {
  const auto same = std::find_if(deaths_.rbegin(), deaths_.rend(), [&](const client::Death& other) {
    return other.seq == death.seq;
  });
  if (same != deaths_.rend()) {
    *same = death;
    return;
  }
  // Mostly the newest; a hold makes a later reap of an earlier death.
  auto place = deaths_.end();
  while (place != deaths_.begin() && std::prev(place)->seq > death.seq)
    --place;
  deaths_.insert(place, death);
  if (deaths_.size() > kDeaths) deaths_.pop_front();
}

void TopModel::TakeEvent(const client::Event& event) {
  if (const auto* died = std::get_if<client::DiedEvent>(&event.body)) {
    // Those that came with the list are counted.
    if (deaths_.empty() || died->death_seq > deaths_.back().seq) rate_.Count(event.at);
  } else if (const auto* reaped = std::get_if<client::ReapedEvent>(&event.body)) {
    held_.erase(reaped->death.pid);
    AddDeath(reaped->death);
  } else if (const auto* held = std::get_if<client::HeldEvent>(&event.body)) {
    held_.insert_or_assign(held->hold.record.pid, held->hold);
    AddDeath(held->hold.record);
  } else if (const auto* released = std::get_if<client::ReleasedEvent>(&event.body)) {
    held_.erase(released->pid);
  } else if (const auto* stopping = std::get_if<client::StoppingEvent>(&event.body)) {
    if (status_) status_->phase = stopping->phase;
  }
}

void TopModel::Take(const client::News& news) {
  if (const auto* snapshot = std::get_if<client::Snapshot>(&news.what)) {
    for (const client::Hold& hold : snapshot->held)
      held_.insert_or_assign(hold.record.pid, hold);
  } else if (const auto* gap = std::get_if<client::Gap>(&news.what)) {
    lost_ += gap->to - gap->from + 1;
  } else {
    TakeEvent(std::get<client::Event>(news.what));
  }
}

std::string TopModel::Summary(const View& view) const {
  if (!status_) return "\n";
  const client::RunStatus& status = *status_;
  Facts facts;
  const std::string pid = status.pid1 ? "PID 1" : "pid " + std::to_string(status.pid);
  facts.Add("reaperd",
            status.version + ", " + pid + ", " + status.phase + ", up " +
                Duration(status.uptime_us) + ", " + FormatWallTime(view.now),
            status.phase == "running" ? Style::kBold : Style::kYellow);
  facts.Add("main", MainText(status, view));
  facts.Add("children", std::to_string(status.children) + ", held " +
                            std::to_string(status.hold.held) + " of " +
                            std::to_string(status.hold.max_held) + ", " +
                            Count(status.hold.leases, "lease"));
  facts.Add("deaths", std::to_string(status.reaping.deaths) + ", reaped " +
                          std::to_string(status.reaping.reaped) + ", " +
                          std::to_string(status.reaping.sigchld_received) + " SIGCHLD");
  facts.Add("deaths/s",
            Decimal(rate_.Over(1, view.now)) + " now, " + Decimal(rate_.Over(10, view.now)) +
                " in 10 s, " + Decimal(rate_.Over(60, view.now)) + " in 60 s",
            Style::kCyan);
  if (lost_ != 0) facts.Add("lost", Count(lost_, "event") + ", this terminal is slow", Style::kRed);
  return facts.Text(view);
}

std::vector<std::string> TopModel::Lines(const TerminalSize& size, const View& view) const {
  View fitting = view;
  fitting.width = size.columns;
  std::vector<std::string> lines;
  AddLines(lines, Summary(fitting), size.rows);
  const auto left = [&] { return size.rows > lines.size() ? size.rows - lines.size() : 0; };
  if (!held_.empty() && left() > 3) {
    std::vector<client::Hold> held;
    for (const auto& [pid, hold] : held_)
      held.push_back(hold);
    lines.emplace_back();
    AddLines(lines, ShowHeld(held, fitting), std::max<std::size_t>(left() / 3, 2));
  }
  if (left() > 2) {
    lines.emplace_back();
    const std::size_t count = std::min(left() - 1, deaths_.size());
    std::vector<client::Death> newest(deaths_.rbegin(),
                                      deaths_.rbegin() + static_cast<std::ptrdiff_t>(count));
    AddLines(lines, ShowDeaths(newest, fitting), left());
  }
  return lines;
}

}  // namespace reaperd::ctl
