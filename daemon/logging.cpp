#include "daemon/logging.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <array>

#include "base/enum_names.h"
#include "base/text.h"
#include "sys/output.h"

namespace reaperd::daemon {
namespace {

using model::LogFormat;
using model::LogLevel;

constexpr std::array<spdlog::level::level_enum, 6> kSpdlogLevels{
    spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
    spdlog::level::warn,  spdlog::level::err,   spdlog::level::off};

constexpr EnumNames<LogLevel, 6> kTextPrefixes{{{
    {LogLevel::kTrace, "trace: "},
    {LogLevel::kDebug, "debug: "},
    {LogLevel::kInfo, ""},
    {LogLevel::kWarn, "warning: "},
    {LogLevel::kError, "error: "},
    {LogLevel::kOff, ""},
}}};

/// Writes to stderr through sys::Output and counts what was dropped. One thread: no mutex.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  void set_dropped(std::uint64_t count) { dropped_ = count; }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (output_.Write({line.data(), line.size()}) == sys::WriteOutcome::kDropped) ++dropped_;
  }
  void flush_() override {}

  sys::Output output_{STDERR_FILENO};
  std::uint64_t dropped_ = 0;
};

std::string AsText(LogLevel level, const std::string& message) {
  return "reaperd: " + std::string(kTextPrefixes.Name(level)) + message;
}

std::string AsJson(std::string_view event, const std::string& message,
                   const std::vector<LogField>& fields) {
  std::string line =
      R"("event":")" + JsonEscape(event) + R"(","message":")" + JsonEscape(message) + '"';
  for (const LogField& field : fields) {
    line += ",\"" + std::string(field.key) + "\":";
    line += field.number ? field.value : '"' + JsonEscape(field.value) + '"';
  }
  return line;
}

}  // namespace

struct Log::Impl {
  explicit Impl(LogFormat format) : sink(std::make_shared<StderrSink>()), logger("reaperd", sink) {
    const char* const pattern =
        format == LogFormat::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%v";
    logger.set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
    logger.set_level(spdlog::level::trace);
  }

  std::shared_ptr<StderrSink> sink;
  spdlog::logger logger;
};

Log::Log(LogLevel level, LogFormat format) : level_(level), format_(format) {}

Log::~Log() = default;

void Log::Write(LogLevel level, std::string_view event, const std::string& message,
                const std::vector<LogField>& fields) {
  if (!Enabled(level) || level == LogLevel::kOff) return;
  if (!impl_) impl_ = std::make_unique<Impl>(format_);
  const auto write = [&](LogLevel at, std::string_view what, const std::string& text,
                         const std::vector<LogField>& with) {
    impl_->logger.log(kSpdlogLevels[static_cast<std::size_t>(at)],
                      spdlog::string_view_t(format_ == LogFormat::kJson ? AsJson(what, text, with)
                                                                        : AsText(at, text)));
  };
  if (const std::uint64_t dropped = impl_->sink->dropped(); dropped > 0) {
    write(LogLevel::kWarn, "log-dropped",
          std::to_string(dropped) + " log lines were dropped: nobody read them in time",
          {{"count", std::to_string(dropped), true}});
    // The note is no lost line, but it may be lost, too: then the next one tells.
    const bool told = impl_->sink->dropped() == dropped;
    impl_->sink->set_dropped(told ? 0 : dropped);
  }
  write(level, event, message, fields);
}

}  // namespace reaperd::daemon
