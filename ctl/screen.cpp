#include "ctl/screen.h"

#include <unistd.h>

#include <string_view>

#include "ctl/output.h"

namespace reaperd::ctl {
namespace {

// Second screen, no cursor, no wrapping of lines; and back.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[?7l\033[2J";
constexpr std::string_view kLeave = "\033[?7h\033[?25h\033[?1049l";

bool WriteNow(int fd, std::string_view text) {
  Output output(fd);
  output.Write(text);
  return output.Flush();
}

}  // namespace

Screen::Screen(int in, int out)
    : in_(in), out_(out), has_keys_(isatty(in) != 0 && tcgetattr(in, &before_) == 0) {}

void Screen::Enter() {
  if (has_keys_) {
    termios keys = before_;
    // ^C and ^Z stay signals.
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    tcsetattr(in_, TCSADRAIN, &keys);
  }
  WriteNow(out_, kEnter);
  entered_ = true;
}

void Screen::Leave() {
  if (!entered_) return;
  entered_ = false;
  if (has_keys_) tcsetattr(in_, TCSANOW, &before_);
  WriteNow(out_, kLeave);
}

bool Screen::Draw(const std::vector<std::string>& lines) {
  std::string text = "\033[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\r\n";
    text += lines[i] + "\033[K";
  }
  return WriteNow(out_, text + "\033[J");
}

}  // namespace reaperd::ctl
