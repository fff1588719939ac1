// Answer<T>: what came of a call: a value, or a Failure that says who said no, and why. Values.
#pragma once

#include <string>

#include "base/result.h"

namespace reaperd::client {

struct Failure {
  enum class Kind {
    kRefused,     ///< reaperd answered with an error
    kConnection,  ///< the connection broke, or no answer came in time
    kProtocol,    ///< the answer is not what the protocol says
  };
  Kind kind = Kind::kProtocol;
  /// kRefused: the error's name, of io.reaperd.Manager without the interface ("PermissionDenied").
  std::string error;
  std::string message;  ///< a sentence for people; may hold words of strangers: escape it
  int errno_code = 0;   ///< 0: none
};

/// For calls that answer nothing.
struct Nothing {};

template <typename T>
using Answer = Result<T, Failure>;

}  // namespace reaperd::client
