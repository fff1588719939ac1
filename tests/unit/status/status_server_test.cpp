#include "status/status_server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server_fixture.h"

namespace reaperd::status {
namespace {

using StatusServerTest = ServerTest;

TEST_F(StatusServerTest, AnswersOverARealSocket) {
  Client client = Connect();
  EXPECT_EQ(client.Ask("Ping")["instance"], "8f2c");
  const Json status = client.Ask("GetStatus")["status"];
  EXPECT_EQ(status["pid"], 1);
  EXPECT_EQ(status["socket"]["clients"], 1);
  EXPECT_EQ(status["socket"]["requests"], 2);
}

}  // namespace
}  // namespace reaperd::status
