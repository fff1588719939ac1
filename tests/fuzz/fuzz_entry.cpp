// What libFuzzer calls: the target whose name was given at compile time.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const reaperd::fuzz::Target kRun = [] {
    for (const reaperd::fuzz::TargetRow& row : reaperd::fuzz::kTargets) {
      if (std::strcmp(row.name, REAPERD_FUZZ_TARGET) == 0) return row.run;
    }
    std::abort();
  }();
  kRun({reinterpret_cast<const char*>(data), size});
  return 0;
}
