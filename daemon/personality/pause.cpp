#include "daemon/personality/pause.h"

#include "daemon/environment.h"
#include "daemon/personality/common.h"
#include "daemon/personality/voice.h"
#include "daemon/version.h"

namespace reaperd::daemon {
namespace {

class PauseVoice final : public Voice {
 public:
  void OnReady(bool pid1, [[maybe_unused]] bool subreaper) override {
    if (!pid1) Warn("Warning: pause should be the first process");
  }

  void OnStartFailed([[maybe_unused]] const model::ServiceSpec& spec, std::string_view step,
                     int code) override {
    Fatal("Error: " + std::string(step) + ": " + ErrnoText(code));
  }

  void OnSignal(const SignalNews& news) override {
    if (news.outcome == model::SignalOutcome::kDropped) return;
    Warn("Shutting down, got signal: " + DescribeSignal(news.received));
  }

 protected:
  void Warn(std::string_view text) override { ToStderr(std::string(text)); }
  void Fatal(std::string_view text) override { ToStderr(std::string(text)); }
  void Remark([[maybe_unused]] std::string_view text) override {}
};

}  // namespace

ParsedCommandLine ParsePause(const CommandLine& line) {
  for (std::size_t at = 1; at < line.argv.size(); ++at) {
    if (std::string_view(line.argv[at]) != "-v") continue;
    return ParsedCommandLine::Print(0, "pause " + std::string(kVersion) + '\n');
  }
  ParsedCommandLine parsed;
  parsed.spec = PauseSpec(line);
  if (const Status applied = ApplyEnvironment(line.environment, parsed.spec); !applied) {
    return ParsedCommandLine::Print(1, {}, "Error: " + applied.error().message() + '\n');
  }
  parsed.voice = std::make_unique<PauseVoice>();
  return parsed;
}

}  // namespace reaperd::daemon
