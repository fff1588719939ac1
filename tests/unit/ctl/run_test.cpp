// Whole runs of reaperctl against a reaperd with canned replies: what is asked, what is shown, and
// the exit code.
#include "ctl/run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "ctl/version.h"
#include "run_fixture.h"
#include "wire_samples.h"

namespace reaperd::ctl {
namespace {

using test::ErrorReply;
using test::FakeReaperd;
using test::Reply;

TEST_F(Reaperctl, ShowsTheStatus) {
  fake.On("GetStatus", {Reply(R"({"status":)" + test::StatusJson() + "}")});
  const Outcome people = Run({"status"});
  EXPECT_EQ(people.code, kDone) << people.err;
  EXPECT_NE(people.out.find("reaperd    0.1.0, PID 1"), std::string::npos) << people.out;
  EXPECT_EQ(Run({"status", "--json"}).out, test::StatusJson() + "\n");
}

TEST_F(Reaperctl, ListsProcessesAsTheyCame) {
  fake.On("ListProcesses",
          {Reply(R"({"processes":[)" + test::ProcessJson() + R"(],"more":false})")});
  EXPECT_EQ(Run({"ps", "--json"}).out, test::ProcessJson() + "\n");
  const Outcome people = Run({"ps", "--tree"});
  EXPECT_EQ(people.code, kDone) << people.err;
  EXPECT_NE(people.out.find("worker --queue a"), std::string::npos) << people.out;
}

TEST_F(Reaperctl, ListsDeathsWithItsFilters) {
  fake.On("ListDeaths", {Reply(test::PageJson(test::DeathJson()))});
  EXPECT_EQ(Run({"deaths", "--json", "--pid", "214", "--service", "web"}).out,
            test::DeathJson() + "\n");
  EXPECT_NE(fake.calls().at(0).find(R"("pid":214,"service":"web")"), std::string::npos);
}

TEST_F(Reaperctl, FollowsDeathsEachOnce) {
  const std::string next = test::With(test::DeathJson(), "1203", "1204");
  fake.On("ListDeaths", {Reply(test::PageJson(test::DeathJson()))});
  fake.On("Monitor",
          {Reply(test::SnapshotJson(""), true),
           Reply(test::EventJson(R"("reaped":)" + test::DeathJson()), true),
           Reply(test::EventJson(R"("reaped":)" + next), true)},
          FakeReaperd::After::kClose);
  const Outcome outcome = Run({"deaths", "-f", "--json"});
  EXPECT_EQ(outcome.out, test::DeathJson() + "\n" + next + "\n");
  EXPECT_EQ(outcome.code, kUnreachable);
  EXPECT_EQ(outcome.err, "reaperctl: the connection is lost: reaperd closed it\n");
}

TEST_F(Reaperctl, ARefusalIsOne) {
  fake.On("Shutdown",
          {ErrorReply("PermissionDenied", R"({"right":"admin","message":"no\u001b"})")});
  const Outcome outcome = Run({"shutdown"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.err, "reaperctl: no\\x1b (PermissionDenied)\n");
}

TEST_F(Reaperctl, AWrongCommandLineIsTwo) {
  const Outcome outcome = Run({"deths"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_EQ(outcome.err,
            "reaperctl: 'deths' is not a verb of reaperctl; did you mean deaths?\n"
            "reaperctl: try: reaperctl --help\n");
  EXPECT_EQ(Run({"release"}).code, kUsage);
  EXPECT_EQ(Run({"release", "5", "--all"}).code, kUsage);
  EXPECT_EQ(Run({"rules", "add"}).code, kUsage);
  EXPECT_EQ(Run({"top"}).code, kUsage);
  EXPECT_TRUE(fake.calls().empty());
}

TEST_F(Reaperctl, NobodyThereIsThreeWithPathsReasonsAndAdvice) {
  surroundings_.search = {.euid = 0, .run = "/nowhere", .shm = "/nowhere-shm"};
  surroundings_.search.named = "/nowhere/at/all.sock";
  const Outcome outcome = Run({"ps"});
  EXPECT_EQ(outcome.code, kUnreachable);
  EXPECT_EQ(outcome.err,
            "reaperctl: cannot reach reaperd\n"
            "  /nowhere/at/all.sock: No such file or directory\n"
            "What to try:\n"
            "  - reaperd does not run here, or has no status socket: as PID 1 it has one, "
            "elsewhere start it with --status-socket PATH\n"
            "  - it runs in a container: docker exec CONTAINER reaperctl ...\n");
}

TEST(ConnectAdvice, FollowsFromTheErrors) {
  client::ConnectFailure failure;
  failure.attempts = {{"/run/reaperd/reaperd.sock", EACCES, "Permission denied"}};
  EXPECT_NE(ConnectAdvice(failure, 1000).find("try sudo"), std::string::npos);
  failure.attempts = {{"/s", ECONNREFUSED, "Connection refused"}};
  EXPECT_NE(ConnectAdvice(failure, 0).find("left its socket behind"), std::string::npos);
  failure.attempts = {{"/s", EIO, "x"}};
  EXPECT_NE(ConnectAdvice(failure, 0).find("--socket PATH"), std::string::npos);
}

TEST(ConnectAdvice, NamesThePlaceOfAnotherUsersReaperd) {
  const std::string place = test::With(sys::SocketCandidates({.euid = 4711}).back(), "4711", "UID");
  client::ConnectFailure failure;
  failure.attempts = {{"/dev/shm/reaperd-0/reaperd.sock", ENOENT, "No such file or directory"}};
  EXPECT_NE(ConnectAdvice(failure, 0).find("--socket " + place), std::string::npos);
  failure.named = true;
  EXPECT_EQ(ConnectAdvice(failure, 0).find(place), std::string::npos);
}

TEST_F(Reaperctl, WhyTellsOfTheDeathAndWhatDiedAround) {
  fake.On("ListProcesses", {Reply(R"({"processes":[],"more":false})")});
  fake.On("Inspect", {Reply(R"({"record":)" + test::DeathJson() +
                            R"(,"before":null,"hold":null,"files":[]})")});
  fake.On("ListDeaths", {Reply(test::PageJson(test::DeathJson()))});
  const Outcome outcome = Run({"why", "214"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_NE(outcome.out.find("oom-kill"), std::string::npos);
  EXPECT_NE(fake.calls().back().find(R"("since":"2026-11-22T05:59:55.243Z")"), std::string::npos);
}

TEST_F(Reaperctl, WhyOfTheLivingSaysSoAndIsOne) {
  fake.On("ListProcesses",
          {Reply(R"({"processes":[)" + test::ProcessJson() + R"(],"more":false})")});
  fake.On("Inspect", {ErrorReply("NotFound", R"({"message":"no"})")});
  const Outcome outcome = Run({"why", "214"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_NE(outcome.out.find("worker (pid 214) is alive"), std::string::npos);
  EXPECT_EQ(Run({"why", "215"}).code, kRefused);
}

TEST_F(Reaperctl, WaitExitsAsTheProcessDid) {
  fake.On("Monitor", {Reply(test::SnapshotJson(test::ProcessJson()), true),
                      Reply(test::EventJson(test::DiedJson()), true)});
  EXPECT_EQ(Run({"wait", "214"}).code, 3);
}

TEST_F(Reaperctl, WaitOfASignalIs128AndMore) {
  fake.On(
      "Monitor",
      {Reply(test::SnapshotJson(test::ProcessJson()), true),
       Reply(test::EventJson(test::DiedJson(
                 214, "i88123", R"({"how":"signal","code":null,"signal":"SIGTERM","core":false})")),
             true)});
  EXPECT_EQ(Run({"wait", "214"}).code, 143);
}

TEST_F(Reaperctl, WaitFindsWhoDiedBefore) {
  fake.On("Monitor", {Reply(test::SnapshotJson(""), true)});
  fake.On("ListDeaths", {Reply(test::PageJson(test::DeathJson()))});
  EXPECT_EQ(Run({"wait", "214"}).code, 137);
  EXPECT_EQ(fake.calls().size(), 2U);
}

TEST_F(Reaperctl, WaitFailsWith125) {
  fake.On("Monitor", {Reply(test::SnapshotJson(""), true)});
  fake.On("ListDeaths", {Reply(test::PageJson(""))});
  const Outcome nobody = Run({"wait", "214"});
  EXPECT_EQ(nobody.code, kOwnFailure);
  EXPECT_NE(nobody.err.find("no such process"), std::string::npos);
  surroundings_.search.named = "/nowhere";
  EXPECT_EQ(Run({"wait", "214"}).code, kOwnFailure);
}

TEST_F(Reaperctl, WaitWithWrongWordsIsNoStatusOfAProcess) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"wait", "abc"},
                                                                 {"wait", "0"},
                                                                 {"wait"},
                                                                 {"wait", "1", "2"},
                                                                 {"wait", "1", "--nothing"}})
    EXPECT_EQ(Run(words).code, kOwnFailure) << words.back();
  EXPECT_EQ(Run({"--color", "red", "wait", "1"}).code, kOwnFailure);
  EXPECT_TRUE(fake.calls().empty());
}

TEST_F(Reaperctl, WaitFailsWhenTheConnectionIsLost) {
  fake.On("Monitor", {Reply(test::SnapshotJson(test::ProcessJson()), true)},
          FakeReaperd::After::kClose);
  EXPECT_EQ(Run({"wait", "214"}).code, kOwnFailure);
}

TEST_F(Reaperctl, WaitGivesUpWhenTheDeathIsNoLongerOnRecord) {
  fake.On("Monitor", {Reply(test::SnapshotJson(test::ProcessJson()), true),
                      Reply(R"({"gap":{"from":6,"to":9}})", true)});
  fake.On("Monitor", {Reply(test::SnapshotJson(""), true)});
  fake.On("ListDeaths", {Reply(test::PageJson(""))});
  fake.On("ListProcesses", {Reply(R"({"processes":[],"more":false})")});
  const Outcome outcome = Run({"wait", "214"});
  EXPECT_EQ(outcome.code, kOwnFailure);
  EXPECT_EQ(outcome.err,
            "reaperctl: wait: it ended while events were lost to us, and its death is no longer on "
            "record\n");
}

TEST_F(Reaperctl, WaitForTheChildOfAnotherThatCannotBeWatchedFails) {
  fake.On("GetStatus", {Reply(R"({"status":)" + test::StatusJson() + "}")});
  fake.On("Monitor", {Reply(test::SnapshotJson(test::With(test::ProcessJson(),
                                                          R"("role":"adopted")", R"("role":null)")),
                            true)});
  const Outcome outcome = Run({"wait", "214"});
  EXPECT_EQ(outcome.code, kOwnFailure);
  EXPECT_NE(outcome.err.find("it is the child of 1"), std::string::npos);
}

TEST_F(Reaperctl, CommandsBringTheirParameters) {
  fake.On("Hold", {Reply(R"({"id":"i5","held":false,"until":null,"pidfd":null})")});
  fake.On("Release", {Reply(R"({"released":2})")});
  fake.On("ListProcesses",
          {Reply(R"({"processes":[)" + test::ProcessJson() + R"(],"more":false})")});
  fake.On("Signal", {Reply("{}")});
  fake.On("AddHoldRule", {Reply(R"({"name":"r1","warnings":["never matches"]})")});
  fake.On("RemoveHoldRule", {Reply("{}")});
  fake.On("SetLogLevel", {Reply("{}")});
  EXPECT_EQ(Run({"hold", "214", "--for", "2s"}).out,
            "214 is alive, and will be held when it dies\n");
  EXPECT_EQ(Run({"release", "214"}).out, "2 zombies released\n");
  EXPECT_EQ(Run({"release", "--barrier", "jobs"}).out, "2 zombies released\n");
  EXPECT_EQ(Run({"release", "--all"}).code, kDone);
  EXPECT_EQ(Run({"signal", "rtmin+3", "5"}).code, kUsage);
  EXPECT_EQ(Run({"signal", "TERM", "5"}).code, kRefused);  // nobody has it
  EXPECT_EQ(Run({"signal", "TERM", "214"}).code, kDone);
  EXPECT_EQ(Run({"signal", "15", "main"}).code, kDone);
  const Outcome added = Run({"rules", "add", "cause=signal"});
  EXPECT_EQ(added.out, "added rule r1\n");
  EXPECT_EQ(added.err, "reaperctl: warning: never matches\n");
  EXPECT_EQ(Run({"rules", "remove", "r1"}).code, kDone);
  EXPECT_EQ(Run({"log-level", "debug"}).code, kDone);
  const auto calls = fake.calls();
  const auto has = [&](std::size_t n, std::string_view part) {
    EXPECT_NE(calls.at(n).find(part), std::string::npos) << calls.at(n);
  };
  has(1, R"({"pid":214,"id":"i88123","for_us":2000000})");
  has(3, R"({"pid":214,"id":"i88123"})");
  has(4, R"({"barrier":"jobs"})");
  has(5, R"({"all":true})");
  has(8, R"({"pid":214,"id":"i88123","signal":"SIGTERM"})");
  has(9, R"({"service":"main","signal":"SIGTERM"})");
  has(10, R"({"rule":"cause=signal"})");
  has(11, R"({"name":"r1"})");
  has(12, R"({"level":"debug"})");
}

TEST_F(Reaperctl, ACommandToNobodyIsNotSent) {
  fake.On("ListProcesses", {Reply(R"({"processes":[],"more":false})")});
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"hold", "5"}, {"release", "5"}, {"signal", "TERM", "5"}}) {
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, kRefused);
    EXPECT_EQ(outcome.err,
              "reaperctl: there is no process 5 below reaperd: reaperctl ps lists those that are "
              "there\n");
  }
  for (const std::string& call : fake.calls())
    EXPECT_NE(call.find("ListProcesses"), std::string::npos) << call;
}

TEST_F(Reaperctl, EventsAreObjectsWithTheirKind) {
  fake.On(
      "Monitor",
      {Reply(test::EventJson(test::DiedJson()), true), Reply(R"({"gap":{"from":7,"to":9}})", true)},
      FakeReaperd::After::kClose);
  const Outcome outcome = Run({"events", "--json", "--after", "5"});
  EXPECT_EQ(outcome.out,
            test::EventJson(test::DiedJson()) + "\n" + R"({"gap":{"from":7,"to":9}})" + "\n");
  EXPECT_NE(fake.calls().at(0).find(R"({"after_seq":5},"more":true)"), std::string::npos);
}

TEST_F(Reaperctl, TheSnapshotIsOneLineForPeopleAndItsPartsForPrograms) {
  fake.On(
      "Monitor",
      {Reply(test::SnapshotJson(test::ProcessJson() + "," + test::ProcessJson(), "", true), true),
       Reply(test::SnapshotJson(test::ProcessJson(), test::HoldJson()), true)},
      FakeReaperd::After::kClose);
  const std::string people = Run({"events"}).out;
  EXPECT_EQ(std::count(people.begin(), people.end(), '\n'), 1) << people;
  EXPECT_NE(people.find("snapshot  3 processes, 1 held, at event 5"), std::string::npos) << people;
  const std::string programs = Run({"events", "--json"}).out;
  EXPECT_EQ(std::count(programs.begin(), programs.end(), '\n'), 2) << programs;
}

TEST_F(Reaperctl, HelpAndVersionNeedNobody) {
  surroundings_.search.named = "/nowhere";
  EXPECT_EQ(Run({"--help"}).code, kDone);
  EXPECT_EQ(Run({"wait", "--help"}).code, kDone);
  EXPECT_EQ(Run({"--version"}).out, "reaperctl " + std::string(kVersion) + "\n");
  for (const char* shell : {"bash", "zsh", "fish"})
    EXPECT_NE(Run({"completions", shell}).out.find("log-level"), std::string::npos);
}

TEST_F(Reaperctl, AFullDiskIsAnError) {
  fake.On("Ping", {Reply(R"({"instance":"8f2c"})")});
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  Surroundings surroundings;
  surroundings.search.named = fake.path();
  surroundings.out = full.get();
  surroundings.err = writer.get();
  EXPECT_EQ(ctl::Run({"ping"}, surroundings), kRefused);
  std::array<char, 200> text{};
  ASSERT_GT(read(reader.get(), text.data(), text.size() - 1), 0);
  EXPECT_STREQ(text.data(), "reaperctl: cannot write: No space left on device\n");
}

TEST_F(Reaperctl, AReaderThatWentAwayIsNotTalkedAbout) {
  fake.On("Ping", {Reply(R"({"instance":"8f2c"})")});
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  reader.reset();
  Surroundings surroundings;
  surroundings.search.named = fake.path();
  surroundings.out = writer.get();
  surroundings.err = -1;
  // In main() the signal does the same.
  const auto before = signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(ctl::Run({"ping"}, surroundings), kBrokenPipe);
  signal(SIGPIPE, before);
}

}  // namespace
}  // namespace reaperd::ctl
