#include "base/error.h"

#include <cstring>

namespace reaperd {

std::string ErrnoText(int code) {
  char buffer[128];
  // The GNU strerror_r returns the text, which may or may not stand in the buffer.
  return strerror_r(code, buffer, sizeof buffer);
}

Error Error::FromErrno(std::string_view what, int code) {
  return {code, std::string(what) + ": " + ErrnoText(code)};
}

Error Error::WithContext(std::string_view context) const {
  return {code_, std::string(context) + ": " + message_};
}

}  // namespace reaperd
