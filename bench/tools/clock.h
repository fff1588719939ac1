// One clock for all bench tools: CLOCK_MONOTONIC is the same in every process and pid namespace,
// so that a time taken in a dying orphan can be compared with one taken by its observer.
//
// Header only, C library only: the tools are linked static and forked 20 000 times.

#pragma once

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace reaperd::bench {

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;
inline constexpr std::int64_t kNsPerMs = 1'000'000;
inline constexpr std::int64_t kNsPerUs = 1'000;

inline std::int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

inline timespec ToTimespec(std::int64_t ns) {
  return timespec{.tv_sec = ns / kNsPerSecond, .tv_nsec = ns % kNsPerSecond};
}

inline void SleepNs(std::int64_t ns) {
  timespec left = ToTimespec(ns);
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace reaperd::bench
