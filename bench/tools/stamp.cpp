// The child that every init starts in the start-up measurement: the first thing its main does is to
// read the clock. The parent compares that with the moment just before it exec'd the init.
//
// Output: one line, CLOCK_MONOTONIC in nanoseconds, on stdout.

#include <cstdint>
#include <cstdio>

#include "clock.h"

int main() {
  const std::int64_t now_ns = reaperd::bench::NowNs();
  char line[32];
  const int length = std::snprintf(line, sizeof line, "%lld\n", static_cast<long long>(now_ns));
  // Not printf: buffering and its exit handlers would be part of the "whole run" of every init.
  return write(STDOUT_FILENO, line, static_cast<size_t>(length)) == length ? 0 : 1;
}
