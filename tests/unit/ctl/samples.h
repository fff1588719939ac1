// Values as reaperd could tell them, hostile ones among them, for tests of what is shown.
#pragma once

#include <string>
#include <vector>

#include "client/death.h"
#include "client/hold.h"
#include "client/process.h"
#include "ctl/show.h"

namespace reaperd::ctl::samples {

inline constexpr WallMicros kNow = 1795327210000000;  // 2026-11-22T06:00:10Z

inline client::Death Death(std::int64_t seq, std::int64_t pid, const std::string& comm,
                           const model::ExitStatus& end, const std::string& cause, Micros ago_us) {
  client::Death death;
  death.seq = seq;
  death.instance = "8f2c";
  death.pid = pid;
  death.id = "i" + std::to_string(88000 + pid);
  death.role = "adopted";
  death.comm = comm;
  death.first_seen = "discovery";
  death.died_at = kNow - ago_us;
  death.started_at = kNow - ago_us - 65 * kSecond;
  death.run_time_us = 65 * kSecond;
  death.reaped_at = death.died_at + 1000;
  death.end = end;
  death.verdict = {.cause = cause, .evidence = "a sentence with the fact"};
  death.detail = "standard";
  return death;
}

/// Escapes, order marks, bytes that are no UTF-8 (as U+FFFD by then), wide and combining letters.
inline std::vector<std::string> HostileNames() {
  return {"\033]0;owned\007\033[2J", "evil\u202Egnp.exe", "ad\u200Bmin",     "工作者进程",
          "e\u0301te\u0301",         "\xff\xfe",          "two\nlines\ttab", "back\\slash"};
}

inline std::vector<client::Death> Deaths() {
  using model::ExitStatus;
  std::vector<client::Death> deaths;
  deaths.push_back(Death(1201, 31, "cron", ExitStatus::Exited(0), "success", 3700 * kSecond));
  deaths.push_back(Death(1202, 212, "worker", ExitStatus::Exited(3), "exit-error", 125 * kSecond));
  client::Death killed = Death(1203, 214, "worker", ExitStatus::Killed(9), "oom-kill", 3 * kSecond);
  killed.cmdline = {"/app/worker", "--queue", "two words", "--limit=5"};
  killed.verdict.evidence = "memory.events oom_kill of /svc/web rose 3→4";
  killed.lineage = {{.pid = 37, .comm = "sh"}, {.pid = 7, .comm = "nginx"}};
  deaths.push_back(killed);
  client::Death service =
      Death(1204, 7, "nginx", ExitStatus::Killed(11, true), "core-dump", 2 * kSecond);
  service.role = "service";
  service.service = "web";
  service.cmdline = {"nginx", "-g", "daemon off;"};
  deaths.push_back(service);
  client::Death unknown = Death(1205, 4194303, "", ExitStatus::Killed(15), "stopped", 0);
  unknown.comm.reset();
  unknown.started_at.reset();
  unknown.run_time_us.reset();
  unknown.first_seen = "death";
  deaths.push_back(unknown);
  std::int64_t seq = 1206;
  for (const std::string& name : HostileNames()) {
    deaths.push_back(Death(seq, seq, name, ExitStatus::Exited(0), "success", kSecond));
    ++seq;
  }
  return deaths;
}

inline client::Process Process(std::int64_t pid, std::int64_t ppid, const std::string& comm) {
  client::Process process;
  process.pid = pid;
  process.id = "i" + std::to_string(88000 + pid);
  process.ppid = ppid;
  process.comm = comm;
  process.state = "alive";
  process.started_at = kNow - pid * kSecond;
  return process;
}

inline std::vector<ProcessRow> Processes() {
  std::vector<ProcessRow> rows;
  client::Process main = Process(7, 1, "nginx");
  main.cmdline = {"nginx", "-g", "daemon off;"};
  main.role = "main";
  rows.push_back({main, 46 << 20, {}});
  rows.push_back({Process(21, 7, "nginx"), 9 << 20, {}});
  client::Process orphan = Process(214, 1, "worker");
  orphan.role = "adopted";
  orphan.cmdline = {"/app/worker", "--queue", "a"};
  rows.push_back({orphan, 1234567, {}});
  rows.push_back({Process(215, 214, "sh"), 900 << 10, {}});
  client::Process zombie = Process(216, 215, "lost");
  zombie.state = "foreign";
  rows.push_back({zombie, {}, {}});
  client::Process held = Process(22, 1, "crashed");
  held.state = "held";
  held.role = "adopted";
  rows.push_back({held, {}, {}});
  client::Process service = Process(4194303, 1, "a-service");
  service.role = "service";
  service.service = "a-service-with-a-very-long-name";
  service.started_at = kNow - 200'000 * kSecond;
  rows.push_back({service, std::int64_t{3} << 30, {}});
  std::int64_t pid = 300;
  for (const std::string& name : HostileNames())
    rows.push_back({Process(pid++, 21, name), {}, {}});
  return rows;
}

inline client::Hold Hold(client::Death record) {
  client::Hold hold;
  record.reaped_at.reset();
  record.hold = {.rule = "crashes", .released_by = std::nullopt};
  hold.since = record.died_at;
  hold.record = std::move(record);
  hold.rule = "crashes";
  hold.until = kNow + 297 * kSecond;
  return hold;
}

}  // namespace reaperd::ctl::samples
