// The server of healthCheckNodePorts, asked by curl and by clients who say nothing.
#include "net/health_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/contract/net/namespaces.h"

namespace reconcile {
namespace {

using Healths = std::map<uint16_t, ServiceHealth>;
const Healths kTwo = {{30100, {"shop", "web", 2}}, {30101, {"shop", "api", 0}}};

class HealthServerTest : public testing::Test {
 protected:
  HealthServerTest() {
    host_.Run(
        "ip link set lo up; ip address add 192.0.2.1/32 dev lo; ip address add 192.0.2.2/32 dev "
        "lo");
  }
  HealthServerOptions Options() const { return {.network_namespace_path = host_.NamespacePath()}; }
  std::string Code(const std::string& at, const std::string& words = "") const {
    return host_.Run("curl -s -o /dev/null -m 5 -w '%{http_code}' " + words + " http://" + at +
                     "/healthz || true");
  }

  IdleProcess host_;
};

TEST_F(HealthServerTest, AnswersAtEachPortOfTheHostsOwnAddressAlone) {
  HealthServer server(Options());
  EXPECT_TRUE(server.Serve("192.0.2.1", {}).empty());
  EXPECT_EQ(host_.Run("ss -Hlnt"), "");
  EXPECT_TRUE(server.Serve("192.0.2.1", kTwo).empty());
  EXPECT_EQ(Code("192.0.2.1:30100"), "200");
  EXPECT_EQ(Code("192.0.2.1:30100", "-I"), "200");
  EXPECT_EQ(Code("192.0.2.1:30100", "-d body"), "200");
  EXPECT_EQ(Code("192.0.2.1:30101"), "503");
  EXPECT_EQ(Code("192.0.2.2:30100"), "000");
  EXPECT_NE(host_.Run("curl -s http://192.0.2.1:30100/").find("\"localEndpoints\": 2"),
            std::string::npos);
}

TEST_F(HealthServerTest, FollowsWhatItIsTold) {
  HealthServer server(Options());
  ASSERT_TRUE(server.Serve("192.0.2.1", kTwo).empty());
  server.FallBehind();
  EXPECT_EQ(Code("192.0.2.1:30100"), "503");
  ASSERT_TRUE(server.Serve("192.0.2.1", {{30101, {"shop", "api", 1}}}).empty());
  EXPECT_EQ(Code("192.0.2.1:30100"), "000");
  EXPECT_EQ(Code("192.0.2.1:30101"), "200");
  ASSERT_TRUE(server.Serve("192.0.2.2", kTwo).empty());
  EXPECT_EQ(Code("192.0.2.1:30101"), "000");
  EXPECT_EQ(Code("192.0.2.2:30101"), "503");
}

TEST_F(HealthServerTest, SaysWhatItCannotListenOnAndListensOnceItCan) {
  HealthServer server(Options());
  UniqueFd other = host_.Listen("192.0.2.1", 30100);
  const std::vector<std::string> problems = server.Serve("192.0.2.1", kTwo);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("shop/web"), std::string::npos) << problems[0];
  EXPECT_NE(problems[0].find("192.0.2.1 port 30100"), std::string::npos) << problems[0];
  EXPECT_EQ(Code("192.0.2.1:30101"), "503");
  other.Reset();
  EXPECT_TRUE(server.Serve("192.0.2.1", kTwo).empty());
  EXPECT_EQ(Code("192.0.2.1:30100"), "200");
}

TEST_F(HealthServerTest, ClientsWhoSayNothingKeepNobodyWaiting) {
  HealthServerOptions options = Options();
  options.max_connections = 4;
  options.connection_ms = 200;
  HealthServer server(options);
  ASSERT_TRUE(server.Serve("192.0.2.1", kTwo).empty());
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(host_.Connect("192.0.2.1", 30100));
  EXPECT_EQ(Code("192.0.2.1:30100"), "200");
  char byte = 0;
  for (const UniqueFd& fd : silent) EXPECT_EQ(::read(fd.get(), &byte, 1), 0);
}

TEST_F(HealthServerTest, ARequestHasABound) {
  HealthServer server(Options());
  ASSERT_TRUE(server.Serve("192.0.2.1", kTwo).empty());
  EXPECT_EQ(Code("192.0.2.1:30100", "-H \"x: $(head -c 20000 /dev/zero | tr '\\0' x)\""), "000");
}

}  // namespace
}  // namespace reconcile
