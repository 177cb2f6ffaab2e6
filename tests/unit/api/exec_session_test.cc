#include "api/exec_session.h"

#include "api/port_forward_session.h"
#include "tests/support/fake_session_peer.h"

namespace reconcile {
namespace {

using std::string_literals::operator""s;

class ExecSessionTest : public testing::Test {
 protected:
  void Begin(std::string_view protocol = kChannelProtocolV5) {
    request_.in = request_.out = request_.err = true;
    request_.command = {"sh"};
    session_ = MakeExecSession(request_, protocol, pods_.Opener(), &peer_);
  }
  FakePodStream& stream() { return *pods_.streams.at(0); }

  PodStreamRequest request_;
  FakePodStreams pods_;
  FakeSessionPeer peer_;
  std::shared_ptr<SocketSession> session_;
};

TEST_F(ExecSessionTest, CarriesOutputOnTwoChannelsAndGivesCreditWhenItIsWritten) {
  Begin();
  stream().sink.on_output(PodOutput::kOut, "out\0put"s);
  stream().sink.on_output(PodOutput::kErr, "bad");
  ASSERT_EQ(peer_.sent, (std::vector<std::string>{"\1out\0put"s, "\2bad"s}));
  EXPECT_EQ(stream().taken_bytes, 0U);
  peer_.TakeAll();
  EXPECT_EQ(stream().taken_bytes, 10U);
}

TEST_F(ExecSessionTest, EndsWithAStatusThatNamesTheExitCode) {
  Begin();
  stream().sink.on_end({OkStatus(), 3});
  ASSERT_EQ(peer_.sent.size(), 1U);
  EXPECT_EQ(peer_.sent[0],
            "\3{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with "
            "non-zero exit code: exit code 3\",\"reason\":\"NonZeroExitCode\",\"details\":"
            "{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"3\"}]}}");
  EXPECT_TRUE(peer_.closed);
}

TEST_F(ExecSessionTest, EndsWithSuccessAfterExitCodeZero) {
  Begin();
  stream().sink.on_end({OkStatus(), 0});
  EXPECT_EQ(peer_.All(), "\3{\"metadata\":{},\"status\":\"Success\"}");
}

TEST_F(ExecSessionTest, SaysWhyNothingRan) {
  pods_.refusal = UnavailableError("node host-1 is not connected");
  Begin();
  EXPECT_NE(peer_.All().find("node host-1 is not connected"), std::string::npos);
  EXPECT_NE(peer_.All().find("\"status\":\"Failure\""), std::string::npos);
  EXPECT_TRUE(peer_.closed);
  session_->OnMessage("\0too late"s, nullptr);
}

TEST_F(ExecSessionTest, PassesInputOnAndHoldsItsClientBackWhenTheWindowIsFull) {
  Begin();
  const std::string piece(100'000, 'x');
  std::vector<FakeHold> holds(4);
  for (FakeHold& hold : holds) session_->OnMessage("\0"s + piece, hold.Take());
  EXPECT_EQ(stream().written.size(), kStreamWindowBytes);
  EXPECT_FALSE(holds[1].kept());
  EXPECT_TRUE(holds[2].kept());  // half of it is passed on
  EXPECT_TRUE(holds[3].kept());
  stream().sink.on_input_taken(100'000);
  EXPECT_FALSE(holds[2].kept());
  EXPECT_TRUE(holds[3].kept());
  stream().sink.on_input_taken(100'000);
  EXPECT_EQ(stream().written.size(), 400'000U);
  EXPECT_FALSE(holds[3].kept());
}

TEST_F(ExecSessionTest, ClosesInputAfterWhatWaits) {
  Begin();
  session_->OnMessage("\0"s + std::string(kStreamWindowBytes + 1, 'x'), nullptr);
  session_->OnMessage("\xff\0"s, nullptr);
  EXPECT_FALSE(stream().input_closed);
  stream().sink.on_input_taken(kStreamWindowBytes);
  EXPECT_TRUE(stream().input_closed);
  session_->OnMessage("\0more"s, nullptr);
  EXPECT_EQ(stream().written.size(), kStreamWindowBytes + 1);
}

TEST_F(ExecSessionTest, V4HasNoHalfClose) {
  Begin(kChannelProtocolV4);
  session_->OnMessage("\xff\0"s, nullptr);
  EXPECT_FALSE(stream().input_closed);
}

TEST_F(ExecSessionTest, ResizesATerminalAlone) {
  request_.tty = true;
  Begin();
  session_->OnMessage("\4{\"Width\":120,\"Height\":40}", nullptr);
  for (const char* bad : {"\4", "\4{", "\4{\"Width\":-1,\"Height\":4}", "\4[1,2]",
                          "\4{\"Width\":70000,\"Height\":4}", "\4{\"Width\":80}"}) {
    session_->OnMessage(bad, nullptr);
  }
  EXPECT_EQ(stream().sizes, (std::vector<std::pair<uint16_t, uint16_t>>{{120, 40}}));
}

TEST_F(ExecSessionTest, ReadsOverChannelsThatAreNotTheClients) {
  Begin();
  for (const std::string& message : {""s, "\1x"s, "\2x"s, "\3x"s, "\5x"s, "\xff"s, "\xff\1"s,
                                     "\xff\0\0"s, "\4{\"Width\":1,\"Height\":1}"s}) {
    session_->OnMessage(message, nullptr);
  }
  EXPECT_EQ(stream().written, "");
  EXPECT_FALSE(stream().input_closed);
  EXPECT_TRUE(stream().sizes.empty());
}

TEST_F(ExecSessionTest, CancelsWhatItBeganWhenItsClientGoes) {
  Begin();
  session_.reset();
  EXPECT_TRUE(stream().cancelled);
  stream().sink.on_output(PodOutput::kOut, "late");  // harmless
  EXPECT_TRUE(peer_.sent.empty());
}

TEST(ChooseSubprotocol, TakesTheBetterOneThatIsOffered) {
  const std::vector<std::string_view> spoken = {kChannelProtocolV5, kChannelProtocolV4};
  EXPECT_EQ(ChooseSubprotocol({"v4.channel.k8s.io", "v5.channel.k8s.io"}, spoken),
            "v5.channel.k8s.io");
  EXPECT_EQ(ChooseSubprotocol({"base64.channel.k8s.io"}, spoken), std::nullopt);
}

class PortForwardSessionTest : public testing::Test {
 protected:
  void Begin(const std::vector<uint16_t>& ports) {
    session_ = MakePortForwardSession(ports, kChannelProtocolV5, pods_.Opener(), &peer_);
  }
  FakePodStreams pods_;
  FakeSessionPeer peer_;
  std::shared_ptr<SocketSession> session_;
};

TEST_F(PortForwardSessionTest, GivesEachPortTwoChannelsThatBeginWithIt) {
  Begin({80, 0x1234});
  EXPECT_EQ(peer_.sent,
            (std::vector<std::string>{"\0\x50\0"s, "\1\x50\0"s, "\2\x34\x12"s, "\3\x34\x12"s}));
  ASSERT_EQ(pods_.requests.size(), 2U);
  EXPECT_EQ(pods_.requests[1].port, 0x1234);
  session_->OnMessage("\2ask", nullptr);
  session_->OnMessage("\1nobody", nullptr);
  session_->OnMessage("\4nobody", nullptr);
  EXPECT_EQ(pods_.streams[0]->written, "");
  EXPECT_EQ(pods_.streams[1]->written, "ask");
  pods_.streams[1]->sink.on_output(PodOutput::kOut, "answer");
  EXPECT_EQ(peer_.sent.back(), "\2answer");
  peer_.TakeAll();
  EXPECT_EQ(pods_.streams[1]->taken_bytes, 6U);
  session_->OnMessage("\xff\2"s, nullptr);
  EXPECT_TRUE(pods_.streams[1]->input_closed);
}

TEST_F(PortForwardSessionTest, EndsWhenAllPortsHaveAndSaysWhatWentWrong) {
  Begin({80, 81});
  pods_.streams[0]->sink.on_end({UnavailableError("connection refused"), std::nullopt});
  EXPECT_EQ(peer_.sent.back(), "\1connection refused");
  EXPECT_FALSE(peer_.closed);
  pods_.streams[1]->sink.on_end({OkStatus(), std::nullopt});
  EXPECT_TRUE(peer_.closed);
}

TEST(ParsePort, TakesPortsAlone) {
  EXPECT_EQ(ParsePort("65535"), 65535);
  for (const char* bad : {"", "0", "65536", "-1", "+1", "80 ", "http", "8o"}) {
    EXPECT_EQ(ParsePort(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace reconcile
