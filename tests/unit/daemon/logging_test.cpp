// Lines of the log as they reach stderr: text, JSON, hostile names, and readers that do not read.
#include "daemon/logging.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "child_process.h"
#include "daemon/log_voice.h"

namespace reaperd::daemon {
namespace {

using Json = nlohmann::json;
using model::LogFormat;
using model::LogLevel;

/// What `body` writes to descriptor 2.
std::string Stderr(const std::function<void()>& body) {
  test::Pipe pipe = test::MakePipe();
  const UniqueFd saved(fcntl(2, F_DUPFD_CLOEXEC, 3));
  dup2(pipe.write_end.get(), 2);
  body();
  dup2(saved.get(), 2);
  pipe.write_end.reset();
  return test::ReadAll(pipe.read_end.get());
}

std::vector<Json> Parsed(const std::string& text) {
  std::vector<Json> lines;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    EXPECT_TRUE(Json::accept(line)) << line;
    if (Json::accept(line)) lines.push_back(Json::parse(line));
  }
  return lines;
}

const std::vector<std::string>& HostileNames() {
  static const std::vector<std::string> names{"plain",
                                              "quote\"d",
                                              "back\\slash",
                                              "new\nline",
                                              "tab\tcr\r",
                                              "esc\x1b[31m",
                                              std::string("nul\0in", 6),
                                              "bad\xff\xfe utf8",
                                              "cut \xe2\x82",
                                              "\xed\xa0\x80 surrogate",
                                              "\xc0\x80 overlong",
                                              "ü € 😀",
                                              "c1 \xc2\x9b control",
                                              "{\"a\":1},\"level\":\"x\"",
                                              "%s %v %n {} {0}",
                                              "",
                                              std::string(1000, '"')};
  return names;
}

TEST(Log, TextNamesTheLevelUnlessItIsPlain) {
  const std::string text = Stderr([] {
    Log log(LogLevel::kTrace, LogFormat::kText);
    log.Write(LogLevel::kTrace, "event", "one", {{"field", "not told in text"}});
    log.Write(LogLevel::kDebug, "event", "two");
    log.Write(LogLevel::kInfo, "event", "three");
    log.Write(LogLevel::kWarn, "event", "four");
    log.Write(LogLevel::kError, "event", "five");
    log.Write(LogLevel::kOff, "event", "never");
  });
  EXPECT_EQ(text,
            "reaperd: trace: one\nreaperd: debug: two\nreaperd: three\nreaperd: warning: four\n"
            "reaperd: error: five\n");
}

TEST(Log, WhatIsBelowTheLevelIsNotWritten) {
  const auto levels = {LogLevel::kTrace, LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn,
                       LogLevel::kError};
  for (const LogLevel threshold : levels) {
    const std::string text = Stderr([&] {
      Log log(threshold, LogFormat::kText);
      for (const LogLevel level : levels) {
        EXPECT_EQ(log.Enabled(level), level >= threshold);
        log.Write(level, "event", "x");
      }
    });
    const auto expected =
        static_cast<std::ptrdiff_t>(LogLevel::kOff) - static_cast<std::ptrdiff_t>(threshold);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), expected);
  }
  EXPECT_EQ(Stderr([] {
              Log log(LogLevel::kOff, LogFormat::kText);
              log.Write(LogLevel::kError, "event", "x");
            }),
            "");
}

TEST(Log, JsonHasTimeLevelEventMessageAndFields) {
  const std::string text = Stderr([] {
    Log log(LogLevel::kInfo, LogFormat::kJson);
    log.Write(LogLevel::kWarn, "reaped", "a message", {{"pid", "7", true}, {"end", "exit 3"}});
  });
  const auto lines = Parsed(text);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["level"], "warning");
  EXPECT_EQ(lines[0]["event"], "reaped");
  EXPECT_EQ(lines[0]["message"], "a message");
  EXPECT_EQ(lines[0]["pid"], 7);
  EXPECT_EQ(lines[0]["end"], "exit 3");
  const std::string time = lines[0]["time"];
  ASSERT_EQ(time.size(), std::string_view("2026-01-02T03:04:05.678Z").size()) << time;
  EXPECT_EQ(time[10], 'T');
  EXPECT_EQ(time.back(), 'Z');
}

TEST(Log, JsonIsWellFormedWhateverTheNames) {
  for (const std::string& name : HostileNames()) {
    const std::string text = Stderr([&] {
      Log log(LogLevel::kInfo, LogFormat::kJson);
      log.Write(LogLevel::kInfo, "event", "about " + name, {{"comm", name}});
    });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    const auto lines = Parsed(text);
    ASSERT_EQ(lines.size(), 1U) << text;
    EXPECT_EQ(lines[0].size(), 5U) << text;
    EXPECT_EQ(lines[0]["level"], "info");
    const std::string back = lines[0]["comm"];
    if (Printable(name) == name) {
      EXPECT_EQ(back, name);
    }
  }
}

TEST(Log, ATextLineIsOneLineWithoutControlBytesWhateverTheNames) {
  for (const std::string& name : HostileNames()) {
    const std::string text = Stderr([&] {
      model::RunSpec spec;
      const auto voice = MakeLogVoice(spec);
      voice->OnLeftBehind({{.pid = 7, .comm = name, .state = 'D', .wait_channel = name}});
      model::ServiceSpec service;
      service.command = {name};
      voice->OnStartFailed(service, "exec", ENOENT);
    });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
    for (const char c : text) {
      EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << text;
    }
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
  }
}

TEST(Log, LinesThatNobodyReadsAreCountedAndToldLater) {
  const auto write_and_drop = [](LogFormat format) {
    const test::Pipe pipe = test::MakePipe();
    fcntl(pipe.write_end.get(), F_SETPIPE_SZ, 4096);
    const UniqueFd saved(fcntl(2, F_DUPFD_CLOEXEC, 3));
    dup2(pipe.write_end.get(), 2);
    Log log(LogLevel::kInfo, format);
    const std::string filling(100, '.');
    for (int i = 0; i < 200; ++i)
      log.Write(LogLevel::kInfo, "event", filling);
    std::string rest(1 << 16, '\0');
    const ssize_t got = read(pipe.read_end.get(), rest.data(), rest.size());
    rest.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    const auto kept = std::count(rest.begin(), rest.end(), '\n');
    log.Write(LogLevel::kInfo, "event", "after");
    log.Write(LogLevel::kInfo, "event", "and again");
    dup2(saved.get(), 2);
    char buffer[4096];
    const ssize_t last = read(pipe.read_end.get(), buffer, sizeof buffer);
    return std::pair(200 - kept, std::string(buffer, static_cast<std::size_t>(last)));
  };
  const auto [dropped, text] = write_and_drop(LogFormat::kText);
  EXPECT_GT(dropped, 100);
  EXPECT_EQ(text, "reaperd: warning: " + std::to_string(dropped) +
                      " log lines were dropped: nobody read them in time\nreaperd: after\nreaperd: "
                      "and again\n");
  const auto [json_dropped, json] = write_and_drop(LogFormat::kJson);
  const auto lines = Parsed(json);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["event"], "log-dropped");
  EXPECT_EQ(lines[0]["count"], json_dropped);
}

TEST(Log, AClosedStderrIsSurvived) {
  test::ExpectInChild([] {
    const UniqueFd saved(fcntl(2, F_DUPFD_CLOEXEC, 3));
    close(2);
    Log log(LogLevel::kInfo, LogFormat::kText);
    log.Write(LogLevel::kInfo, "event", "lost");
    dup2(saved.get(), 2);
  });
}

}  // namespace
}  // namespace reaperd::daemon
