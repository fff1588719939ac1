// What the sanitizer build cannot play.
#pragma once

#include <gtest/gtest.h>

/// At the head of a test that takes all descriptors away: UBSan checks the type of an object whose
/// virtual function is called, and needs a pipe to look whether its memory can be read.
#ifdef __SANITIZE_ADDRESS__
#define SKIP_WHERE_CALLS_NEED_DESCRIPTORS() \
  GTEST_SKIP() << "UBSan's check of a virtual call needs descriptors of its own"
#else
#define SKIP_WHERE_CALLS_NEED_DESCRIPTORS() static_cast<void>(0)
#endif
