// The server as a process on a host sees it: sockets, addresses, connections, upstreams.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "net/dns/server.h"
#include "tests/contract/dns/dns_world.h"

namespace reconcile {
namespace {

constexpr int kReplyPatienceMs = 10'000;
const char* kFrontend = "frontend.default.svc.cluster.local";

// A query as TCP has it: with its length.
std::string TcpQuery(uint16_t id, const std::string& name) {
  std::string packet;
  for (const int word : {int{id}, 0x100, 1, 0, 0, 0}) {
    PutDnsWord(static_cast<uint16_t>(word), &packet);
  }
  size_t begin = 0;
  while (begin < name.size()) {
    const size_t end = std::min(name.find('.', begin), name.size());
    packet.push_back(static_cast<char>(end - begin));
    packet += name.substr(begin, end - begin);
    begin = end + 1;
  }
  packet += std::string("\0\0\1\0\1", 5);
  std::string framed;
  PutDnsWord(static_cast<uint16_t>(packet.size()), &framed);
  return framed + packet;
}

void SendAll(const UniqueFd& connection, const std::string& bytes) {
  EXPECT_EQ(::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

// What comes until there are `size` octets or the other side closes.
std::string ReadSome(const UniqueFd& connection, size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    pollfd poll_fd = {connection.get(), POLLIN, 0};
    char buffer[4096];
    if (::poll(&poll_fd, 1, kReplyPatienceMs) != 1) break;
    const ssize_t count =
        ::recv(connection.get(), buffer, std::min(sizeof(buffer), size - bytes.size()), 0);
    if (count <= 0) break;
    bytes.append(buffer, static_cast<size_t>(count));
  }
  return bytes;
}

// The id of the next reply by TCP; -1 when the connection is closed.
int ReadReplyId(const UniqueFd& connection) {
  const std::string size = ReadSome(connection, 2);
  if (size.size() < 2) return -1;
  const std::string packet = ReadSome(connection, DnsWordAt(size, 0));
  return packet.size() < kDnsHeaderBytes ? -1 : DnsWordAt(packet, 0);
}

class DnsServerTest : public ::testing::Test {
 protected:
  UniqueFd Connect() { return world_.host().Connect(DnsWorld::kAddress, 53); }

  DnsWorld world_;
};

TEST_F(DnsServerTest, ListensOnItsAddressAlone) {
  const std::string listening = world_.host().Run("ss -Hlntu '( sport = :53 )' src 10.96.0.10");
  EXPECT_EQ(std::count(listening.begin(), listening.end(), '\n'), 2) << listening;
  const std::string all = world_.host().Run("ss -Hlntu '( sport = :53 )'");
  EXPECT_EQ(all.find("0.0.0.0:53"), std::string::npos) << all;
  EXPECT_EQ(all.find("127.0.0.1:53"), std::string::npos) << all;
}

TEST_F(DnsServerTest, AnswersWhenItsAddressComesLater) {
  world_.StopServer();
  world_.host().Run("ip address del 10.96.0.10/32 dev lo");
  world_.StartServer(world_.Options());
  world_.host().Run("ip address add 10.96.0.10/32 dev lo");
  EXPECT_EQ(world_.Dig(std::string("+short ") + kFrontend), "10.96.0.7\n");
}

TEST_F(DnsServerTest, AnswersAgainWhenItsAddressComesBack) {
  world_.host().Run("ip address del 10.96.0.10/32 dev lo");
  EXPECT_NE(world_.Dig(std::string("+short ") + kFrontend).find("exit code 9"), std::string::npos);
  world_.host().Run("ip address add 10.96.0.10/32 dev lo");
  EXPECT_EQ(world_.Dig(std::string("+short ") + kFrontend), "10.96.0.7\n");
  EXPECT_EQ(world_.Dig(std::string("+short +tcp ") + kFrontend), "10.96.0.7\n");
}

TEST_F(DnsServerTest, TakesTheAddressWhenAnotherLeavesIt) {
  DnsServer second(world_.Options());
  while (second.problem().find("Address already in use") == std::string::npos) {
    ASSERT_NE(second.problem(), "") << "two servers have one address";
    std::this_thread::yield();
  }
  world_.StopServer();
  while (!second.problem().empty()) std::this_thread::yield();
  EXPECT_EQ(world_.Head(kFrontend).substr(0, 8), "SERVFAIL") << "it has no zone";
}

TEST_F(DnsServerTest, SaysWhyItCannotListen) {
  DnsServerOptions options = world_.Options();
  options.network_namespace_path = "/proc/1/ns/none";
  const DnsServer server(options);
  while (server.problem().find("/proc/1/ns/none") == std::string::npos) std::this_thread::yield();
  EXPECT_NE(server.problem().find("10.96.0.10 port 53"), std::string::npos);
}

TEST_F(DnsServerTest, ANewZoneHoldsForTheNextQuery) {
  for (uint32_t i = 1; i <= 20; ++i) {
    world_.SetServices({{"default", "frontend", DnsServiceKind::kClusterIp, 0x0a600000 + i}});
    EXPECT_EQ(world_.Dig(std::string("+short ") + kFrontend),
              "10.96.0." + std::to_string(i) + "\n");
  }
}

TEST_F(DnsServerTest, ByTcpManyQueriesShareAConnection) {
  const UniqueFd connection = Connect();
  std::string bytes;
  constexpr int kQueries = 500;
  for (int i = 0; i < kQueries; ++i) bytes += TcpQuery(static_cast<uint16_t>(i), kFrontend);
  // In parts that end anywhere.
  std::thread writer([&] {
    for (size_t at = 0; at < bytes.size(); at += 777) SendAll(connection, bytes.substr(at, 777));
  });
  std::vector<int> ids;
  for (int i = 0; i < kQueries; ++i) ids.push_back(ReadReplyId(connection));
  writer.join();
  for (int i = 0; i < kQueries; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], i);
}

TEST_F(DnsServerTest, ByTcpManySlowQueriesAreAllAnswered) {
  world_.SetUpstreams({DnsWorld::kSilent, DnsWorld::kUpstream});
  const UniqueFd connection = Connect();
  constexpr int kQueries = 100;  // more than may be under way
  for (int i = 0; i < kQueries; ++i) {
    SendAll(connection, TcpQuery(static_cast<uint16_t>(i), std::to_string(i) + ".pay.example"));
  }
  std::vector<int> ids;
  for (int i = 0; i < kQueries; ++i) ids.push_back(ReadReplyId(connection));
  std::sort(ids.begin(), ids.end());
  for (int i = 0; i < kQueries; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], i);
}

TEST_F(DnsServerTest, ByTcpAClientMayStopSendingAndStillBeAnswered) {
  const UniqueFd connection = Connect();
  SendAll(connection, TcpQuery(7, "api.pay.example"));
  ::shutdown(connection.get(), SHUT_WR);
  EXPECT_EQ(ReadReplyId(connection), 7);
  EXPECT_EQ(ReadReplyId(connection), -1);
}

TEST_F(DnsServerTest, ByTcpNonsenseEndsTheConnection) {
  for (const std::string& bytes :
       {std::string("\0\3abc", 5), std::string("\xff\xff") + std::string(100, 'x'),
        "\0\14" + std::string("\0\1\x80\0\0\1\0\0\0\0\0\0", 12)}) {
    const UniqueFd connection = Connect();
    SendAll(connection, bytes);
    EXPECT_EQ(ReadReplyId(connection), -1);
  }
}

TEST_F(DnsServerTest, AcceptsAgainWhenThereAreDescriptorsAgain) {
  UniqueFd connection;
  world_.host().Do([&] {
    connection.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    ::inet_pton(AF_INET, DnsWorld::kAddress, &address.sin_addr);
    rlimit before = {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none = {0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_EQ(
        ::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
        0);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  });
  SendAll(connection, TcpQuery(7, kFrontend));
  EXPECT_EQ(ReadReplyId(connection), 7);
}

TEST_F(DnsServerTest, IdleConnectionsEnd) {
  DnsServerOptions options = world_.Options();
  options.idle_connection_ms = 1;
  world_.StartServer(options);
  const UniqueFd connection = Connect();
  EXPECT_EQ(ReadReplyId(connection), -1);
}

TEST_F(DnsServerTest, TheConnectionThatIsIdleLongestGoesForANewOne) {
  DnsServerOptions options = world_.Options();
  options.max_connections = 2;
  world_.StartServer(options);
  const UniqueFd first = Connect();
  SendAll(first, TcpQuery(1, kFrontend));
  EXPECT_EQ(ReadReplyId(first), 1);
  std::vector<UniqueFd> others;
  for (int i = 0; i < 2; ++i) {
    others.push_back(Connect());
    SendAll(others.back(), TcpQuery(2, kFrontend));
    EXPECT_EQ(ReadReplyId(others.back()), 2);
  }
  EXPECT_EQ(ReadReplyId(first), -1);
  SendAll(others[0], TcpQuery(3, kFrontend));
  EXPECT_EQ(ReadReplyId(others[0]), 3);
}

TEST_F(DnsServerTest, RemembersWhatUpstreamsSay) {
  EXPECT_EQ(world_.Answer("api.pay.example"), "api.pay.example. 30 IN A 192.0.2.7");
  world_.StopUpstream();
  EXPECT_EQ(world_.Dig("+short api.pay.example"), "192.0.2.7\n");
  EXPECT_EQ(world_.server()->statistics().cache_hits, 1U);
  EXPECT_EQ(world_.server()->statistics().forwarded, 1U);
}

TEST_F(DnsServerTest, GoesToTheNextUpstream) {
  world_.SetUpstreams({DnsWorld::kNobody, DnsWorld::kSilent, DnsWorld::kUpstream});
  EXPECT_EQ(world_.Dig("+short api.pay.example"), "192.0.2.7\n");
  EXPECT_EQ(world_.server()->statistics().upstream_failures, 2U);
}

TEST_F(DnsServerTest, SaysThatNoUpstreamAnswered) {
  world_.StopUpstream();
  EXPECT_EQ(world_.Head("api.pay.example"), "SERVFAIL qr rd ra");
  world_.SetUpstreams({});
  EXPECT_EQ(world_.Head("api.pay.example"), "SERVFAIL qr rd ra");
  EXPECT_EQ(world_.server()->statistics().refused_forwards, 1U);
  EXPECT_EQ(world_.Head(kFrontend), "NOERROR qr aa rd ra");
}

TEST_F(DnsServerTest, FetchesLongAnswersByTcp) {
  EXPECT_EQ(world_.Head("+ignore many.example"), "NOERROR qr tc rd ra");
  const std::string all = world_.Dig("+short many.example");
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 100);
  EXPECT_EQ(world_.server()->statistics().forwarded, 1U);
}

TEST_F(DnsServerTest, EndsWhileQueriesAreUnderWay) {
  world_.SetUpstreams({DnsWorld::kSilent});
  const UniqueFd connection = Connect();
  SendAll(connection, TcpQuery(7, "api.pay.example"));
  SendAll(connection, TcpQuery(8, kFrontend));
  EXPECT_EQ(ReadReplyId(connection), 8);
  world_.StopServer();
  EXPECT_EQ(ReadReplyId(connection), -1);
}

TEST_F(DnsServerTest, CountsWhatItAnswers) {
  world_.Dig(kFrontend);
  world_.Dig("absent.default.svc.cluster.local");
  world_.Dig("+tcp version.bind TXT CH");
  const DnsStatistics statistics = world_.server()->statistics();
  EXPECT_EQ(statistics.queries, 3U);
  EXPECT_EQ(statistics.tcp_queries, 1U);
  EXPECT_EQ(statistics.answers[0], 1U);
  EXPECT_EQ(statistics.answers[3], 1U);
  EXPECT_EQ(statistics.answers[5], 1U);
}

}  // namespace
}  // namespace reconcile
