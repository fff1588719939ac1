// Log: the one place that knows spdlog. Lines go to stderr as text or JSON, and never wait for
// whoever reads it: a line that does not fit is dropped, and the next one says how many were.
//
// The logger is made at the first line that passes the level, so a run with nothing to say pays
// nothing for it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/run_spec.h"

namespace reaperd::daemon {

struct LogField {
  std::string_view key;  ///< "pid", "signal" …: the same word in every line
  std::string value;     ///< raw; escaped on output
  bool number = false;   ///< without quotes in JSON
};

class Log {
 public:
  Log(model::LogLevel level, model::LogFormat format);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  [[nodiscard]] model::LogLevel level() const { return level_; }
  void SetLevel(model::LogLevel level) { level_ = level; }
  [[nodiscard]] bool Enabled(model::LogLevel level) const { return level >= level_; }
  /// `event` is a word for machines ("reaped"), `message` a sentence for people, printable already.
  /// The fields are told in JSON only: the message names what people need.
  void Write(model::LogLevel level, std::string_view event, const std::string& message,
             const std::vector<LogField>& fields = {});

 private:
  struct Impl;
  model::LogLevel level_;
  model::LogFormat format_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reaperd::daemon
