// Objects of io.reaperd.Manager as JSON, for tests of clients: whole ones, and ways to change a
// member. (That the daemon writes such objects is tested by its own tests against the interface.)
#pragma once

#include <string>
#include <string_view>

namespace reaperd::test {

/// `json` with the first `from` replaced; the test is wrong if there is none.
inline std::string With(std::string json, std::string_view from, std::string_view to) {
  return json.replace(json.find(from), from.size(), to);
}

inline std::string DeathJson() {
  return R"({"seq":1203,"instance":"8f2c","pid":214,"id":"i88123","role":"adopted","service":null,)"
         R"("comm":"worker","cmdline":["worker","--queue","a"],"cmdline_truncated":null,)"
         R"("exe":"/app/worker","cwd":"/app","uid":1000,"gid":1000,"cgroup":"/svc/web",)"
         R"("environ":null,"environ_truncated":null,"first_seen":"discovery",)"
         R"("lineage":[{"pid":37,"comm":"sh"}],"session":30,"process_group":30,)"
         R"("started_at":"2026-11-22T06:00:00.120Z","died_at":"2026-11-22T06:00:05.243Z",)"
         R"("reaped_at":"2026-11-22T06:00:05.244Z","run_time_us":5123456,"held_us":0,)"
         R"("end":{"how":"signal","code":null,"signal":"SIGKILL","core":false},)"
         R"("verdict":{"cause":"oom-kill","evidence":"memory.events oom_kill of /svc/web rose 3→4"},)"
         R"("rusage":{"user_us":1200000,"system_us":30000,"max_rss_kb":262144,"minor_faults":1,)"
         R"("major_faults":2,"blocks_in":3,"blocks_out":4,"voluntary_switches":5,)"
         R"("involuntary_switches":6},"io":{"read_bytes":4096,"write_bytes":0},"detail":"full",)"
         R"("hold":null})";
}

inline std::string ProcessJson() {
  return R"({"pid":214,"id":"i88123","ppid":1,"comm":"worker","cmdline":["worker","--queue","a"],)"
         R"("uid":1000,"role":"adopted","service":null,"state":"alive","first_seen":"list",)"
         R"("started_at":"2026-11-22T06:00:00.120Z"})";
}

inline std::string HoldJson() {
  return R"({"record":)" + DeathJson() +
         R"(,"rule":"crashes","barrier":null,"since":"2026-11-22T06:00:05.243Z",)"
         R"("until":"2026-11-22T06:05:05.243Z"})";
}

inline std::string ForeignZombieJson() {
  return R"({"pid":9,"start_ticks":1,"comm":"z","age_us":5,"parent":8,"parent_start_ticks":1,)"
         R"("parent_comm":"p","held_by_parent":3,"growing":null})";
}

inline std::string BlockerJson() {
  return R"({"pid":7,"comm":"nginx","state":"S","wait_channel":"ep_poll"})";
}

inline std::string StatusJson() {
  return R"({"version":"0.1.0","instance":"8f2c","pid":1,"mode":"command","pid1":true,)"
         R"("subreaper":false,"reap":"wait","phase":"running",)"
         R"("started_at":"2026-11-22T03:00:00.000Z","uptime_us":11225000000,)"
         R"("main":{"pid":7,"name":"nginx","state":"alive",)"
         R"("started_at":"2026-11-22T03:00:00.010Z","end":null},"log_level":"info","children":12,)"
         R"("reaping":{"sigchld_received":900,"deaths":1203,"reaped":1202,"stops":0,"walks":3,)"
         R"("scans":5,"errors":0},"hold":{"held":1,"max_held":16,"leases":0,"rules":1,)"
         R"("barriers":0},"holds":{"held":4,"timeout":3},"ring":{"next_seq":1204,)"
         R"("oldest_seq":180,"kept":1024,"bytes":812345},"scribe":{"lines":0,"dropped":0,)"
         R"("restarts":0,"reads":0,"reads_unanswered":0},"foreign":{},"socket":{"clients":2,)"
         R"("monitors":1,"accepted":40,"refused":0,"turned_away":0,"requests":77,"errors":1,)"
         R"("bad_messages":0,"gaps":0},"limits":{}})";
}

inline std::string PageJson(const std::string& deaths, bool more = false, int looked_to = 1203) {
  return R"({"deaths":[)" + deaths + R"(],"looked_to_seq":)" + std::to_string(looked_to) +
         R"(,"oldest_seq":180,"more":)" + (more ? "true" : "false") + "}";
}

inline std::string SnapshotJson(const std::string& processes, const std::string& held = "",
                                bool more = false) {
  return R"({"snapshot":{"seq":5,"processes":[)" + processes + R"(],"held":[)" + held +
         R"(],"more":)" + (more ? "true" : "false") + "}}";
}

/// `body` is the member that is not null, as "died":{...}.
inline std::string EventJson(const std::string& body, int seq = 6) {
  return R"({"event":{"seq":)" + std::to_string(seq) + R"(,"at":"2026-11-22T06:00:05.243Z",)" +
         body + "}}";
}

inline std::string DiedJson(
    int pid = 214, const std::string& id = "i88123",
    const std::string& end = R"({"how":"exit","code":3,"signal":null,"core":false})") {
  return R"("died":{"death_seq":1204,"pid":)" + std::to_string(pid) + R"(,"id":")" + id +
         R"(","comm":"worker","end":)" + end + "}";
}

}  // namespace reaperd::test
