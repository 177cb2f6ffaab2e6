#include "api/spdy_port_forward.h"

#include "api/spdy_frames.h"
#include "tests/support/fake_session_peer.h"

namespace reconcile {
namespace {

using std::string_literals::operator""s;
using Headers = std::map<std::string, std::string>;

std::vector<SpdyFrame> FramesOf(const std::string& bytes, size_t at_once, std::string* data) {
  SpdyReader reader;
  std::vector<SpdyFrame> frames;
  for (size_t at = 0; at < bytes.size(); at += at_once) {
    EXPECT_TRUE(reader
                    .Feed(std::string_view(bytes).substr(at, at_once),
                          [&](const SpdyFrame& frame) {
                            *data += frame.data;
                            frames.push_back(frame);
                            frames.back().data = {};
                          })
                    .ok());
  }
  return frames;
}

// A client begins its headers with the dictionary's checksum, so that a wrong one is noticed.
TEST(SpdyFrames, TheDictionaryIsTheProtocols) {
  EXPECT_EQ(SpdyDictionary().size(), 1423U);
  SpdyWriter writer;
  const std::string frame = writer.SynStream(1, {{"port", "8080"}});
  // zlib's head, with a dictionary, and which (RFC 1950).
  EXPECT_EQ(frame.substr(18, 6), "\x78\xf9\xe3\xc6\xa7\xc2"s);
}

TEST(SpdyFrames, ReadsWhatItWritesHoweverItIsCut) {
  SpdyWriter writer;
  std::string bytes = writer.SynStream(1, {{"streamtype", "error"}, {"requestid", "0"}});
  bytes += writer.SynReply(1);
  bytes += SpdyWriter::Data(1, "bytes\0"s, true);
  bytes += SpdyWriter::WindowUpdate(1, 100);
  bytes += writer.SynStream(3, {{"streamtype", "data"}, {"requestid", "0"}});
  bytes += SpdyWriter::Reset(3, SpdyReset::kRefusedStream);
  bytes += SpdyWriter::Ping(7);
  bytes += SpdyWriter::GoAway(3, false);
  for (const size_t at_once : {size_t{1}, size_t{7}, bytes.size()}) {
    std::string data;
    const std::vector<SpdyFrame> frames = FramesOf(bytes, at_once, &data);
    ASSERT_EQ(frames.size(), 6U);
    EXPECT_EQ(frames[0].headers, (Headers{{"streamtype", "error"}, {"requestid", "0"}}));
    EXPECT_EQ(frames[1].kind, SpdyFrame::Kind::kData);
    EXPECT_TRUE(frames[1].fin);
    EXPECT_EQ(data, "bytes\0"s);
    EXPECT_EQ(frames[2].stream, 3U);
    EXPECT_EQ(frames[2].headers.at("streamtype"), "data");
    EXPECT_EQ(frames[3].kind, SpdyFrame::Kind::kReset);
    EXPECT_EQ(frames[4].kind, SpdyFrame::Kind::kPing);
    EXPECT_EQ(frames[4].stream, 7U);
    EXPECT_EQ(frames[5].kind, SpdyFrame::Kind::kGoAway);
  }
}

Status Read(const std::string& bytes) {
  SpdyReader reader;
  return reader.Feed(bytes, [](const SpdyFrame&) {});
}

TEST(SpdyFrames, RefusesWhatIsNoneOrTooMuch) {
  EXPECT_FALSE(Read("GET / HTTP/1.1\r\n\r\n").ok());                           // a huge frame
  EXPECT_FALSE(Read("\x80\x02\0\x06\0\0\0\x04\0\0\0\1"s).ok());                // SPDY/2
  EXPECT_FALSE(Read("\x80\x03\0\x06\0\0\0\x03\0\0\0"s).ok());                  // too short a PING
  EXPECT_FALSE(Read("\x80\x03\0\x01\0\0\0\x0c\0\0\0\1\0\0\0\0\0\0xx"s).ok());  // no zlib
  SpdyWriter writer;
  EXPECT_FALSE(Read(writer.SynStream(1, {{"a", std::string(1 << 20, 'x')}})).ok());
  Headers many;
  for (int i = 0; i < 65; ++i) many[std::to_string(i)] = "";
  SpdyWriter other;
  EXPECT_FALSE(Read(other.SynStream(1, many)).ok());
}

class SpdyPortForwardTest : public testing::Test {
 protected:
  SpdyPortForwardTest() : session_(MakeSpdyPortForward(pods_.Opener(), &peer_)) {}
  void Tell(const std::string& bytes, std::shared_ptr<void> hold = nullptr) {
    session_->OnMessage(bytes, std::move(hold));
  }
  void Open(uint32_t error, uint32_t data, const std::string& id) {
    for (const auto& [stream, type] : {std::pair(error, "error"), std::pair(data, "data")}) {
      Tell(client_.SynStream(stream, {{"streamtype", type}, {"port", "8080"}, {"requestid", id}}));
    }
    Tell(SpdyWriter::Data(error, "", true));
  }
  std::vector<SpdyFrame> Answers() {
    data_.clear();
    return FramesOf(peer_.All(), size_t{1} << 20, &data_);
  }

  FakePodStreams pods_;
  FakeSessionPeer peer_;
  std::shared_ptr<SocketSession> session_;
  SpdyWriter client_;
  std::string data_;
};

TEST_F(SpdyPortForwardTest, OneConnectionForEachPairOfStreams) {
  Open(1, 3, "0");
  Open(5, 7, "1");
  ASSERT_EQ(pods_.requests.size(), 2U);
  EXPECT_EQ(pods_.requests[0].kind, PodStreamRequest::Kind::kPortForward);
  EXPECT_EQ(pods_.requests[0].port, 8080);
  Tell(SpdyWriter::Data(7, "GET", false) + SpdyWriter::Data(3, "PUT", true));
  EXPECT_EQ(pods_.streams[0]->written, "PUT");
  EXPECT_TRUE(pods_.streams[0]->input_closed);
  EXPECT_EQ(pods_.streams[1]->written, "GET");
  pods_.streams[1]->sink.on_output(PodOutput::kOut, "200");
  EXPECT_EQ(Answers().back().stream, 7U);
  EXPECT_EQ(data_, "200");
  peer_.TakeAll();
  EXPECT_EQ(pods_.streams[1]->taken_bytes, 3U);
}

TEST_F(SpdyPortForwardTest, EndsBothStreamsAndSaysWhatWentWrong) {
  Open(1, 3, "0");
  pods_.streams[0]->sink.on_end({UnavailableError("connection refused"), std::nullopt});
  const std::vector<SpdyFrame> answers = Answers();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].stream, 1U);
  EXPECT_EQ(answers[1].stream, 3U);
  EXPECT_TRUE(answers[0].fin && answers[1].fin);
  EXPECT_EQ(data_, "connection refused");
  EXPECT_FALSE(peer_.closed);
  Open(5, 7, "0");  // the id may be used again
  EXPECT_EQ(pods_.streams.size(), 2U);
}

TEST_F(SpdyPortForwardTest, AResetClosesItsConnection) {
  Open(1, 3, "0");
  Tell(SpdyWriter::Reset(3, SpdyReset::kInvalidStream));
  EXPECT_TRUE(pods_.streams[0]->cancelled);
  Tell(SpdyWriter::Data(3, "late", false));
  EXPECT_EQ(pods_.streams[0]->written, "");
}

TEST_F(SpdyPortForwardTest, HoldsItsClientBackForASlowConnectionAndTellsTheWindow) {
  Open(1, 3, "0");
  FakeHold hold;
  Tell(SpdyWriter::Data(3, std::string(kStreamWindowBytes + 1, 'x'), false), hold.Take());
  EXPECT_TRUE(hold.kept());
  pods_.streams[0]->sink.on_input_taken(1000);
  EXPECT_FALSE(hold.kept());
  EXPECT_EQ(peer_.sent.back(), SpdyWriter::WindowUpdate(3, 1000));
  // One at a time, however much is taken meanwhile.
  const size_t sent = peer_.sent.size();
  pods_.streams[0]->sink.on_input_taken(10);
  pods_.streams[0]->sink.on_input_taken(20);
  EXPECT_EQ(peer_.sent.size(), sent);
  peer_.TakeAll();
  EXPECT_EQ(peer_.sent.back(), SpdyWriter::WindowUpdate(3, 30));
}

TEST_F(SpdyPortForwardTest, WhatItAnswersHoldsItsClientBack) {
  FakeHold hold;
  Tell(SpdyWriter::Ping(1) + SpdyWriter::Ping(3), hold.Take());
  EXPECT_EQ(peer_.sent, (std::vector<std::string>{SpdyWriter::Ping(1), SpdyWriter::Ping(3)}));
  EXPECT_TRUE(hold.kept());
  peer_.TakeAll();
  EXPECT_FALSE(hold.kept());
}

TEST_F(SpdyPortForwardTest, RefusesStreamsThatItCannotServe) {
  const auto refused = [&](uint32_t stream, const Headers& headers) {
    const size_t before = peer_.sent.size();
    Tell(client_.SynStream(stream, headers));
    return peer_.sent.size() == before + 1 &&
           peer_.sent.back() == SpdyWriter::Reset(stream, SpdyReset::kProtocolError);
  };
  EXPECT_TRUE(refused(1, {}));
  EXPECT_TRUE(refused(3, {{"streamtype", "data"}, {"port", "0"}, {"requestid", "0"}}));
  EXPECT_TRUE(refused(5, {{"streamtype", "x"}, {"port", "1"}, {"requestid", "0"}}));
  EXPECT_TRUE(refused(6, {{"streamtype", "data"}, {"port", "1"}, {"requestid", "0"}}));
  EXPECT_TRUE(refused(3, {{"streamtype", "data"}, {"port", "1"}, {"requestid", "0"}}));
  Open(7, 9, "0");
  EXPECT_TRUE(refused(11, {{"streamtype", "data"}, {"port", "8080"}, {"requestid", "0"}}));
}

TEST_F(SpdyPortForwardTest, HasAMostOfConnections) {
  for (uint32_t i = 0; i < kMaxForwardedConnections; ++i) {
    Open(4 * i + 1, 4 * i + 3, std::to_string(i));
  }
  EXPECT_EQ(pods_.streams.size(), kMaxForwardedConnections);
  const uint32_t next = 4 * kMaxForwardedConnections + 1;
  Tell(client_.SynStream(next, {{"streamtype", "error"}, {"port", "1"}, {"requestid", "more"}}));
  EXPECT_EQ(peer_.sent.back(), SpdyWriter::Reset(next, SpdyReset::kRefusedStream));
  pods_.streams[0]->sink.on_end({OkStatus(), std::nullopt});
  Open(next + 2, next + 4, "again");
  EXPECT_EQ(pods_.streams.size(), kMaxForwardedConnections + 1);
}

TEST_F(SpdyPortForwardTest, SaysGoodbyeToWhoSpeaksSomethingElse) {
  Tell("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(peer_.sent, std::vector<std::string>{SpdyWriter::GoAway(0, true)});
  EXPECT_TRUE(peer_.closed);
}

}  // namespace
}  // namespace reconcile
