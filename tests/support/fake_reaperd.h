// FakeReaperd: a status socket with canned replies, on a thread of its own, for tests of clients.
// Tell it everything before somebody connects; ask what it was asked after the client is done.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "sys/unix_socket.h"
#include "temp_dir.h"

namespace reaperd::test {

class FakeReaperd {
 public:
  FakeReaperd();
  FakeReaperd(const FakeReaperd&) = delete;
  FakeReaperd& operator=(const FakeReaperd&) = delete;
  /// Closes all connections.
  ~FakeReaperd();

  enum class After { kStay, kClose };
  /// What a call of `method` (without the interface) is answered with: whole messages, each sent
  /// for one call; the last list stays. Nobody told: MethodNotFound.
  void On(const std::string& method, std::vector<std::string> messages, After after = After::kStay);

  [[nodiscard]] std::string path() const { return socket_.path(); }
  /// Calls so far, as they came.
  [[nodiscard]] std::vector<std::string> calls() const;

 private:
  struct Answers {
    std::vector<std::string> messages;
    After after = After::kStay;
  };

  void Serve();
  /// False: the connection is to be closed.
  bool Answer(int fd, const std::string& call);

  TempDir dir_;
  sys::ListeningSocket socket_;
  UniqueFd stop_read_;
  UniqueFd stop_write_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Answers>> answers_;
  std::vector<std::string> calls_;
  std::thread thread_;
};

/// {"parameters":...}, with "continues" if it does.
std::string Reply(const std::string& parameters, bool continues = false);
/// An error of io.reaperd.Manager.
std::string ErrorReply(const std::string& name, const std::string& parameters);

}  // namespace reaperd::test
