// Streams over real TLS: much of it, slow readers, and agents that die.
#include <map>

#include "tests/unit/link/sample_messages.h"
#include "tests/unit/link_tls/tls_link.h"

namespace reconcile {
namespace {

constexpr size_t kHundredMegabytes = 100'000'000;
// Bytes that pass before a report is through which was sent meanwhile: what the sockets hold, with
// room for a busy machine. A report behind all of the stream would see a hundred million.
constexpr size_t kMaxBytesAheadOfAReport = 10'000'000;

uint8_t PatternAt(size_t at) { return static_cast<uint8_t>((at * 2654435761U) >> 13); }

// An agent whose every stream gives back what it is told, within both windows. Its loop's thread.
class Echo final : public PodStream {
 public:
  explicit Echo(PodStreamSink sink) : sink_(std::move(sink)) {}
  void Write(std::string_view bytes) override {
    waiting_ += bytes;
    Pump();
  }
  void CloseInput() override {
    closed_ = true;
    Pump();
  }
  void Resize(uint16_t, uint16_t) override {}
  void Taken(size_t bytes) override {
    untaken_ -= bytes;
    Pump();
  }
  void Cancel() override { cancelled = true; }

  bool cancelled = false;
  size_t most_waiting = 0;

 private:
  void Pump() {
    most_waiting = std::max(most_waiting, waiting_.size());
    while (!waiting_.empty() && untaken_ < kStreamWindowBytes) {
      const size_t size =
          std::min({waiting_.size(), kMaxStreamFrameBytes, kStreamWindowBytes - untaken_});
      const std::string piece = waiting_.substr(0, size);
      waiting_.erase(0, size);
      untaken_ += size;
      sink_.on_output(PodOutput::kOut, piece);
      sink_.on_input_taken(size);
    }
    if (closed_ && waiting_.empty() && !std::exchange(ended_, true)) sink_.on_end({OkStatus(), 0});
  }

  const PodStreamSink sink_;
  std::string waiting_;
  size_t untaken_ = 0;
  bool closed_ = false;
  bool ended_ = false;
};

class StreamLoad : public testing::Test {
 protected:
  StreamLoad() {
    agent_ = std::make_unique<TlsAgent>(controller_.server->port(), "host-1",
                                        controller_.MakeToken(), folder_.path());
    ControllerLink::Handler handler;
    handler.on_pod_stream = [this](const PodStreamRequest&, PodStreamSink sink) {
      echoes_.push_back(std::make_shared<Echo>(std::move(sink)));
      return echoes_.back();
    };
    agent_->thread.Do([&] { agent_->dialer->SetHandler(std::move(handler)); });
    controller_.thread.Do([&] {
      AgentLink::Handler listener;
      listener.on_report = [this](const Report& report) {
        received_sequence_ = report.sequence;
        most_ahead_ = std::max(most_ahead_, client_.got - got_at_report_);
        got_at_report_ = client_.got;
      };
      controller_.server->SetHandler(std::move(listener));
    });
    agent_->Start();
    WaitFor("the agent's connection", [&] { return agent_->Connected(); });
  }
  ~StreamLoad() override {
    controller_.thread.Do([&] { controller_.server->SetHandler({}); });
  }

  // The controller's loop's, all of it.
  struct Client {
    std::shared_ptr<PodStream> stream;
    size_t total = 0;
    size_t written = 0;
    size_t input_taken = 0;
    size_t got = 0;
    size_t damaged = 0;
    bool takes = true;
    std::optional<PodStreamEnd> end;
  };
  void Open(Client* client) {
    PodStreamRequest request;
    request.kind = PodStreamRequest::Kind::kPortForward;
    request.port = 80;
    PodStreamSink sink;
    sink.on_output = [client](PodOutput, std::string_view bytes) {
      for (const char byte : bytes) {
        if (static_cast<uint8_t>(byte) != PatternAt(client->got++)) ++client->damaged;
      }
      if (client->takes) client->stream->Taken(bytes.size());
    };
    sink.on_input_taken = [client](size_t bytes) {
      client->input_taken += bytes;
      Write(client);
    };
    sink.on_end = [client](const PodStreamEnd& end) { client->end = end; };
    controller_.thread.Do([&] {
      client->stream = controller_.server->OpenPodStream("host-1", request, std::move(sink));
      Write(client);
    });
  }
  static void Write(Client* client) {
    while (client->written < client->total) {
      const size_t size = std::min(kMaxStreamFrameBytes, client->total - client->written);
      if (client->written + size - client->input_taken > kStreamWindowBytes) return;
      std::string frame(size, '\0');
      for (char& byte : frame) byte = static_cast<char>(PatternAt(client->written++));
      client->stream->Write(frame);
    }
    client->stream->CloseInput();
  }
  bool At(const std::function<bool()>& look) {
    bool is_so = false;
    controller_.thread.Do([&] { is_so = look(); });
    return is_so;
  }
  void AwaitEnd(Client* client) {
    WaitFor("the stream's end", [&] { return At([&] { return client->end.has_value(); }); });
  }

  TlsController controller_;
  LinkFolder folder_;
  std::unique_ptr<TlsAgent> agent_;
  std::vector<std::shared_ptr<Echo>> echoes_;  // the agent's loop's
  Client client_;
  int64_t received_sequence_ = 0;
  size_t got_at_report_ = 0;
  size_t most_ahead_ = 0;
};

TEST_F(StreamLoad, AHundredMegabytesGoBothWaysUnchangedAndReportsGoOn) {
  client_.total = kHundredMegabytes;
  Open(&client_);
  // One report after the other: each is sent when the one before has come.
  int64_t sequence = 0;
  WaitFor("the stream's end", [&] {
    int64_t received = 0;
    const bool ended = At([&] {
      received = received_sequence_;
      return client_.end.has_value();
    });
    if (received == sequence) {
      agent_->thread.Do([&] {
        Report report = SampleReport();
        report.sequence = ++sequence;
        EXPECT_TRUE(agent_->dialer->Send(report).ok());
      });
    }
    return ended;
  });
  controller_.thread.Do([&] {
    EXPECT_TRUE(client_.end->status.ok()) << client_.end->status.ToString();
    EXPECT_EQ(client_.end->exit_code, 0);
    EXPECT_EQ(client_.got, kHundredMegabytes);
    EXPECT_EQ(client_.input_taken, kHundredMegabytes);
    EXPECT_EQ(client_.damaged, 0U);
    EXPECT_LT(most_ahead_, kMaxBytesAheadOfAReport);
    RecordProperty("reports", static_cast<int>(received_sequence_));
    RecordProperty("most_bytes_ahead", static_cast<int>(most_ahead_));
  });
  EXPECT_GT(sequence, 4);
}

TEST_F(StreamLoad, AReaderThatTakesNothingCostsAWindowAndKeepsNobodyWaiting) {
  Client slow;
  slow.total = 10'000'000;
  slow.takes = false;
  Open(&slow);
  WaitFor("a window", [&] { return At([&] { return slow.got == kStreamWindowBytes; }); });
  client_.total = 5'000'000;
  Open(&client_);
  AwaitEnd(&client_);
  controller_.thread.Do([&] {
    EXPECT_EQ(client_.got, client_.total);
    EXPECT_EQ(slow.got, kStreamWindowBytes) << "more was sent than was taken";
    // What was written: given back, and waiting on the agent.
    EXPECT_LE(slow.written, 2 * kStreamWindowBytes);
    slow.takes = true;
    slow.stream->Taken(kStreamWindowBytes);
  });
  AwaitEnd(&slow);
  controller_.thread.Do([&] { EXPECT_EQ(slow.damaged, 0U); });
  agent_->thread.Do([&] {
    for (const auto& echo : echoes_) EXPECT_LE(echo->most_waiting, kStreamWindowBytes);
  });
}

TEST_F(StreamLoad, AnAgentThatDiesEndsItsStreams) {
  client_.total = kHundredMegabytes;
  Open(&client_);
  WaitFor("some bytes", [&] { return At([&] { return client_.got > 1'000'000; }); });
  agent_.reset();
  AwaitEnd(&client_);
  controller_.thread.Do([&] {
    EXPECT_EQ(client_.end->status.code(), StatusCode::kUnavailable);
    EXPECT_FALSE(client_.end->exit_code.has_value());
    EXPECT_NE(client_.end->status.message(), "");
  });
}

TEST_F(StreamLoad, AClientThatGoesCancelsWhatItsAgentServes) {
  client_.total = kHundredMegabytes;
  Open(&client_);
  WaitFor("some bytes", [&] { return At([&] { return client_.got > 1'000'000; }); });
  controller_.thread.Do([&] { client_.stream->Cancel(); });
  WaitFor("the cancellation", [&] {
    bool cancelled = false;
    agent_->thread.Do([&] { cancelled = echoes_.front()->cancelled; });
    return cancelled;
  });
  EXPECT_FALSE(At([&] { return client_.end.has_value(); }));
}

}  // namespace
}  // namespace reconcile
