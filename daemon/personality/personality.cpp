#include "daemon/personality/personality.h"

#include <array>

#include "daemon/personality/catatonit.h"
#include "daemon/personality/common.h"
#include "daemon/personality/dumb_init.h"
#include "daemon/personality/pause.h"
#include "daemon/personality/tini.h"

namespace reaperd::daemon {
namespace {

constexpr std::array<Personality, 7> kPersonalities{{
    {"tini", ParseTini},
    {"tini-static", ParseTini},
    {"docker-init", ParseTini},
    {"dumb-init", ParseDumbInit},
    {"catatonit", ParseCatatonit},
    {"podman-init", ParseCatatonit},
    {"pause", ParsePause},
}};

}  // namespace

const Personality* FindPersonality(std::string_view argv0) {
  const std::string_view program = BaseName(argv0);
  for (const Personality& personality : kPersonalities) {
    if (personality.program == program) return &personality;
  }
  return nullptr;
}

}  // namespace reaperd::daemon
