// What every AgentLink and ControllerLink does with streams both ways.
#include <algorithm>

#include "tests/unit/link/link_contract.h"

namespace reconcile {
namespace {

using Words = std::vector<std::string>;

// Both ends, and one stream at a time between them. Each list is its own loop's.
class StreamEnds {
 public:
  explicit StreamEnds(const LinkWorldMaker& maker) : world(maker.make()) {
    world->OnAgent([&] { Serve(); });
  }
  ~StreamEnds() {
    world->OnController([&] { world->controller_end()->SetHandler({}); });
    world->OnAgent([&] { world->agent_end()->SetHandler({}); });
  }

  void Serve() {
    ControllerLink::Handler handler;
    handler.on_pod_stream = [this](const PodStreamRequest& request, PodStreamSink agent_sink) {
      requests.push_back(request);
      sink = std::move(agent_sink);
      return std::make_shared<Container>(this);
    };
    world->agent_end()->SetHandler(std::move(handler));
  }

  static PodStreamRequest Request() {
    PodStreamRequest request;
    request.pod_uid = "uid-1";
    request.container = "web";
    request.command = {"cat", "-"};
    request.in = true;
    request.out = true;
    return request;
  }
  // `first` is done with the stream at once, before its agent can have heard of it.
  void Open(const PodStreamRequest& request = Request(), const std::string& node = "host-1",
            const std::function<void()>& first = {}) {
    world->OnController([&] {
      const size_t before = client.size();
      PodStreamSink client_sink;
      client_sink.on_output = [this](PodOutput output, std::string_view bytes) {
        client.push_back((output == PodOutput::kOut ? "out " : "err ") + std::string(bytes));
        if (on_output) on_output();
      };
      client_sink.on_input_taken = [this](size_t bytes) {
        client.push_back("taken " + std::to_string(bytes));
      };
      client_sink.on_end = [this](const PodStreamEnd& end) {
        client.push_back("end " + std::string(ToString(end.status.code())) +
                         (end.exit_code ? " " + std::to_string(*end.exit_code) : ""));
      };
      stream = world->controller_end()->OpenPodStream(node, request, std::move(client_sink));
      if (first) first();
      EXPECT_EQ(client.size(), before) << "the sink was called inside a call";
    });
    world->Settle();
  }
  void Connect() {
    world->Connect();
    world->Settle();
  }
  // By the client, and by the agent.
  void Client(const std::function<void(PodStream*)>& task) {
    world->OnController([&] { task(stream.get()); });
    world->Settle();
  }
  void Agent(const std::function<void(PodStreamSink*)>& task) {
    world->OnAgent([&] { task(&sink); });
    world->Settle();
  }
  Words AtClient() {
    Words words;
    world->OnController([&] { words = client; });
    return words;
  }
  Words AtAgent() {
    Words words;
    world->OnAgent([&] { words = agent; });
    return words;
  }

  // What the agent gave: notes what it is told.
  class Container final : public PodStream {
   public:
    explicit Container(StreamEnds* ends) : ends_(ends) {}
    void Write(std::string_view bytes) override { Note("in " + std::string(bytes)); }
    void CloseInput() override { Note("closed"); }
    void Resize(uint16_t columns, uint16_t rows) override {
      Note(std::to_string(columns) + "x" + std::to_string(rows));
    }
    void Taken(size_t bytes) override { Note("taken " + std::to_string(bytes)); }
    void Cancel() override { Note("cancelled"); }

   private:
    void Note(std::string word) { ends_->agent.push_back(std::move(word)); }
    StreamEnds* const ends_;
  };

  Words client;
  Words agent;
  std::vector<PodStreamRequest> requests;
  PodStreamSink sink;
  std::function<void()> on_output;
  std::shared_ptr<PodStream> stream;
  const std::unique_ptr<LinkWorld> world;
};

TEST_P(LinkContract, CarriesAStreamBothWays) {
  StreamEnds ends(GetParam());
  ends.Connect();
  ends.Open();
  ASSERT_EQ(ends.requests, std::vector{StreamEnds::Request()});
  const std::string binary("t\0w\xff\n", 5);
  ends.Client([&](PodStream* stream) {
    stream->Resize(80, 24);
    stream->Write(binary);
    stream->CloseInput();
    stream->CloseInput();
    stream->Write("after its end");
  });
  EXPECT_EQ(ends.AtAgent(), (Words{"80x24", "in " + binary, "closed"}));
  ends.Agent([&](PodStreamSink* sink) {
    sink->on_input_taken(3);
    sink->on_output(PodOutput::kOut, binary);
    sink->on_output(PodOutput::kErr, "err");
    sink->on_input_taken(100);
    sink->on_end({OkStatus(), 3});
  });
  EXPECT_EQ(ends.AtClient(), (Words{"taken 3", "out " + binary, "err err", "taken 2", "end OK 3"}));
  ends.Client([](PodStream* stream) {
    stream->Write("x");
    stream->Resize(1, 1);
    stream->Taken(1);
    stream->CloseInput();
    stream->Cancel();
  });
  EXPECT_EQ(ends.AtAgent().size(), 3U) << "told after the end";
}

TEST_P(LinkContract, CarriesWhatIsWrittenBeforeTheAgentHasHeard) {
  StreamEnds ends(GetParam());
  ends.Connect();
  std::string much(kStreamWindowBytes, 'x');
  ends.Open(StreamEnds::Request(), "host-1", [&] {
    for (size_t at = 0; at < much.size(); at += kMaxStreamFrameBytes) {
      ends.stream->Write(std::string_view(much).substr(at, kMaxStreamFrameBytes));
    }
    ends.stream->Resize(1, 2);
    ends.stream->CloseInput();
  });
  std::string got;
  bool sized = false;
  for (const std::string& word : ends.AtAgent()) {
    if (word.starts_with("in ")) got += word.substr(3);
    sized = sized || word == "1x2";
  }
  EXPECT_EQ(got, much);
  EXPECT_TRUE(sized);
  EXPECT_EQ(ends.AtAgent().back(), "closed");
}

TEST_P(LinkContract, TellsTheAgentTheNewestSizeHoweverOftenItChanges) {
  StreamEnds ends(GetParam());
  ends.Connect();
  ends.Open();
  ends.Client([](PodStream* stream) {
    for (uint16_t i = 1; i <= 500; ++i) stream->Resize(i, i);
  });
  EXPECT_EQ(ends.AtAgent().back(), "500x500");
}

TEST_P(LinkContract, TellsTheAgentWhatOfAStreamWasTaken) {
  StreamEnds ends(GetParam());
  ends.Connect();
  ends.Open();
  ends.Agent([](PodStreamSink* sink) { sink->on_output(PodOutput::kErr, "four"); });
  EXPECT_EQ(ends.AtAgent(), Words()) << "received is not taken";
  ends.Client([](PodStream* stream) { stream->Taken(3); });
  ends.Client([](PodStream* stream) { stream->Taken(100); });
  Words words = ends.AtAgent();
  EXPECT_EQ(words, (Words{"taken 3", "taken 1"}));
}

TEST_P(LinkContract, CancelsAStreamWhoseClientGoes) {
  StreamEnds ends(GetParam());
  ends.Connect();
  ends.Open();
  ends.on_output = [&] { ends.stream->Cancel(); };
  ends.Agent([](PodStreamSink* sink) {
    sink->on_output(PodOutput::kOut, "one");
    sink->on_output(PodOutput::kOut, "two");
  });
  EXPECT_EQ(ends.AtClient(), Words{"out one"});
  EXPECT_EQ(ends.AtAgent().back(), "cancelled");
  ends.Agent([](PodStreamSink* sink) { sink->on_end({OkStatus(), 0}); });
  EXPECT_EQ(ends.AtClient(), Words{"out one"});
}

TEST_P(LinkContract, EndsAStreamWhoseClientExceedsTheWindow) {
  StreamEnds ends(GetParam());
  ends.Connect();
  ends.Open();
  const std::string frame(kMaxStreamFrameBytes, 'x');
  ends.Client([&](PodStream* stream) {
    for (size_t sent = 0; sent < kStreamWindowBytes; sent += frame.size()) stream->Write(frame);
  });
  EXPECT_EQ(ends.AtClient(), Words());
  ends.Client([&](PodStream* stream) { stream->Write("x"); });
  EXPECT_EQ(ends.AtClient(), Words{"end Internal"});
  EXPECT_EQ(ends.AtAgent().back(), "cancelled");
}

TEST_P(LinkContract, EndsAStreamWhoseAgentExceedsTheWindow) {
  StreamEnds ends(GetParam());
  ends.Connect();
  ends.Open();
  const std::string frame(kMaxStreamFrameBytes, 'x');
  ends.Agent([&](PodStreamSink* sink) {
    for (size_t sent = 0; sent < kStreamWindowBytes; sent += frame.size()) {
      sink->on_output(PodOutput::kOut, frame);
    }
    sink->on_output(PodOutput::kErr, "x");
  });
  EXPECT_EQ(ends.AtClient().back(), "end Internal");
  EXPECT_EQ(ends.AtAgent(), Words{"cancelled"});
}

TEST_P(LinkContract, CarriesMuchBothWaysWithinTheWindow) {
  StreamEnds ends(GetParam());
  ends.Connect();
  ends.Open();
  const std::string frame(kMaxStreamFrameBytes, 'x');
  for (int round = 0; round < 3; ++round) {
    ends.Client([&](PodStream* stream) {
      for (size_t sent = 0; sent < kStreamWindowBytes; sent += frame.size()) stream->Write(frame);
    });
    ends.Agent([&](PodStreamSink* sink) {
      sink->on_input_taken(kStreamWindowBytes);
      for (size_t sent = 0; sent < kStreamWindowBytes; sent += frame.size()) {
        sink->on_output(PodOutput::kOut, frame);
      }
    });
    ends.Client([&](PodStream* stream) { stream->Taken(kStreamWindowBytes); });
  }
  ends.Agent([](PodStreamSink* sink) { sink->on_end({OkStatus(), 0}); });
  const size_t frames = 3 * kStreamWindowBytes / frame.size();
  EXPECT_EQ(ends.AtClient().size(), frames + 3 + 1);
  EXPECT_EQ(ends.AtClient().back(), "end OK 0");
  EXPECT_EQ(ends.AtAgent().size(), frames + 3);
}

TEST_P(LinkContract, EndsAStreamWhenTheConnectionBreaks) {
  StreamEnds ends(GetParam());
  ends.Connect();
  ends.Open();
  ends.world->Disconnect();
  ends.world->Settle();
  EXPECT_EQ(ends.AtClient(), Words{"end Unavailable"});
  EXPECT_EQ(ends.AtAgent(), Words{"cancelled"});
}

TEST_P(LinkContract, EndsAStreamWhenTheAgentGoes) {
  StreamEnds ends(GetParam());
  ends.Connect();
  ends.Open();
  ends.world->OnAgent([&] { ends.world->agent_end()->SetHandler({}); });
  ends.world->Settle();
  EXPECT_EQ(ends.AtClient(), Words{"end Unavailable"});
  EXPECT_EQ(ends.AtAgent(), Words()) << "what went was called";
  ends.Open();
  EXPECT_EQ(ends.AtClient(), (Words{"end Unavailable", "end Unavailable"})) << "nobody serves it";
}

TEST_P(LinkContract, RefusesStreamsThatNobodyCanServe) {
  StreamEnds ends(GetParam());
  ends.Open();
  EXPECT_EQ(ends.AtClient(), Words{"end Unavailable"}) << "the node is not connected";
  ends.Connect();
  ends.Open(StreamEnds::Request(), "nobody");
  EXPECT_EQ(ends.AtClient().size(), 2U);
  PodStreamRequest nothing = StreamEnds::Request();
  nothing.command = {};
  ends.Open(nothing);
  EXPECT_EQ(ends.AtClient().back(), "end Invalid");
  EXPECT_EQ(ends.requests.size(), 0U);
}

}  // namespace
}  // namespace reconcile
