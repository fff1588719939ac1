#include "refuse_calls.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cstddef>

namespace reaperd::test {
namespace {

using Program = std::vector<sock_filter>;

sock_filter Statement(unsigned code, std::uint32_t k) {
  return {static_cast<std::uint16_t>(code), 0, 0, k};
}

sock_filter UnlessEqualSkip(std::uint32_t k, std::uint8_t count) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K), 0, count, k};
}

sock_filter Load(std::size_t offset) {
  return Statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

/// The low half of an argument: all machines that we build for are little-endian.
std::size_t OffsetOf(int argument) {
  return offsetof(seccomp_data, args) + static_cast<std::size_t>(argument) * sizeof(std::uint64_t);
}

void Append(Program& program, const RefusedCall& call) {
  const auto answer = SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(call.code);
  program.push_back(Load(offsetof(seccomp_data, nr)));
  if (call.mask == 0) {
    program.push_back(UnlessEqualSkip(static_cast<std::uint32_t>(call.number), 1));
  } else {
    program.push_back(UnlessEqualSkip(static_cast<std::uint32_t>(call.number), 4));
    program.push_back(Load(OffsetOf(call.argument)));
    program.push_back(Statement(BPF_ALU | BPF_AND | BPF_K, call.mask));
    program.push_back(UnlessEqualSkip(call.mask, 1));
  }
  program.push_back(Statement(BPF_RET | BPF_K, answer));
}

}  // namespace

bool RefuseCalls(const std::vector<RefusedCall>& calls) {
  Program program;
  for (const RefusedCall& call : calls)
    Append(program, call);
  program.push_back(Statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace reaperd::test
