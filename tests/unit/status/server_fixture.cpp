#include "server_fixture.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "status/interface_text.h"

namespace reaperd::status {
namespace {

constexpr int kMaxTurns = 20'000;
constexpr Micros kTick_us = kMillisecond;

const test::VarlinkTypes& TypesOf(const std::string& interface) {
  static const test::VarlinkTypes kManager(kManagerInterfaceText);
  static const test::VarlinkTypes kService(kVarlinkServiceText);
  return interface == kManager.interface() ? kManager : kService;
}

std::pair<std::string, std::string> Cut(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  return {name.substr(0, dot), name.substr(dot + 1)};
}

}  // namespace

void ExpectAsInInterface(const std::string& method, const Json& reply) {
  SCOPED_TRACE(method);
  ASSERT_TRUE(reply.is_object()) << reply;
  for (const auto& item : reply.items()) {
    EXPECT_TRUE(item.key() == "parameters" || item.key() == "error" || item.key() == "continues")
        << item.key();
  }
  const Json parameters = reply.value("parameters", Json::object());
  if (reply.contains("error")) {
    const auto [interface, name] = Cut(reply["error"]);
    const test::VarlinkTypes& types = TypesOf(interface);
    ASSERT_TRUE(types.errors().contains(name)) << reply;
    EXPECT_EQ(types.Mismatch(parameters, types.errors().at(name)), "");
    return;
  }
  const auto [interface, name] = Cut(method);
  const test::VarlinkTypes& types = TypesOf(interface);
  ASSERT_TRUE(types.methods().contains(name)) << reply;
  EXPECT_EQ(types.Mismatch(parameters, types.methods().at(name).output), "");
}

ServerTest::ServerTest() {
  auto loop = event::EventLoop::Create(ops_);
  EXPECT_TRUE(loop.ok());
  loop_ = std::move(loop).value();
  loop_->AddDeadline([] {});
  auto listening = sys::ListenUnix(dir_.Path("reaperd.sock"));
  EXPECT_TRUE(listening.ok()) << listening.error().message();
  listening_ = std::move(*listening);
  control_.view.instance = "8f2c";
  control_.view.version = "0.1.0";
  control_.view.pid = 1;
  Serve({.our_uid = geteuid()});
}

ServerTest::~ServerTest() {
  server_.reset();
}

void ServerTest::Serve(RightsInputs rights) {
  server_.reset();
  auto server =
      StatusServer::Create(*loop_, ops_, control_, listening_.fd(),
                           {.version = "0.1.0",
                            .instance = "8f2c",
                            .wall_offset_us = [] { return Micros{1'795'327'200'000'000}; },
                            .rights = rights});
  ASSERT_TRUE(server.ok());
  server_ = std::move(*server);
}

ServerTest::Client ServerTest::Connect() {
  auto fd = sys::ConnectUnix(listening_.path(), sys::Blocking::kNo);
  EXPECT_TRUE(fd.ok()) << fd.error().message();
  return {*this, fd ? std::move(*fd) : UniqueFd()};
}

bool ServerTest::CanBeOthers() {
  return geteuid() == 0;
}

ServerTest::Client ServerTest::ConnectAs(uid_t uid, gid_t gid) {
  EXPECT_EQ(chmod(listening_.path().c_str(), 0666), 0);
  std::array<gid_t, 256> groups{};
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  // The kernel notes the effective ids of the moment.
  EXPECT_EQ(setgroups(0, nullptr), 0);
  EXPECT_EQ(setegid(gid), 0);
  EXPECT_EQ(seteuid(uid), 0);
  Client client = Connect();
  EXPECT_EQ(seteuid(0), 0);
  EXPECT_EQ(setegid(0), 0);
  EXPECT_EQ(setgroups(static_cast<std::size_t>(count), groups.data()), 0);
  return client;
}

ServerTest::Client ServerTest::Adopted(Right right, int send_buffer_bytes) {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  if (send_buffer_bytes > 0) {
    EXPECT_EQ(
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes),
        0);
  }
  EXPECT_TRUE(server_->Adopt(UniqueFd(ends[0]), right).ok());
  return {*this, UniqueFd(ends[1])};
}

bool ServerTest::TurnUntil(const std::function<bool()>& condition) {
  for (int turn = 0; turn < kMaxTurns; ++turn) {
    if (condition()) return true;
    loop_->SetDeadline(0, loop_->Now() + kTick_us);
    loop_->RunOnce();
  }
  return condition();
}

void ServerTest::Settle() {
  // Whatever is ready is served in this turn or the next: more turns than any of this needs.
  for (int turn = 0; turn < 12; ++turn) {
    loop_->SetDeadline(0, loop_->Now() + kTick_us);
    loop_->RunOnce();
  }
}

void ServerTest::Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    // The server takes no more: it has closed, or waits for us.
    if (errno != EAGAIN) return;
    test_.Settle();
  }
}

void ServerTest::Client::Call(const std::string& name, const Json& parameters, const Json& rest) {
  const std::string method =
      name.find('.') == std::string::npos ? "io.reaperd.Manager." + name : name;
  Json call = {{"method", method}, {"parameters", parameters}};
  call.update(rest);
  if (!rest.value("oneway", false)) asked_.push_back(method);
  Send(call.dump() + '\0');
}

bool ServerTest::Client::ReadSome() {
  std::array<char, 8192> buffer{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(4 * sizeof(int))> control{};
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0 && errno == EAGAIN) return false;
  if (size <= 0) {
    ended_ = true;
    return true;
  }
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(each), sizeof fd);
    descriptors_.emplace_back(fd);
  }
  input_.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

std::optional<std::string> ServerTest::Client::TakeText() {
  const std::size_t end = input_.find_first_of(std::string_view("\0\n", 2));
  if (end == std::string::npos) return std::nullopt;
  last_end_ = input_[end];
  std::string text = input_.substr(0, end);
  input_.erase(0, end + 1);
  return text;
}

Json ServerTest::Client::Receive() {
  std::optional<std::string> text;
  test_.TurnUntil([&] {
    while (!(text = TakeText()) && !ended_ && ReadSome()) {
    }
    return text || ended_;
  });
  if (!text) return nullptr;
  Json reply = Json::parse(*text, nullptr, false);
  EXPECT_FALSE(reply.is_discarded()) << *text;
  // What tests send as bytes of their own are pings, if it is a call at all.
  const std::string method = asked_.empty() ? "io.reaperd.Manager.Ping" : asked_.front();
  if (!asked_.empty() && !reply.value("continues", false)) asked_.pop_front();
  ExpectAsInInterface(method, reply);
  return reply;
}

Json ServerTest::Client::Ask(const std::string& name, const Json& parameters) {
  Call(name, parameters);
  const Json reply = Receive();
  EXPECT_TRUE(reply.is_object() && !reply.contains("error")) << reply;
  return reply.is_object() ? reply.value("parameters", Json::object()) : Json::object();
}

std::string ServerTest::Client::Refusal(const std::string& name, const Json& parameters,
                                        const Json& rest) {
  Call(name, parameters, rest);
  const Json reply = Receive();
  if (!reply.is_object() || !reply.contains("error")) return "none: " + reply.dump();
  return Cut(reply["error"]).second;
}

bool ServerTest::Client::EndsSoon() {
  return test_.TurnUntil([&] {
    while (!ended_ && ReadSome()) {
    }
    return ended_;
  });
}

bool ServerTest::Client::Silent() {
  test_.Settle();
  while (!ended_ && ReadSome()) {
  }
  return input_.empty() && !ended_;
}

void ServerTest::Client::ShutDownWriting() {
  EXPECT_EQ(shutdown(fd_.get(), SHUT_WR), 0);
}

}  // namespace reaperd::status
