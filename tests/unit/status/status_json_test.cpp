#include "status/status_json.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace reaperd::status {
namespace {

using model::DeathRecord;
using Json = nlohmann::ordered_json;
using Names = std::vector<std::string>;

const JsonContext kContext{.instance = "8f2c", .wall_offset_us = 1'795'327'200'000'000};

DeathRecord Bare() {
  DeathRecord record;
  record.seq = 1;
  record.pid = 99;
  record.end = model::ExitStatus::Exited(3);
  record.verdict = {model::Cause::kExitError, "exit code 3"};
  record.died_us = 5 * kSecond;
  return record;
}

DeathRecord Full() {
  model::Shadow shadow;
  shadow.comm = "worker";
  shadow.cmdline = {{"worker", "--queue", "a"}};
  shadow.exe = "/app/worker";
  shadow.cwd = "/app";
  shadow.lineage = {{{.pid = 37, .comm = "sh"}}};
  DeathRecord record;
  record.seq = 1203;
  record.pid = 214;
  record.id = "i88123";
  record.service = "web";
  record.comm = "worker";
  record.first_sight = model::FirstSight::kDiscovery;
  record.shadow = std::make_shared<const model::Shadow>(shadow);
  record.uid = 1000;
  record.gid = 1001;
  record.cgroup = "/svc/web";
  record.session = 30;
  record.process_group = 31;
  record.started_us = 120 * kMillisecond;
  record.died_us = 120 * kMillisecond + 5'123'456;
  record.reaped_us = record.died_us + 2 * kSecond;
  record.end = model::ExitStatus::Killed(SIGKILL);
  record.verdict = {model::Cause::kOomKill, "memory.events oom_kill of /svc/web rose 3→4"};
  record.usage = {.user_us = 1,
                  .system_us = 2,
                  .max_rss_kb = 3,
                  .minor_faults = 4,
                  .major_faults = 5,
                  .blocks_in = 6,
                  .blocks_out = 7,
                  .voluntary_switches = 8,
                  .involuntary_switches = 9};
  record.io = {.read_bytes = 10, .write_bytes = 11};
  record.detail = model::Detail::kFull;
  record.hold = {.rule = "crashes", .released_by = model::ReleaseReason::kTimeout};
  return record;
}

Json Parsed(const std::string& text) {
  EXPECT_EQ(text.find('\n'), std::string::npos);
  return Json::parse(text);
}

Json Parsed(const DeathRecord& record) {
  return Parsed(DeathRecordJson(record, kContext));
}

Names KeysOf(const Json& object) {
  Names names;
  for (const auto& item : object.items())
    names.push_back(item.key());
  return names;
}

const Names kRecordKeys{
    "seq",     "instance", "pid",           "id",         "role",    "service",   "comm",
    "cmdline", "exe",      "cwd",           "uid",        "gid",     "cgroup",    "first_seen",
    "lineage", "session",  "process_group", "started_at", "died_at", "reaped_at", "run_time_us",
    "held_us", "end",      "verdict",       "rusage",     "io",      "detail",    "hold"};

TEST(DeathRecordJson, WritesAllThatIsKnown) {
  EXPECT_EQ(
      DeathRecordJson(Full(), kContext),
      R"({"seq":1203,"instance":"8f2c","pid":214,"id":"i88123","role":"adopted","service":"web",)"
      R"("comm":"worker","cmdline":["worker","--queue","a"],"exe":"/app/worker","cwd":"/app",)"
      R"("uid":1000,"gid":1001,"cgroup":"/svc/web","first_seen":"discovery",)"
      R"("lineage":[{"pid":37,"comm":"sh"}],"session":30,"process_group":31,)"
      R"("started_at":"2026-11-22T06:00:00.120Z","died_at":"2026-11-22T06:00:05.243Z",)"
      R"("reaped_at":"2026-11-22T06:00:07.243Z","run_time_us":5123456,"held_us":2000000,)"
      R"("end":{"how":"signal","code":null,"signal":"SIGKILL","core":false},)"
      R"("verdict":{"cause":"oom-kill","evidence":"memory.events oom_kill of /svc/web rose 3→4"},)"
      R"("rusage":{"user_us":1,"system_us":2,"max_rss_kb":3,"minor_faults":4,"major_faults":5,)"
      R"("blocks_in":6,"blocks_out":7,"voluntary_switches":8,"involuntary_switches":9},)"
      R"("io":{"read_bytes":10,"write_bytes":11},"detail":"full",)"
      R"("hold":{"rule":"crashes","released_by":"timeout"}})");
}

TEST(DeathRecordJson, WritesNullForWhatIsNotKnown) {
  EXPECT_EQ(
      DeathRecordJson(Bare(), kContext),
      R"({"seq":1,"instance":"8f2c","pid":99,"id":null,"role":"adopted","service":null,)"
      R"("comm":null,"cmdline":null,"exe":null,"cwd":null,"uid":null,"gid":null,"cgroup":null,)"
      R"("first_seen":"death","lineage":null,"session":null,"process_group":null,)"
      R"("started_at":null,"died_at":"2026-11-22T06:00:05.000Z","reaped_at":null,)"
      R"("run_time_us":null,"held_us":0,)"
      R"("end":{"how":"exit","code":3,"signal":null,"core":false},)"
      R"("verdict":{"cause":"exit-error","evidence":"exit code 3"},)"
      R"("rusage":null,"io":null,"detail":"minimal","hold":null})");
}

TEST(DeathRecordJson, HasTheSameKeysWhateverIsKnown) {
  EXPECT_EQ(KeysOf(Parsed(Bare())), kRecordKeys);
  const Json full = Parsed(Full());
  EXPECT_EQ(KeysOf(full), kRecordKeys);
  EXPECT_EQ(KeysOf(full["lineage"][0]), (Names{"pid", "comm"}));
  EXPECT_EQ(KeysOf(full["end"]), (Names{"how", "code", "signal", "core"}));
  EXPECT_EQ(KeysOf(full["verdict"]), (Names{"cause", "evidence"}));
  EXPECT_EQ(KeysOf(full["rusage"]),
            (Names{"user_us", "system_us", "max_rss_kb", "minor_faults", "major_faults",
                   "blocks_in", "blocks_out", "voluntary_switches", "involuntary_switches"}));
  EXPECT_EQ(KeysOf(full["io"]), (Names{"read_bytes", "write_bytes"}));
  EXPECT_EQ(KeysOf(full["hold"]), (Names{"rule", "released_by"}));
}

TEST(DeathRecordJson, AddsWhatWasCutAndTheEnvironmentOnlyWhenTheyApply) {
  DeathRecord record = Full();
  model::Shadow shadow = *record.shadow;
  shadow.cmdline_truncated = true;
  shadow.environ = {{"A=1", "B="}};
  shadow.environ_truncated = true;
  record.shadow = std::make_shared<const model::Shadow>(shadow);
  const Json json = Parsed(record);
  EXPECT_EQ(json["cmdline_truncated"], true);
  EXPECT_EQ(json["environ"], (Json{"A=1", "B="}));
  EXPECT_EQ(json["environ_truncated"], true);
  EXPECT_EQ(json.size(), kRecordKeys.size() + 3);
}

TEST(DeathRecordJson, TakesFromTheShadowWhatTheDeathDidNotShow) {
  DeathRecord record = Bare();
  model::Shadow shadow;
  shadow.comm = "worker";
  shadow.gid = 7;
  shadow.cgroup = "/svc";
  record.shadow = std::make_shared<const model::Shadow>(shadow);
  const Json json = Parsed(record);
  EXPECT_EQ(json["comm"], "worker");
  EXPECT_EQ(json["gid"], 7);
  EXPECT_EQ(json["cgroup"], "/svc");
}

TEST(DeathRecordJson, TellsAnEmptyListFromNone) {
  DeathRecord record = Bare();
  model::Shadow shadow;
  shadow.cmdline.emplace();
  shadow.lineage.emplace();
  record.shadow = std::make_shared<const model::Shadow>(shadow);
  EXPECT_EQ(Parsed(record)["cmdline"], Json::array());
  EXPECT_EQ(Parsed(record)["lineage"], Json::array());
}

TEST(DeathRecordJson, AHoldThatLastsHasNoReason) {
  DeathRecord record = Full();
  record.hold->released_by.reset();
  record.reaped_us.reset();
  const Json json = Parsed(record);
  EXPECT_TRUE(json["hold"]["released_by"].is_null());
  EXPECT_TRUE(json["reaped_at"].is_null());
  EXPECT_EQ(json["held_us"], 0);
}

TEST(DeathRecordJson, TellsOfACore) {
  DeathRecord record = Bare();
  record.end = model::ExitStatus::Killed(SIGSEGV, true);
  EXPECT_EQ(Parsed(record)["end"].dump(),
            R"({"how":"signal","code":null,"signal":"SIGSEGV","core":true})");
}

TEST(DeathRecordJson, HostileNamesStayInside) {
  const std::string nasty =
      "a\",\"pid\":1,\"\n\r\x1b[2J\\\x7f\xff\xc3(\xed\xa0\x80é😀" + std::string(1, '\0') + "z";
  const std::string wanted = "a\",\"pid\":1,\"\n\r\x1b[2J\\\x7f\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFDé😀" +
                             std::string(1, '\0') + "z";
  DeathRecord record = Full();
  model::Shadow shadow;
  shadow.cmdline = {{nasty, ""}};
  shadow.exe = shadow.cwd = nasty;
  shadow.environ = {{nasty}};
  shadow.lineage = {{{.pid = 1, .comm = nasty}}};
  record.shadow = std::make_shared<const model::Shadow>(shadow);
  record.comm = record.service = record.hold->rule = record.verdict.evidence = nasty;
  record.cgroup = nasty;
  const Json json = Parsed(record);
  for (const char* const key : {"comm", "service", "exe", "cwd", "cgroup"})
    EXPECT_EQ(json[key], wanted) << key;
  EXPECT_EQ(json["cmdline"], (Json{wanted, ""}));
  EXPECT_EQ(json["environ"], Json::array({wanted}));
  EXPECT_EQ(json["lineage"][0]["comm"], wanted);
  EXPECT_EQ(json["verdict"]["evidence"], wanted);
  EXPECT_EQ(json["hold"]["rule"], wanted);
  EXPECT_EQ(json["pid"], 214);
}

TEST(DeathRecordJson, HasAWordForEveryValue) {
  DeathRecord record = Full();
  for (const auto& role : model::kRoles.rows) {
    record.role = role.value;
    EXPECT_EQ(Parsed(record)["role"], role.name);
  }
  for (const auto& sight : model::kFirstSights.rows) {
    record.first_sight = sight.value;
    EXPECT_EQ(Parsed(record)["first_seen"], sight.name);
  }
  for (const auto& cause : model::kCauses.rows) {
    record.verdict.cause = cause.value;
    EXPECT_EQ(Parsed(record)["verdict"]["cause"], cause.name);
  }
  for (const auto& detail : model::kDetails.rows) {
    record.detail = detail.value;
    EXPECT_EQ(Parsed(record)["detail"], detail.name);
  }
  for (const auto& reason : model::kReleaseReasons.rows) {
    record.hold->released_by = reason.value;
    EXPECT_EQ(Parsed(record)["hold"]["released_by"], reason.name);
  }
}

TEST(WallTime, IsRfc3339InUtc) {
  struct Row {
    Micros since_1970_us;
    const char* text;
  };
  for (const Row& row :
       {Row{0, "1970-01-01T00:00:00.000Z"}, Row{999, "1970-01-01T00:00:00.000Z"},
        Row{-1, "1969-12-31T23:59:59.999Z"}, Row{951'782'400 * kSecond, "2000-02-29T00:00:00.000Z"},
        Row{1'709'251'199 * kSecond + 999'999, "2024-02-29T23:59:59.999Z"},
        Row{4'102'444'800 * kSecond, "2100-01-01T00:00:00.000Z"}}) {
    EXPECT_EQ(FormatWallTime(row.since_1970_us), row.text);
  }
}

TEST(HoldInfoJson, TellsTheRecordTheRuleAndTheTime) {
  model::HoldInfo hold;
  hold.record = std::make_shared<const DeathRecord>(Bare());
  hold.rule = "crashes";
  hold.since_us = 5 * kSecond;
  Json json = Parsed(HoldInfoJson(hold, kContext));
  EXPECT_EQ(KeysOf(json), (Names{"record", "rule", "barrier", "since", "until"}));
  EXPECT_EQ(json["record"], Parsed(Bare()));
  EXPECT_EQ(json["rule"], "crashes");
  EXPECT_TRUE(json["barrier"].is_null());
  EXPECT_EQ(json["since"], "2026-11-22T06:00:05.000Z");
  EXPECT_TRUE(json["until"].is_null());
  hold.barrier = "jobs";
  hold.until_us = 65 * kSecond;
  json = Parsed(HoldInfoJson(hold, kContext));
  EXPECT_EQ(json["barrier"], "jobs");
  EXPECT_EQ(json["until"], "2026-11-22T06:01:05.000Z");
  EXPECT_TRUE(Parsed(HoldInfoJson({}, kContext))["record"].is_null());
}

TEST(BarrierResultJson, TellsOfAllMembers) {
  model::BarrierResult result{.barrier = "jobs", .complete = true};
  EXPECT_EQ(BarrierResultJson(result),
            R"({"barrier":"jobs","complete":true,"members":[],"unlisted":0})");
  result.members.push_back({.pid = 7, .id = "i1", .end = model::ExitStatus::Exited(0)});
  result.members.push_back({.pid = 8,
                            .end = model::ExitStatus::Killed(SIGTERM),
                            .released_by = model::ReleaseReason::kPressure});
  EXPECT_EQ(BarrierResultJson(result),
            R"({"barrier":"jobs","complete":true,"members":[)"
            R"({"pid":7,"id":"i1","end":{"how":"exit","code":0,"signal":null,"core":false},)"
            R"("released_by":"barrier"},)"
            R"({"pid":8,"id":null,"end":{"how":"signal","code":null,"signal":"SIGTERM",)"
            R"("core":false},"released_by":"pressure"}],"unlisted":0})");
}

TEST(InspectedFileJson, TellsTextOrErrno) {
  EXPECT_EQ(InspectedFileJson({.name = "stat", .text = "214 (wor\nker\xff) Z"}),
            "{\"name\":\"stat\",\"text\":\"214 (wor\\u000aker\uFFFD) Z\",\"error\":null}");
  EXPECT_EQ(InspectedFileJson({.name = "io", .text = "", .error = EACCES}),
            R"({"name":"io","text":null,"error":13})");
  EXPECT_EQ(InspectedFileJson({.name = "status", .text = "Name:", .truncated = true}),
            R"({"name":"status","text":"Name:","error":null,"truncated":true})");
}

TEST(ForeignZombieJson, TellsOfTheZombieAndItsParent) {
  model::ForeignZombie zombie{.pid = 9,
                              .start_ticks = 100,
                              .comm = "job",
                              .age_us = 5,
                              .parent = 8,
                              .parent_start_ticks = 50,
                              .parent_comm = "cron",
                              .held_by_parent = 3};
  const std::string start =
      R"({"pid":9,"start_ticks":100,"comm":"job","age_us":5,"parent":8,"parent_start_ticks":50,)"
      R"("parent_comm":"cron","held_by_parent":3,"growing":)";
  EXPECT_EQ(ForeignZombieJson(zombie), start + "null}");
  zombie.growing = true;
  EXPECT_EQ(ForeignZombieJson(zombie), start + "true}");
}

TEST(ReapCountersJson, TellsEachCounter) {
  EXPECT_EQ(ReapCountersJson({.sigchld_received = 1,
                              .deaths = 2,
                              .reaped = 3,
                              .stops = 4,
                              .walks = 5,
                              .scans = 6,
                              .errors = 7}),
            R"({"sigchld_received":1,"deaths":2,"reaped":3,"stops":4,"walks":5,"scans":6,)"
            R"("errors":7})");
}

}  // namespace
}  // namespace reaperd::status
