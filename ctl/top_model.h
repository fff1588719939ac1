// TopModel: what `top` shows, gathered from GetStatus, ListDeaths and Monitor; and the screen made
// of it. Pure: the owner brings time and size.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/event.h"
#include "client/status.h"
#include "ctl/table.h"
#include "ctl/terminal_size.h"

namespace reaperd::ctl {

/// Deaths a second, over the last minute.
class DeathRate {
 public:
  static constexpr std::size_t kSeconds = 60;

  void Count(WallMicros at);
  /// Per second, over the last `seconds` whole ones.
  [[nodiscard]] double Over(std::size_t seconds, WallMicros now) const;

 private:
  struct Second {
    std::int64_t number = -1;  ///< since 1970
    std::int64_t deaths = 0;
  };
  std::array<Second, kSeconds + 1> seconds_;
};

class TopModel {
 public:
  static constexpr std::size_t kDeaths = 200;  ///< so many are kept

  void SetStatus(client::RunStatus status) { status_ = std::move(status); }
  /// What is on record already, in order.
  void SetDeaths(const std::vector<client::Death>& deaths);
  void Take(const client::News& news);

  /// Lines for the whole screen, as many as it is high at most, without escapes but colours.
  [[nodiscard]] std::vector<std::string> Lines(const TerminalSize& size, const View& view) const;

 private:
  void TakeEvent(const client::Event& event);
  void AddDeath(const client::Death& death);
  [[nodiscard]] std::string Summary(const View& view) const;

  std::optional<client::RunStatus> status_;
  std::map<std::int64_t, client::Hold> held_;  ///< by pid
  std::deque<client::Death> deaths_;           ///< the newest last
  DeathRate rate_;
  std::int64_t lost_ = 0;  ///< events
};

}  // namespace reaperd::ctl
