// What every AgentLink and ControllerLink does.
#include "tests/unit/link/link_contract.h"

#include "tests/unit/link/sample_messages.h"

namespace reconcile {
namespace {

using Words = std::vector<std::string>;

// Both ends with handlers that write down what they are told. Each list is its own loop's.
class Ends {
 public:
  explicit Ends(const LinkWorldMaker& maker) : world(maker.make()) {
    world->OnController([&] { ListenAtController(); });
    world->OnAgent([&] { ListenAtAgent(); });
  }
  ~Ends() {
    world->OnController([&] { world->controller_end()->SetHandler({}); });
    world->OnAgent([&] { world->agent_end()->SetHandler({}); });
  }

  void ListenAtController() {
    AgentLink::Handler handler;
    handler.on_connected = [this](const std::string& node) { controller.push_back("+" + node); };
    handler.on_disconnected = [this](const std::string& node) { controller.push_back("-" + node); };
    handler.on_report = [this](const Report& report) {
      controller.push_back("report " + std::to_string(report.sequence));
    };
    handler.on_inventory = [this](const Inventory& inventory) {
      controller.push_back("inventory of " + inventory.node + ": " +
                           std::to_string(inventory.pods.size()) + " pods");
    };
    world->controller_end()->SetHandler(std::move(handler));
  }
  void ListenAtAgent() {
    ControllerLink::Handler handler;
    handler.on_connected = [this] { agent.push_back("+"); };
    handler.on_assignment = [this](const Assignment& assignment) {
      agent.push_back("assignment " + std::to_string(assignment.fence.revision));
    };
    handler.on_inventory_asked = [this] { agent.push_back("asked"); };
    handler.on_logs = [this](const LogRequest& request, LogSink sink) {
      agent.push_back("logs " + request.pod_uid);
      if (on_logs) on_logs(sink);
      log_writers.push_back(std::move(sink));
      return StreamHandle(
          [this, request] { agent.push_back("cancel " + request.pod_uid); },
          [this, request](size_t bytes) {
            agent.push_back("taken " + request.pod_uid + " " + std::to_string(bytes));
          });
    };
    world->agent_end()->SetHandler(std::move(handler));
  }

  StatusCode SendReport(int64_t sequence) {
    Status status;
    world->OnAgent([&] {
      Report report = SampleReport();
      report.sequence = sequence;
      status = world->agent_end()->Send(report);
    });
    return status.code();
  }
  StatusCode SendAssignment(Revision revision) {
    Status status;
    world->OnController([&] {
      Assignment assignment = SampleAssignment();
      assignment.fence.revision = revision;
      status = world->controller_end()->Send(world->node(), assignment);
    });
    return status.code();
  }
  StatusCode AskInventory() {
    Status status;
    world->OnController([&] { status = world->controller_end()->AskInventory(world->node()); });
    return status.code();
  }
  StatusCode SendInventory() {
    Status status;
    world->OnAgent([&] { status = world->agent_end()->SendInventory(SampleInventory()); });
    return status.code();
  }
  void OpenLogs(const std::string& uid, const std::string& node) {
    LogRequest request;
    request.pod_uid = uid;
    world->OnController([&] {
      const size_t before = read.size();
      stream = world->controller_end()->OpenLogs(
          node, request,
          {[this](std::string_view bytes) {
             read.emplace_back(bytes);
             if (on_bytes) on_bytes();
           },
           [this](const Status& status) {
             read.push_back(std::string("end ") + std::string(ToString(status.code())));
           }});
      EXPECT_EQ(read.size(), before) << "the sink was called inside OpenLogs";
    });
  }
  void OpenLogs(const std::string& uid) {
    OpenLogs(uid, world->node());
    world->Settle();
  }
  void Write(size_t writer, const std::string& bytes) {
    world->OnAgent([&] { log_writers.at(writer).on_data(bytes); });
  }
  void End(size_t writer, const Status& status) {
    world->OnAgent([&] { log_writers.at(writer).on_end(status); });
  }
  void Cancel() {
    world->OnController([&] { stream.Cancel(); });
    world->Settle();
  }
  void Take(size_t bytes) {
    world->OnController([&] { stream.Taken(bytes); });
    world->Settle();
  }
  void Connect() {
    world->Connect();
    world->Settle();
  }
  void Disconnect() {
    world->Disconnect();
    world->Settle();
  }
  // What each side has noted, read on its own loop.
  Words AtController() {
    Words words;
    world->OnController([&] { words = controller; });
    return words;
  }
  Words AtAgent() {
    Words words;
    world->OnAgent([&] { words = agent; });
    return words;
  }
  Words Read() {
    Words words;
    world->OnController([&] { words = read; });
    return words;
  }

  Words controller;
  Words agent;
  Words read;
  std::vector<LogSink> log_writers;
  std::function<void(LogSink&)> on_logs;
  std::function<void()> on_bytes;
  StreamHandle stream;
  const std::unique_ptr<LinkWorld> world;
};

TEST_P(LinkContract, TellsBothSidesOfTheConnection) {
  Ends ends(GetParam());
  EXPECT_EQ(ends.AtController(), Words());
  ends.Connect();
  EXPECT_EQ(ends.AtController(), Words{"+" + ends.world->node()});
  EXPECT_EQ(ends.AtAgent(), Words{"+"});
}

TEST_P(LinkContract, IsUnavailableUnlessConnected) {
  Ends ends(GetParam());
  EXPECT_EQ(ends.SendReport(1), StatusCode::kUnavailable);
  EXPECT_EQ(ends.SendAssignment(1), StatusCode::kUnavailable);
  EXPECT_EQ(ends.AskInventory(), StatusCode::kUnavailable);
  EXPECT_EQ(ends.SendInventory(), StatusCode::kUnavailable);
  ends.Connect();
  ends.Disconnect();
  EXPECT_EQ(ends.SendReport(1), StatusCode::kUnavailable);
  EXPECT_EQ(ends.SendAssignment(1), StatusCode::kUnavailable);
  EXPECT_EQ(ends.AtController(), (Words{"+" + ends.world->node(), "-" + ends.world->node()}));
}

TEST_P(LinkContract, IsUnavailableForANodeThatIsNotThere) {
  Ends ends(GetParam());
  ends.Connect();
  Status status;
  ends.world->OnController(
      [&] { status = ends.world->controller_end()->Send("nobody", SampleAssignment()); });
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("nobody"), std::string::npos);
}

TEST_P(LinkContract, KeepsTheOrderOfMessages) {
  Ends ends(GetParam());
  ends.Connect();
  Words reports = {"+" + ends.world->node()};
  Words assignments = {"+"};
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(ends.SendReport(i), StatusCode::kOk);
    EXPECT_EQ(ends.SendAssignment(i), StatusCode::kOk);
    reports.push_back("report " + std::to_string(i));
    assignments.push_back("assignment " + std::to_string(i));
  }
  ends.world->Settle();
  EXPECT_EQ(ends.AtController(), reports);
  EXPECT_EQ(ends.AtAgent(), assignments);
}

TEST_P(LinkContract, CarriesAnInventoryInOrderWithTheRest) {
  Ends ends(GetParam());
  ends.Connect();
  EXPECT_EQ(ends.AskInventory(), StatusCode::kOk);
  EXPECT_EQ(ends.SendAssignment(7), StatusCode::kOk);
  ends.world->Settle();
  EXPECT_EQ(ends.AtAgent(), (Words{"+", "asked", "assignment 7"}));
  EXPECT_EQ(ends.SendInventory(), StatusCode::kOk);
  EXPECT_EQ(ends.SendReport(8), StatusCode::kOk);
  ends.world->Settle();
  EXPECT_EQ(ends.AtController(),
            (Words{"+" + ends.world->node(), "inventory of host-1: 2 pods", "report 8"}));
}

TEST_P(LinkContract, RefusesAnInventoryThatIsTooLargeToTravel) {
  Ends ends(GetParam());
  ends.Connect();
  Inventory inventory = SampleInventory();
  inventory.node_pod_cidr = std::string(kMaxMessageBytes, 'x');
  Status status;
  ends.world->OnAgent([&] { status = ends.world->agent_end()->SendInventory(inventory); });
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  ends.world->Settle();
  EXPECT_EQ(ends.AtController().size(), 1U);
}

TEST_P(LinkContract, ConnectsAgain) {
  Ends ends(GetParam());
  ends.Connect();
  ends.Disconnect();
  ends.Connect();
  EXPECT_EQ(ends.SendReport(5), StatusCode::kOk);
  ends.world->Settle();
  const std::string node = ends.world->node();
  EXPECT_EQ(ends.AtController(), (Words{"+" + node, "-" + node, "+" + node, "report 5"}));
  EXPECT_EQ(ends.AtAgent(), (Words{"+", "+"}));
}

TEST_P(LinkContract, CallsNoHandlerThatWasTakenAway) {
  Ends ends(GetParam());
  ends.Connect();
  ends.world->OnController([&] { ends.world->controller_end()->SetHandler({}); });
  ends.world->OnAgent([&] { ends.world->agent_end()->SetHandler({}); });
  ends.SendReport(1);
  ends.SendAssignment(1);
  ends.Disconnect();
  EXPECT_EQ(ends.AtController().size(), 1U);
  EXPECT_EQ(ends.AtAgent().size(), 1U);
}

TEST_P(LinkContract, CarriesALogToItsEnd) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.Connect();
  ends.OpenLogs("uid-1");
  ends.Write(0, "one\n");
  ends.Write(0, std::string("t\0wo\xff", 5));
  ends.End(0, OkStatus());
  ends.world->Settle();
  EXPECT_EQ(ends.Read(), (Words{"one\n", std::string("t\0wo\xff", 5), "end OK"}));
  EXPECT_EQ(ends.AtAgent(), (Words{"+", "logs uid-1"}));
}

TEST_P(LinkContract, CarriesALogThatIsWrittenWhileItIsOpened) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.on_logs = [](LogSink& sink) {
    sink.on_data("all at once");
    sink.on_end(NotFoundError("no such container"));
  };
  ends.Connect();
  ends.OpenLogs("uid-1");
  EXPECT_EQ(ends.Read(), (Words{"all at once", "end NotFound"}));
  ends.Cancel();
  EXPECT_EQ(ends.AtAgent(), (Words{"+", "logs uid-1"})) << "cancelled after its end";
}

TEST_P(LinkContract, TellsTheWriterThatTheReaderHasGone) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.Connect();
  ends.OpenLogs("uid-1");
  ends.Cancel();
  EXPECT_EQ(ends.AtAgent(), (Words{"+", "logs uid-1", "cancel uid-1"}));
  ends.Write(0, "too late");
  ends.End(0, OkStatus());
  ends.Cancel();
  EXPECT_EQ(ends.Read(), Words()) << "the reader was called after it had cancelled";
  EXPECT_EQ(ends.AtAgent().size(), 3U);
}

TEST_P(LinkContract, LetsTheReaderCancelFromInsideItsSink) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.on_bytes = [&] { ends.stream.Cancel(); };
  ends.Connect();
  ends.OpenLogs("uid-1");
  ends.Write(0, "one");
  ends.Write(0, "two");
  ends.world->Settle();
  EXPECT_EQ(ends.Read(), Words{"one"});
  EXPECT_EQ(ends.AtAgent().back(), "cancel uid-1");
}

TEST_P(LinkContract, TellsTheWriterWhatTheReaderHasTaken) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.Connect();
  ends.OpenLogs("uid-1");
  ends.Write(0, "four");
  ends.world->Settle();
  EXPECT_EQ(ends.AtAgent(), (Words{"+", "logs uid-1"})) << "received is not taken";
  ends.Take(3);
  ends.Take(100);
  EXPECT_EQ(ends.AtAgent(), (Words{"+", "logs uid-1", "taken uid-1 3", "taken uid-1 1"}));
  ends.End(0, OkStatus());
  ends.world->Settle();
  ends.Take(1);
  EXPECT_EQ(ends.AtAgent().size(), 4U) << "told after the end";
}

TEST_P(LinkContract, LetsTheReaderTakeFromInsideItsSink) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.on_bytes = [&] { ends.stream.Taken(3); };
  ends.Connect();
  ends.OpenLogs("uid-1");
  ends.Write(0, "one");
  ends.world->Settle();
  EXPECT_EQ(ends.AtAgent().back(), "taken uid-1 3");
}

TEST_P(LinkContract, CarriesAnyAmountWithinTheWindow) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.Connect();
  ends.OpenLogs("uid-1");
  const std::string frame(kMaxStreamFrameBytes, 'x');
  for (int round = 0; round < 3; ++round) {
    for (size_t sent = 0; sent < kStreamWindowBytes; sent += frame.size()) ends.Write(0, frame);
    ends.world->Settle();
    ends.Take(kStreamWindowBytes);
  }
  ends.End(0, OkStatus());
  ends.world->Settle();
  EXPECT_EQ(ends.Read().size(), 3 * kStreamWindowBytes / frame.size() + 1);
  EXPECT_EQ(ends.Read().back(), "end OK");
}

TEST_P(LinkContract, EndsALogWhoseWriterExceedsTheWindow) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.Connect();
  ends.OpenLogs("uid-1");
  const std::string frame(kMaxStreamFrameBytes, 'x');
  for (size_t sent = 0; sent < kStreamWindowBytes; sent += frame.size()) ends.Write(0, frame);
  ends.world->Settle();
  ends.Write(0, "one more");
  ends.Write(0, "and more");
  ends.world->Settle();
  EXPECT_EQ(ends.Read().size(), kStreamWindowBytes / frame.size() + 1);
  EXPECT_EQ(ends.Read().back(), "end Internal");
  EXPECT_EQ(ends.AtAgent().back(), "cancel uid-1");
}

TEST_P(LinkContract, EndsALogWhoseWriterExceedsTheFrame) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.Connect();
  ends.OpenLogs("uid-1");
  ends.Write(0, std::string(kMaxStreamFrameBytes + 1, 'x'));
  ends.world->Settle();
  EXPECT_EQ(ends.Read(), Words{"end Internal"});
  EXPECT_EQ(ends.AtAgent().back(), "cancel uid-1");
}

TEST_P(LinkContract, EndsLogsWhenTheConnectionBreaks) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.Connect();
  ends.OpenLogs("uid-1");
  ends.Disconnect();
  EXPECT_EQ(ends.Read(), Words{"end Unavailable"});
  EXPECT_EQ(ends.AtAgent(), (Words{"+", "logs uid-1", "cancel uid-1"}));
  ends.Write(0, "too late");
  ends.End(0, OkStatus());
  ends.Connect();
  ends.Cancel();
  EXPECT_EQ(ends.Read(), Words{"end Unavailable"});
}

TEST_P(LinkContract, EndsLogsWhenTheAgentGoes) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.Connect();
  ends.OpenLogs("uid-1");
  ends.world->OnAgent([&] { ends.world->agent_end()->SetHandler({}); });
  ends.world->Settle();
  EXPECT_EQ(ends.Read(), Words{"end Unavailable"});
  ends.Cancel();
  EXPECT_EQ(ends.AtAgent(), (Words{"+", "logs uid-1"})) << "what went was called";
  ends.OpenLogs("uid-2");
  EXPECT_EQ(ends.Read(), (Words{"end Unavailable", "end Unavailable"}));
}

TEST_P(LinkContract, RefusesLogsOfANodeThatIsNotConnected) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.OpenLogs("uid-1");
  EXPECT_EQ(ends.Read(), Words{"end Unavailable"});
  ends.Connect();
  ends.OpenLogs("uid-1", "nobody");
  ends.world->Settle();
  EXPECT_EQ(ends.Read(), (Words{"end Unavailable", "end Unavailable"}));
}

TEST_P(LinkContract, CarriesSeveralLogsAtOnce) {
  if (!GetParam().carries_logs) return;
  Ends ends(GetParam());
  ends.Connect();
  ends.OpenLogs("uid-1");
  ends.OpenLogs("uid-2");
  ends.Write(0, "a");
  ends.Write(1, "b");
  ends.End(0, OkStatus());
  ends.Write(1, "c");
  ends.End(1, OkStatus());
  ends.world->Settle();
  EXPECT_EQ(ends.Read(), (Words{"a", "b", "end OK", "c", "end OK"}));
}

}  // namespace
}  // namespace reconcile
