#include "fake_reaperd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "sys/framing.h"

namespace reaperd::test {
namespace {

struct Client {
  UniqueFd fd;
  sys::MessageBuffer buffer;
};

/// The method's last part: what stands behind "io.reaperd.Manager.".
std::string MethodOf(const std::string& call) {
  const std::string key = "\"method\":\"";
  const std::size_t begin = call.find(key) + key.size();
  const std::string name = call.substr(begin, call.find('"', begin) - begin);
  return name.substr(name.rfind('.') + 1);
}

bool SendAll(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t sent = send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (sent < 0) return false;
    done += static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

FakeReaperd::FakeReaperd() {
  auto socket = sys::ListenUnix(dir_.Path("reaperd.sock"));
  std::array<int, 2> ends{};
  if (!socket || pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no fake reaperd");
  socket_ = std::move(*socket);
  stop_read_.reset(ends[0]);
  stop_write_.reset(ends[1]);
  thread_ = std::thread([this] { Serve(); });
}

FakeReaperd::~FakeReaperd() {
  stop_write_.reset();
  thread_.join();
}

void FakeReaperd::On(const std::string& method, std::vector<std::string> messages, After after) {
  const std::lock_guard lock(mutex_);
  answers_[method].push_back({std::move(messages), after});
}

std::vector<std::string> FakeReaperd::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

bool FakeReaperd::Answer(int fd, const std::string& call) {
  const std::string method = MethodOf(call);
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(call);
    const auto found = answers_.find(method);
    if (found == answers_.end()) {
      answers.messages = {
          R"({"error":"org.varlink.service.MethodNotFound","parameters":{"method":")" + method +
          "\"}}"};
    } else {
      answers = found->second.front();
      if (found->second.size() > 1) found->second.erase(found->second.begin());
    }
  }
  for (const std::string& message : answers.messages) {
    if (!SendAll(fd, message + '\0')) return false;
  }
  return answers.after == After::kStay;
}

void FakeReaperd::Serve() {
  std::vector<Client> clients;
  for (;;) {
    std::vector<pollfd> entries{{stop_read_.get(), POLLIN, 0}, {socket_.fd(), POLLIN, 0}};
    for (const Client& client : clients)
      entries.push_back({client.fd.get(), POLLIN, 0});
    poll(entries.data(), entries.size(), -1);
    if (entries[0].revents != 0) return;
    for (std::size_t i = clients.size(); i-- > 0;) {
      if (entries[i + 2].revents == 0) continue;
      std::array<char, 4096> bytes{};
      const ssize_t size = recv(clients[i].fd.get(), bytes.data(), bytes.size(), 0);
      bool stays = size > 0;
      if (stays) clients[i].buffer.Append({bytes.data(), static_cast<std::size_t>(size)});
      while (stays) {
        const auto call = clients[i].buffer.Take();
        if (!call) break;
        stays = Answer(clients[i].fd.get(), call->text);
      }
      if (!stays) clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (entries[1].revents == 0) continue;
    const int accepted = accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted >= 0) clients.push_back({UniqueFd(accepted), sys::MessageBuffer()});
  }
}

std::string Reply(const std::string& parameters, bool continues) {
  return "{\"parameters\":" + parameters + (continues ? ",\"continues\":true}" : "}");
}

std::string ErrorReply(const std::string& name, const std::string& parameters) {
  return "{\"error\":\"io.reaperd.Manager." + name + "\",\"parameters\":" + parameters + "}";
}

}  // namespace reaperd::test
