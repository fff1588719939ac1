// Screen: the terminal while `top` has it: its second screen, keys without Enter. Whatever way the
// owner goes, the terminal is as before when this is gone. Signals must come as values (signalfd):
// an end by one would leave the terminal as it is.
#pragma once

#include <termios.h>

#include <string>
#include <vector>

namespace reaperd::ctl {

class Screen {
 public:
  /// `in` may be something else than a terminal: then there are no keys.
  Screen(int in, int out);
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen() { Leave(); }

  void Enter();
  void Leave();
  /// False: it cannot be written to (hung up).
  bool Draw(const std::vector<std::string>& lines);
  [[nodiscard]] bool has_keys() const { return has_keys_; }

 private:
  int in_;
  int out_;
  termios before_{};  // filled while has_keys_ is made: stands before it
  bool has_keys_;
  bool entered_ = false;
};

}  // namespace reaperd::ctl
