// Answer<T>: what came of a call: a value, or a Failure that says who said no, and why. Values.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

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
class [[nodiscard]] Answer {
 public:
  Answer(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: by intent
  Answer(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT: same

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() { return Get<0>(state_); }
  [[nodiscard]] const T& value() const { return Get<0>(state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] const Failure& failure() const { return Get<1>(state_); }

 private:
  template <std::size_t I, typename V>
  static auto& Get(V& state) {
    auto* side = std::get_if<I>(&state);
    if (side == nullptr) std::abort();
    return *side;
  }

  std::variant<T, Failure> state_;
};

}  // namespace reaperd::client
