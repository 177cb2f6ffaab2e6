// Any bytes as what a client sends on a WebSocket of exec, attach or port-forward, and as SPDY
// frames in it: no message is passed on beyond a stream's window, nothing is kept that nobody is
// held back for, and every hold is let go of in the end.
#include <cstdint>
#include <string>
#include <string_view>

#include "api/exec_session.h"
#include "api/port_forward_session.h"
#include "api/socket_frames.h"
#include "api/spdy_frames.h"
#include "api/spdy_port_forward.h"
#include "base/check.h"
#include "tests/support/fake_session_peer.h"

namespace reconcile {
namespace {

constexpr size_t kMaxSteps = 512;

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return byte;
  }
  std::string Piece() {
    const size_t wanted = Byte();  // before it is known how much is left
    const size_t size = std::min(wanted, bytes_.size());
    std::string piece(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return piece;
  }

 private:
  std::string_view bytes_;
};

struct World {
  std::shared_ptr<SocketSession> session;
  FakePodStreams pods;
  FakeSessionPeer peer;
  std::vector<size_t> taken;  // of each stream's input
  SpdyWriter client;
  std::vector<std::weak_ptr<int>> holds;

  void Tell(const std::string& message) {
    const auto hold = std::make_shared<int>(0);
    holds.push_back(hold);
    session->OnMessage(message, hold);
  }
  void CheckWindows() {
    taken.resize(pods.streams.size());
    for (size_t i = 0; i < pods.streams.size(); ++i) {
      CHECK(pods.streams[i]->written.size() - taken[i] <= kStreamWindowBytes);
    }
  }
  void TakeInput(size_t which) {
    if (pods.streams.empty()) return;
    taken.resize(pods.streams.size());
    const size_t i = which % pods.streams.size();
    FakePodStream& stream = *pods.streams[i];
    const size_t bytes = stream.written.size() - taken[i];
    taken[i] = stream.written.size();
    if (bytes > 0 && !stream.cancelled) stream.sink.on_input_taken(bytes);
  }
  FakePodStream* Stream(size_t which) {
    if (pods.streams.empty()) return nullptr;
    FakePodStream* stream = pods.streams[which % pods.streams.size()].get();
    return stream->cancelled ? nullptr : stream;
  }
};

// Frames as a client makes them, of numbers and words that are near to right ones.
std::string FrameFrom(World* world, Input* input) {
  const uint32_t stream = input->Byte() % 16;
  const uint8_t choice = input->Byte();
  switch (choice % 5) {
    case 0:
      return world->client.SynStream(stream, {{"streamtype", choice & 8 ? "data" : "error"},
                                              {"port", choice & 16 ? "80" : "81"},
                                              {"requestid", std::to_string(choice >> 6)}});
    case 1:
      return SpdyWriter::Data(stream, std::string(input->Byte() * 1024U, 'x'), choice & 8);
    case 2:
      return SpdyWriter::Reset(stream, SpdyReset::kRefusedStream);
    case 3:
      return SpdyWriter::Ping(stream);
    default:
      return choice & 8 ? SpdyWriter::GoAway(stream, false) : world->client.SynReply(stream);
  }
}

void Step(World* world, Input* input) {
  const uint8_t what = input->Byte();
  switch (what % 8) {
    case 0:
    case 1:
      return world->Tell(input->Piece());
    case 2:
      return world->Tell(std::string(1, static_cast<char>(what >> 4)) +
                         std::string(input->Byte() * 1024U, 'x'));
    case 3:
    case 4:
      return world->Tell(FrameFrom(world, input));
    case 5:
      return world->TakeInput(what >> 3);
    case 6:
      world->peer.TakeAll();
      if (FakePodStream* stream = world->Stream(what >> 3)) {
        stream->sink.on_output(what & 128 ? PodOutput::kErr : PodOutput::kOut, input->Piece());
      }
      return;
    default:
      if (FakePodStream* stream = world->Stream(what >> 3)) {
        stream->sink.on_end({what & 64 ? OkStatus() : UnavailableError("gone"), 3});
        stream->cancelled = true;  // nothing is said after the end
      }
  }
}

void Run(std::string_view bytes) {
  Input input(bytes);
  World world;
  PodStreamRequest request;
  request.in = request.out = true;
  const uint8_t kind = input.Byte();
  request.tty = (kind & 4) != 0;
  const std::string_view protocol = kind & 8 ? kChannelProtocolV5 : kChannelProtocolV4;
  if (kind % 4 == 0) {
    world.session = MakeExecSession(request, protocol, world.pods.Opener(), &world.peer);
  } else if (kind % 4 == 1) {
    world.session = MakePortForwardSession({80, 81}, protocol, world.pods.Opener(), &world.peer);
  } else {
    world.session = MakeSpdyPortForward(world.pods.Opener(), &world.peer);
  }
  for (size_t i = 0; i < kMaxSteps && !input.empty(); ++i) {
    Step(&world, &input);
    world.CheckWindows();
  }
  world.session.reset();
  world.peer.TakeAll();
  for (const auto& hold : world.holds) CHECK(hold.expired());
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  reconcile::Run(bytes);
  reconcile::SpdyReader reader;
  (void)reader.Feed(bytes, [](const reconcile::SpdyFrame& frame) {
    CHECK(frame.data.size() <= reconcile::kMaxSpdyFrameBytes);
  });
  reconcile::SocketFrameReader frames;
  (void)frames.Feed(bytes, [](std::string_view message) {
    CHECK(message.size() <= reconcile::kMaxSocketMessageBytes);
  });
  return 0;
}
