// Command lines for tests: owns the texts that argv and the environment point to.
#pragma once

#include <string>
#include <vector>

#include "daemon/personality/personality.h"

namespace reaperd::daemon {

using Texts = std::vector<const char*>;

class Words {
 public:
  explicit Words(const Texts& words) : texts_(words.begin(), words.end()) {
    for (std::string& text : texts_)
      pointers_.push_back(text.data());
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  [[nodiscard]] std::span<char* const> span() const { return pointers_; }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

inline ParsedCommandLine Parse(ParsedCommandLine (*parse)(const CommandLine&), const Texts& argv,
                               const Texts& environment = {}) {
  const Words words(argv);
  const Words variables(environment);
  return parse({words.span(), variables.span(), true});
}

inline bool Runs(const ParsedCommandLine& parsed) {
  return parsed.action == ParsedCommandLine::Action::kRun;
}

}  // namespace reaperd::daemon
