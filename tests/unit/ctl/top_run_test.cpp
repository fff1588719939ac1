// Runs of `top`: a person before a terminal on one side, canned replies of a reaperd on the other.
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "eventually.h"
#include "pty.h"
#include "run_fixture.h"
#include "wire_samples.h"

namespace reaperd::ctl {
namespace {

using test::FakeReaperd;
using test::Reply;

/// top with a terminal, on a thread: the master side is the person before it.
class ReaperctlTop : public Reaperctl {
 protected:
  void SetUp() override {
    fake.On("GetStatus", {Reply(R"({"status":)" + test::StatusJson() + "}")});
    fake.On("ListDeaths", {Reply(test::PageJson(test::DeathJson()))});
  }
  void Start() {
    surroundings_.in = pty_.slave.get();
    surroundings_.out = pty_.slave.get();
    surroundings_.width = 80;
    surroundings_.search.named = fake.path();
    ASSERT_EQ(tcgetattr(pty_.slave.get(), &before_), 0);
    thread_ = std::thread([this] {
      const UniqueFd err(open("/dev/null", O_WRONLY | O_CLOEXEC));
      surroundings_.err = err.get();
      code_ = ctl::Run({"top"}, surroundings_);
      pty_.slave.reset();
    });
  }
  /// Reads the screen until `part` is there.
  bool Sees(std::string_view part) {
    std::array<char, 4096> bytes{};
    while (seen_.find(part) == std::string::npos) {
      pollfd entry{.fd = pty_.master.get(), .events = POLLIN, .revents = 0};
      if (poll(&entry, 1, 10'000) <= 0) return false;
      const ssize_t size = read(pty_.master.get(), bytes.data(), bytes.size());
      if (size <= 0) return false;
      seen_.append(bytes.data(), static_cast<std::size_t>(size));
    }
    return true;
  }
  void ExpectRestored() {
    EXPECT_TRUE(Sees("\033[?1049l")) << seen_;
    termios after{};
    ASSERT_EQ(tcgetattr(pty_.master.get(), &after), 0);  // both sides have one
    EXPECT_EQ(after.c_lflag, before_.c_lflag);
    EXPECT_EQ(after.c_cc[VINTR], before_.c_cc[VINTR]);
  }
  int End() {
    thread_.join();
    return code_;
  }

  test::Pty pty_ = test::MakePty();

 private:
  termios before_{};
  std::thread thread_;
  std::string seen_;
  int code_ = -1;
};

TEST_F(ReaperctlTop, DrawsAndEndsByQ) {
  fake.On("Monitor", {Reply(test::SnapshotJson("", test::HoldJson()), true)});
  Start();
  ASSERT_TRUE(Sees("oom-kill"));
  termios during{};
  ASSERT_EQ(tcgetattr(pty_.master.get(), &during), 0);
  EXPECT_EQ(during.c_lflag & static_cast<tcflag_t>(ICANON | ECHO | ISIG),
            static_cast<tcflag_t>(ISIG));
  ASSERT_EQ(write(pty_.master.get(), "q", 1), 1);
  ExpectRestored();
  EXPECT_EQ(End(), kDone);
}

TEST_F(ReaperctlTop, EndsByQWhileReaperdIsSilent) {
  fake.On("Monitor", {Reply(test::SnapshotJson(""), true)});
  fake.On("GetStatus", {});
  Start();
  const auto asked_twice = [this] {
    const auto calls = fake.calls();
    return std::count_if(calls.begin(), calls.end(), [](const std::string& call) {
             return call.find("GetStatus") != std::string::npos;
           }) == 2;
  };
  ASSERT_TRUE(test::Eventually(asked_twice));
  ASSERT_EQ(write(pty_.master.get(), "q", 1), 1);
  ExpectRestored();
  EXPECT_EQ(End(), kDone);
}

TEST_F(ReaperctlTop, EndsWithTheConnection) {
  fake.On("Monitor", {Reply(test::SnapshotJson(""), true)}, FakeReaperd::After::kClose);
  Start();
  ExpectRestored();
  EXPECT_EQ(End(), kUnreachable);
}

}  // namespace
}  // namespace reaperd::ctl
