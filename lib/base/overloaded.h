// Overloaded: one visitor of several lambdas, for std::visit.
#pragma once

namespace reaperd {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace reaperd
