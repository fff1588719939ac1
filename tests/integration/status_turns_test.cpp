// What fifty clients of the status socket cost the dead, in what no load of the machine changes:
// turns of the loop, and how often it had to wait for somebody in a turn that had work to do.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control_bed.h"
#include "sys/unix_socket.h"
#include "temp_dir.h"

namespace reaperd::daemon {
namespace {

using namespace std::literals;

constexpr auto kMonitor = "{\"method\":\"io.reaperd.Manager.Monitor\",\"more\":true}\0"sv;
constexpr std::array kCalls{
    "{\"method\":\"io.reaperd.Manager.GetStatus\"}\0"sv,
    "{\"method\":\"io.reaperd.Manager.ListDeaths\"}\0"sv,
    "{\"method\":\"io.reaperd.Manager.ListHeld\"}\0"sv,
    "{\"method\":\"io.reaperd.Manager.Explain\"}\0"sv,
    "{\"method\":\"io.reaperd.Manager.ListBlockers\"}\0"sv,
    "{\"method\":\"io.reaperd.Manager.ListProcesses\"}\0"sv,
    "{\"method\":\"io.reaperd.Manager.ListZombies\"}\0"sv,
    // Nobody's: all records are looked at for it.
    "{\"method\":\"io.reaperd.Manager.Inspect\",\"parameters\":{\"pid\":1}}\0"sv,
};
constexpr std::string_view kGarbage = "{{{{{{{{ \1\2\3 nothing that ends";

UniqueFd Connect(const std::string& path) {
  auto fd = sys::ConnectUnix(path, sys::Blocking::kYes);
  return fd ? std::move(fd).value() : UniqueFd();
}

bool Send(const UniqueFd& fd, std::string_view text) {
  return send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

/// Bytes read, for all processes to see.
class Shared {
 public:
  Shared()
      : bytes_(static_cast<std::atomic<std::uint64_t>*>(
            mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  [[nodiscard]] std::atomic<std::uint64_t>& bytes() const { return *bytes_; }

 private:
  std::atomic<std::uint64_t>* bytes_;
};

/// True when what was there ended with a message's end.
bool Drain(const UniqueFd& fd, const Shared& shared) {
  std::array<char, 65536> buffer{};
  bool whole = false;
  ssize_t got = 0;
  while ((got = recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
    const auto size = static_cast<std::size_t>(got);
    shared.bytes() += size;
    whole = buffer.at(size - 1) == '\0';
  }
  return whole;
}

/// Ten follow, five of whom never read; ten are silent; five talk nonsense and come again; the rest
/// ask as fast as they are answered. Ends by being killed.
int BeFiftyClients(const std::string& path, const Shared& shared) {
  std::vector<UniqueFd> quiet;
  for (int i = 0; i < 15; ++i) {
    quiet.push_back(Connect(path));
    if (i < 5) Send(quiet.back(), kMonitor);
  }
  std::vector<UniqueFd> readers;
  for (int i = 0; i < 5; ++i) {
    readers.push_back(Connect(path));
    Send(readers.back(), kMonitor);
  }
  std::vector<UniqueFd> callers;
  for (int i = 0; i < 25; ++i) {
    callers.push_back(Connect(path));
    Send(callers.back(), kCalls[0]);
  }
  std::vector<UniqueFd> babblers(5);
  for (std::size_t round = 0;; ++round) {
    for (const UniqueFd& reader : readers)
      Drain(reader, shared);
    for (std::size_t i = 0; i < callers.size(); ++i) {
      if (Drain(callers[i], shared)) Send(callers[i], kCalls[(round + i) % kCalls.size()]);
    }
    UniqueFd& babbler = babblers[round % babblers.size()];
    if (!babbler || !Send(babbler, kGarbage)) babbler = Connect(path);
  }
}

void AwaitZombies(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    siginfo_t info{};
    EXPECT_EQ(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  }
}

/// How often this thread has given its processor away to wait for something.
long Waits() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

/// Turns that the loop makes from when all of `pids` are zombies to when all are reaped.
int TurnsToReap(ControlBed& bed, const std::vector<pid_t>& pids) {
  AwaitZombies(pids);
  for (int turns = 1; turns <= 100; ++turns) {
    bed.loop().RunOnce();
    const bool done =
        std::all_of(pids.begin(), pids.end(), [&](pid_t pid) { return bed.Reaped(pid); });
    if (done) return turns;
  }
  return 101;
}

/// How often there was which number.
using Histogram = std::map<int, int>;

constexpr int kRounds = 200;
constexpr int kBursts = 20;

std::string Text(const Histogram& histogram) {
  std::string text;
  for (const auto& [value, count] : histogram)
    text += std::to_string(value) + ": " + std::to_string(count) + " times; ";
  return text;
}

TEST(StatusTurns, FiftyClientsWithAllReadCallsDelayNoReapByMoreThanATurnAndWaitForNobody) {
  const test::TempDir folder;
  const std::string path = folder.path() + "/s";
  WithControl({"--status-socket=" + path}, [&](ControlBed& bed) {
    const Shared shared;
    const pid_t clients = test::Fork([&] { return BeFiftyClients(path, shared); });
    ASSERT_TRUE(bed.RunUntil([&] { return shared.bytes() > 100'000; })) << "they are all busy";
    Histogram single;
    Histogram burst;
    Histogram waits;
    for (int round = 0; round < kRounds; ++round) {
      const std::uint64_t before = shared.bytes();
      ASSERT_TRUE(bed.RunUntil([&] { return shared.bytes() > before; })) << "they are served";
      const std::vector<pid_t> one{test::Fork([] { return 0; })};
      AwaitZombies(one);
      const long waits_before = Waits();
      ++single[TurnsToReap(bed, one)];
      ++waits[static_cast<int>(Waits() - waits_before)];
      std::vector<pid_t> pids;
      for (int i = 0; round % (kRounds / kBursts) == 0 && i < 20; ++i)
        pids.push_back(test::Fork([] { return 0; }));
      if (!pids.empty()) ++burst[TurnsToReap(bed, pids)];
    }
    EXPECT_EQ(single.rbegin()->first, 1) << Text(single);
    // SIGCHLD coalesces: some of a burst are found by a look, and one may meet with its pause.
    // A turn is over after 2 ms of the clock, which runs on while others have the processor.
    EXPECT_GE(burst[1] + burst[2], kBursts * 3 / 4) << Text(burst);
    // Some for the locks of the kernel. A call that waits for a process shows in most rounds.
    EXPECT_GE(waits[0], kRounds / 2) << Text(waits);
    kill(clients, SIGKILL);
    ASSERT_TRUE(bed.RunUntilReaped(clients));
  });
}

}  // namespace
}  // namespace reaperd::daemon
