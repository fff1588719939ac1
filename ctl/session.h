// Session: one run of reaperctl, as its verbs see it: what was asked for in general, where text
// goes, how to reach reaperd, and what its failures mean for us. One owner: Run().
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/client.h"
#include "ctl/arguments.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "sys/socket_path.h"

namespace reaperd::ctl {

// TABLE: exit codes (docs/reaperctl.md).
inline constexpr int kDone = 0;
inline constexpr int kRefused = 1;  ///< also: not found, nothing to write to
inline constexpr int kUsage = 2;
inline constexpr int kUnreachable = 3;
inline constexpr int kOwnFailure = 125;  ///< of `wait`, whose other codes are the process's
inline constexpr int kBrokenPipe = 141;  ///< what a shell shows of SIGPIPE

enum class Format { kPeople, kJson };

/// What a process has around it; tests bring their own.
struct Surroundings {
  int in = 0;
  int out = 1;
  int err = 2;
  std::optional<std::size_t> width;  ///< of the terminal behind `out`; nullopt: it is none
  bool no_color = false;             ///< NO_COLOR is set, or TERM is dumb
  sys::SocketSearch search;
  std::string proc = "/proc";
};

struct Globals {
  std::string socket;
  Format format = Format::kPeople;
  Times times = Times::kRelative;
  std::string color = "auto";
};

class Session {
 public:
  Session(const Surroundings& surroundings, Globals globals)
      : surroundings_(surroundings), globals_(std::move(globals)), out_(surroundings.out) {}

  [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }
  [[nodiscard]] bool json() const { return globals_.format == Format::kJson; }
  [[nodiscard]] View view() const;
  Output& out() { return out_; }

  /// For people: the text as it is. Ends the run: the result is an exit code.
  int Show(std::string_view text);
  /// The text, at once. False: nobody reads it any more.
  bool ShowNow(std::string_view text);
  /// An object a line.
  bool ShowJson(std::string_view object) { return ShowNow(std::string(object) + "\n"); }
  /// kDone, or what became of the output.
  int Finish();

  /// "reaperctl: ..." on stderr. Made harmless here.
  void Complain(std::string_view text) const;

  /// nullptr: it was said why, and the exit code is kUnreachable.
  std::unique_ptr<client::Client> Connect() const;
  /// Says it, and what it means for the exit code.
  int Explain(const client::Failure& failure) const;

 private:
  const Surroundings& surroundings_;
  Globals globals_;
  Output out_;
};

/// What to say when nobody could be reached: which paths, which errors, what to try.
std::string ConnectAdvice(const client::ConnectFailure& failure, uid_t euid);

}  // namespace reaperd::ctl
