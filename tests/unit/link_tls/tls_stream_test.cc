#include "link/tls_stream.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "link/certificate_issuer.h"
#include "link/tls_context.h"

namespace reconcile {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

KeyPair AnyKeyPair() {
  AuthorityOrder order;
  order.cluster_id = "c";
  order.serial = "01";
  order.not_before = WallTime{1'800'000'000'000};
  order.not_after = WallTime{1'900'000'000'000};
  return *MakeAuthority(order);
}

// Connections on loopback, both ends on one thread: the test's.
class TlsStreamTest : public testing::Test {
 protected:
  struct Ends {
    std::optional<TlsStream> server;
    std::optional<TlsStream> client;
  };
  Ends Connected() {
    tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket dialing(io_);
    dialing.connect(acceptor.local_endpoint());
    Ends ends;
    ends.server.emplace(acceptor.accept(), server_tls_.get());
    ends.client.emplace(std::move(dialing), client_tls_.get());
    return ends;
  }
  Ends Shaken() {
    Ends ends = Connected();
    int done = 0;
    const auto on_done = [&](const error_code& error) {
      EXPECT_FALSE(error) << error.message();
      ++done;
    };
    ends.server->async_handshake(TlsStream::Side::kServer, on_done);
    ends.client->async_handshake(TlsStream::Side::kClient, on_done);
    RunUntil([&] { return done == 2; });
    return ends;
  }
  template <typename Condition>
  void RunUntil(Condition condition) {
    io_.restart();
    while (!condition()) ASSERT_GT(io_.run_one_for(std::chrono::seconds(30)), 0U);
  }

  asio::io_context io_{1};
  TlsContext server_tls_ = *MakeServerTls(AnyKeyPair());
  TlsContext client_tls_ = *MakeClientTls(nullptr);
};

TEST_F(TlsStreamTest, CarriesMuchBothWaysAtOnce) {
  Ends ends = Shaken();
  const std::string there(3 << 20, 'a');
  const std::string back(2 << 20, 'b');
  std::string got_there(there.size(), '-');
  std::string got_back(back.size(), '-');
  int done = 0;
  const auto on_done = [&](const error_code& error, size_t) {
    EXPECT_FALSE(error) << error.message();
    ++done;
  };
  // Neither side reads before the other's socket is full.
  asio::async_write(*ends.client, asio::buffer(there), on_done);
  asio::async_write(*ends.server, asio::buffer(back), on_done);
  io_.restart();
  io_.poll();
  asio::async_read(*ends.server, asio::buffer(got_there), on_done);
  asio::async_read(*ends.client, asio::buffer(got_back), on_done);
  RunUntil([&] { return done == 4; });
  EXPECT_EQ(got_there, there);
  EXPECT_EQ(got_back, back);
}

TEST_F(TlsStreamTest, SendsManyPiecesInOrder) {
  Ends ends = Shaken();
  const std::string large(40 << 10, 'x');
  const std::vector<std::string> pieces = {"one", "", "two", large, "three"};
  std::vector<asio::const_buffer> buffers;
  std::string all;
  for (const std::string& piece : pieces) {
    buffers.push_back(asio::buffer(piece));
    all += piece;
  }
  std::string got(all.size(), '-');
  int done = 0;
  const auto on_done = [&](const error_code& error, size_t size) {
    EXPECT_FALSE(error) << error.message();
    EXPECT_EQ(size, all.size());
    ++done;
  };
  asio::async_write(*ends.server, buffers, on_done);
  asio::async_read(*ends.client, asio::buffer(got), on_done);
  RunUntil([&] { return done == 2; });
  EXPECT_EQ(got, all);
}

TEST_F(TlsStreamTest, TellsAGoodbyeFromAConnectionThatIsCut) {
  for (const bool polite : {true, false}) {
    Ends ends = Shaken();
    char byte = 0;
    std::optional<error_code> read;
    bool left = !polite;
    ends.client->async_read_some(asio::buffer(&byte, 1),
                                 [&](const error_code& error, size_t) { read = error; });
    if (polite) {
      ends.server->async_shutdown([&](const error_code&) { left = true; });
    } else {
      ends.server->next_layer().close();
    }
    RunUntil([&] { return read.has_value(); });
    EXPECT_EQ(*read, polite ? error_code(asio::error::eof)
                            : error_code(asio::ssl::error::stream_truncated));
    ends.client->next_layer().close();
    RunUntil([&] { return left; });
  }
}

TEST_F(TlsStreamTest, EndsWhatTakesTooLong) {
  Ends ends = Connected();
  std::optional<error_code> shaken;
  ends.server->ExpiresAfter(60'000);
  ends.server->ExpiresAfter(1);
  ends.server->async_handshake(TlsStream::Side::kServer,
                               [&](const error_code& error) { shaken = error; });
  RunUntil([&] { return shaken.has_value(); });
  EXPECT_EQ(*shaken, error_code(asio::error::timed_out));
}

// The sanitizers' own allocators count nothing.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(TlsStreamTest, KeepsLittleForAConnectionOnWhichNothingIsSaid) {
  constexpr size_t kConnections = 20;
  std::vector<Ends> kept;
  kept.push_back(Shaken());  // what is made once
  const size_t before = ::mallinfo2().uordblks;
  for (size_t i = 0; i < kConnections; ++i) kept.push_back(Shaken());
  // Both ends of each. asio::ssl::stream takes 140 KB for them, on top of libssl's own.
  EXPECT_LT((::mallinfo2().uordblks - before) / kConnections, 60'000U);
}
#endif

}  // namespace
}  // namespace reconcile
