// What is fuzzed: one function per parser of text that strangers write. Each takes any bytes, checks
// what it can of the answer, and aborts when that is wrong. libFuzzer calls one of them
// (fuzz_entry.cpp); the unit test replays the corpus through all (corpus_test.cpp).
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace reaperd::fuzz {

using Target = void (*)(std::string_view input);

void FuzzStat(std::string_view input);
void FuzzPidList(std::string_view input);
void FuzzCommandLine(std::string_view input);
void FuzzTini(std::string_view input);
void FuzzDumbInit(std::string_view input);
void FuzzCatatonit(std::string_view input);
void FuzzPause(std::string_view input);
void FuzzText(std::string_view input);
void FuzzHoldFile(std::string_view input);
void FuzzShortForm(std::string_view input);
void FuzzStatusSocket(std::string_view input);
void FuzzVarlinkCall(std::string_view input);

struct TargetRow {
  const char* name;  ///< of the program (fuzz_<name>) and of the folder of its corpus
  Target run;
};

constexpr std::array<TargetRow, 12> kTargets{{
    {"stat", FuzzStat},
    {"pid_list", FuzzPidList},
    {"command_line", FuzzCommandLine},
    {"tini", FuzzTini},
    {"dumb_init", FuzzDumbInit},
    {"catatonit", FuzzCatatonit},
    {"pause", FuzzPause},
    {"text", FuzzText},
    {"hold_file", FuzzHoldFile},
    {"short_form", FuzzShortForm},
    {"status_socket", FuzzStatusSocket},
    {"varlink_call", FuzzVarlinkCall},
}};

/// Also in builds without assert.
inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

}  // namespace reaperd::fuzz
