// Eventually: waits for a condition with a deadline, so that no test sleeps a guessed time.
#pragma once

#include <functional>

#include "base/clock.h"

namespace reaperd::test {

/// Asks `condition` every millisecond; false when it did not hold within `timeout_us`.
bool Eventually(const std::function<bool()>& condition, Micros timeout_us = 10 * kSecond);

}  // namespace reaperd::test
