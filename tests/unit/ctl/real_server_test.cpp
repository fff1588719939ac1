// reaperctl against the real status server, with a fake daemon behind it: what the one writes the
// other reads.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "ctl/run.h"
#include "event/event_loop.h"
#include "fake_control_plane.h"
#include "status/status_server.h"
#include "sys/linux_process_ops.h"
#include "sys/unix_socket.h"
#include "temp_dir.h"

namespace reaperd::ctl {
namespace {

constexpr Micros kOffset_us = 1'795'327'200'000'000;

std::shared_ptr<model::DeathRecord> Record(std::uint64_t seq, pid_t pid) {
  auto record = std::make_shared<model::DeathRecord>();
  record->seq = seq;
  record->pid = pid;
  record->id = "i" + std::to_string(pid);
  record->comm = "wor\xff\033ker";
  record->started_us = kSecond;
  record->died_us = static_cast<Micros>(seq) * 2 * kSecond;
  record->reaped_us = record->died_us;
  record->end = model::ExitStatus::Killed(9);
  record->verdict = {.cause = model::Cause::kOomKill, .evidence = "the counter rose"};
  record->detail = model::Detail::kFull;
  auto shadow = std::make_shared<model::Shadow>();
  shadow->cmdline = {"worker", "--queue", "a"};
  shadow->lineage = {{.pid = 37, .comm = "sh"}};
  record->shadow = shadow;
  record->usage.emplace();
  record->io = {.read_bytes = 1, .write_bytes = 2};
  return record;
}

class RealServer : public testing::Test {
 public:
  RealServer() {
    control_.answer_at_once = true;
    control_.view.version = "0.1.0";
    control_.view.instance = "8f2c";
    control_.view.log_level = "info";
    control_.view.pid = getpid();
    control_.view.main = model::MainView{.pid = 7, .name = "nginx"};
    for (std::uint64_t seq = 1; seq <= 300; ++seq)
      control_.records.push_back(Record(seq, static_cast<pid_t>(seq)));
    auto held = Record(301, 301);
    held->reaped_us.reset();
    held->hold = {.rule = "crashes", .released_by = {}};
    control_.records.push_back(held);
    control_.held.push_back({.record = held, .rule = "crashes"});
    control_.processes = {{.pid = 7, .id = "i7", .parent = 1, .comm = "nginx", .uid = 0},
                          {.pid = 8, .parent = 7, .comm = "nginx"}};
    auto child = std::make_shared<model::ProcessInfo>();
    child->pid = 7;
    child->role = model::Role::kMain;
    control_.processes[0].child = child;
    control_.zombies = {{.pid = 9, .parent = 8}};
    control_.remaining.processes = {
        {.pid = 7, .comm = "nginx", .state = 'S', .wait_channel = "ep_poll"}};
    control_.files = {{.name = "stat", .text = "7 (x) Z"}, {.name = "io", .error = EACCES}};
    listening_ = std::move(*sys::ListenUnix(dir_.Path("reaperd.sock")));
    thread_ = std::thread([this] { Serve(); });
  }
  ~RealServer() override {
    over_ = true;
    thread_.join();
  }

  void Serve() {
    sys::LinuxProcessOps ops;
    auto loop = std::move(event::EventLoop::Create(ops)).value();
    loop->AddDeadline([] {});
    auto server = status::StatusServer::Create(*loop, ops, control_, listening_.fd(),
                                               {.version = "0.1.0",
                                                .instance = "8f2c",
                                                .wall_offset_us = [] { return kOffset_us; },
                                                .rights = {.our_uid = geteuid()}});
    while (!over_) {
      // Again and again: one that is told before the snapshot is not an event of this monitor.
      if (server.value()->counters().monitors > 0) {
        server.value()->event_log().OnEvent(death_->died_us, model::DiedEvent{death_});
      }
      loop->SetDeadline(0, loop->Now() + kMillisecond);
      loop->RunOnce();
    }
  }

  /// Stdout; complains when the exit code is another.
  std::string Run(const std::vector<std::string>& words, int code = kDone) {
    const UniqueFd out(
        open(dir_.Path("out").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    Surroundings surroundings;
    surroundings.out = out.get();
    surroundings.search.named = listening_.path();
    EXPECT_EQ(ctl::Run(words, surroundings), code) << words.front();
    return test::ReadFile(dir_.Path("out"));
  }

  test::FakeControlPlane control_;

 private:
  /// Of the command, while somebody follows.
  const std::shared_ptr<const model::DeathRecord> death_ = Record(302, 7);
  test::TempDir dir_;
  sys::ListeningSocket listening_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(RealServer, EveryReadVerbUnderstandsIt) {
  EXPECT_TRUE(Has(Run({"status"}), "nginx (pid 7), alive"));
  EXPECT_TRUE(Has(Run({"ps", "--tree"}), "└─ [nginx]"));
  EXPECT_TRUE(Has(Run({"deaths", "--pid", "214"}), "oom-kill"));
  EXPECT_TRUE(Has(Run({"why", "214"}), "It came from sh (37)."));
  EXPECT_TRUE(Has(Run({"zombies"}), "foreign"));
  EXPECT_TRUE(Has(Run({"held"}), "crashes"));
  EXPECT_TRUE(Has(Run({"inspect", "301"}), "--- io: Permission denied"));
  EXPECT_TRUE(Has(Run({"rules"}), "no hold rules"));
  EXPECT_TRUE(Has(Run({"blockers"}), "ep_poll"));
  EXPECT_EQ(Run({"explain"}), "one\ntwo\n");
  EXPECT_EQ(Run({"ping"}), "8f2c\n");
}

TEST_F(RealServer, AllPagesOfDeathsArrive) {
  const std::string text = Run({"deaths", "--json", "--limit", "1000"});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 301);
  EXPECT_TRUE(text.starts_with("{\"seq\":1,"));
  const std::string last = Run({"deaths", "--json", "-n", "1"});
  EXPECT_TRUE(last.starts_with("{\"seq\":301,"));
  EXPECT_FALSE(Has(text, "\033"));
}

TEST_F(RealServer, ListsThatTakeSeveralRepliesAreWhole) {
  for (Micros since_us = 1; since_us < 300; ++since_us) {
    control_.held.push_back(control_.held[0]);
    control_.held.back().since_us = since_us;
  }
  for (pid_t pid = 1001; pid < 2000; ++pid)
    control_.zombies.push_back({.pid = pid});
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(Run({"held", "--json"})), 300);
  EXPECT_EQ(lines(Run({"zombies", "--json"})), 1300);
}

TEST_F(RealServer, EveryCommandArrives) {
  EXPECT_TRUE(Has(Run({"hold", "7", "--for", "5s"}), "7 is alive, and will be held"));
  EXPECT_EQ(Run({"release", "7"}), "2 zombies released\n");
  EXPECT_EQ(Run({"release", "--rule", "crashes"}), "2 zombies released\n");
  EXPECT_EQ(Run({"rules", "add", "cause=signal"}), "added rule rule-1\n");
  Run({"rules", "remove", "rule-1"});
  Run({"signal", "TERM", "7"});
  Run({"signal", "RTMIN+3", "main"});
  Run({"log-level", "debug"});
  Run({"shutdown"});
  ASSERT_EQ(control_.signals.size(), 2U);
  EXPECT_EQ(std::get<model::SignalProcessRequest>(control_.signals[0].to).id, "i7");
}

TEST_F(RealServer, WaitEndsWithADeathThatMonitorTells) {
  Run({"wait", "7"}, 137);
}

TEST_F(RealServer, WaitFindsTheHeldAndTheDead) {
  Run({"wait", "301"}, 137);
  Run({"wait", "214"}, 137);
  Run({"wait", "9999"}, kOwnFailure);
}

}  // namespace
}  // namespace reaperd::ctl
