// A status server on a loop of its own, with a fake daemon behind it and real sockets in front. The
// test is the loop: it turns while it waits for something.
//
// Every reply that arrives is checked against the interface.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event_loop.h"
#include "fake_control_plane.h"
#include "faulty_process_ops.h"
#include "status/status_server.h"
#include "sys/linux_process_ops.h"
#include "sys/unix_socket.h"
#include "temp_dir.h"
#include "varlink_types.h"

namespace reaperd::status {

using Json = nlohmann::json;

/// Complains when the answer to a call of `method` is not as the interface says.
void ExpectAsInInterface(const std::string& method, const Json& reply);

class ServerTest : public ::testing::Test {
 public:
  ~ServerTest() override;

 protected:
  ServerTest();

  /// One end of a connection.
  class Client {
   public:
    Client(ServerTest& test, UniqueFd fd) : test_(test), fd_(std::move(fd)) {}

    void Send(std::string_view bytes);
    /// {"method": "io.reaperd.Manager.NAME", "parameters": …} and the rest of the call, with a NUL.
    void Call(const std::string& name, const Json& parameters = Json::object(),
              const Json& rest = Json::object());
    /// The next reply; turns the loop until it is there. A null value: the connection ended.
    Json Receive();
    /// Call and Receive; the reply's parameters.
    Json Ask(const std::string& name, const Json& parameters = Json::object());
    /// The name of the error that the call is answered by, without its interface.
    std::string Refusal(const std::string& name, const Json& parameters = Json::object(),
                        const Json& rest = Json::object());
    /// Turns the loop until the server has closed; what came before is dropped.
    bool EndsSoon();
    /// What came and was not received.
    [[nodiscard]] bool Silent();

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] const std::vector<UniqueFd>& descriptors() const { return descriptors_; }
    [[nodiscard]] char last_end() const { return last_end_; }
    void Close() { fd_.reset(); }
    void ShutDownWriting();

   private:
    /// False: nothing came.
    bool ReadSome();
    std::optional<std::string> TakeText();

    ServerTest& test_;
    UniqueFd fd_;
    std::string input_;
    bool ended_ = false;
    char last_end_ = '?';
    std::deque<std::string> asked_;  ///< methods whose replies are to come
    std::vector<UniqueFd> descriptors_;
  };

  /// Makes the server anew. `rights`: what it is told.
  void Serve(RightsInputs rights);
  /// By the listening socket.
  Client Connect();
  /// The same as another user, of this group alone. Root only: see CanBeOthers.
  Client ConnectAs(uid_t uid, gid_t gid);
  static bool CanBeOthers();
  /// By a socket pair, with this right.
  Client Adopted(Right right, int send_buffer_bytes = 0);

  /// Turns of the loop until `condition`; false: it did not come.
  bool TurnUntil(const std::function<bool()>& condition);
  /// As long as there is something to do.
  void Settle();

  test::TempDir dir_;
  sys::LinuxProcessOps kernel_;
  test::FaultyProcessOps ops_{kernel_};
  test::FakeControlPlane control_;
  std::unique_ptr<event::EventLoop> loop_;
  sys::ListeningSocket listening_;
  std::unique_ptr<StatusServer> server_;
};

}  // namespace reaperd::status
