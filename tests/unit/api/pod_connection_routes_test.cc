#include "api/pod_connection_routes.h"

#include "api/routes.h"
#include "sim/virtual_loop.h"
#include "source/fake_source.h"
#include "store/memory_store.h"
#include "tests/support/fake_session_peer.h"

namespace reconcile {
namespace {

class PodConnectionRoutesTest : public testing::Test {
 protected:
  PodConnectionRoutesTest() {
    auto node = std::make_shared<Node>();
    node->metadata.name = "host-1";
    node->metadata.uid = "node-host-1";
    node->spec.pod_cidr = "10.42.0.0/24";
    node->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
    controller_ = std::make_unique<Controller>(ControllerOptions(), &loop_, &random_, &store_,
                                               &source_, &link_);
    CHECK(controller_->Start().ok());
    Settle();
    Put({node, PodNamed("web", {"app"}), PodNamed("two", {"app", "side"}),
         PodNamed("done", {"app"})});
    auto waiting = PodNamed("waiting", {"app"});
    waiting->status.container_statuses[0].state = {.waiting = {{"CrashLoopBackOff", ""}}};
    auto done = std::make_shared<Pod>(*controller_->State()->Find<Pod>("default", "done"));
    done->status.phase = PodPhase::kSucceeded;
    auto placed_nowhere = PodNamed("nowhere", {"app"});
    placed_nowhere->spec.node_name.clear();
    placed_nowhere->spec.node_selector = {{"no", "such"}};
    Put({waiting, done, placed_nowhere});
    link_.handler.on_connected("host-1");
  }
  void Settle() { time_.RunFor(100); }
  void Put(const std::vector<ObjectPtr>& objects) {
    Transaction all;
    for (const ObjectPtr& object : objects) all.writes.push_back({object->key(), object});
    CHECK(store_.Commit(all, store_.Snapshot()->revision()).ok());
  }
  static std::shared_ptr<Pod> PodNamed(const std::string& name,
                                       const std::vector<std::string>& containers) {
    auto pod = std::make_shared<Pod>();
    pod->metadata.name = name;
    pod->metadata.namespace_name = "default";
    pod->metadata.uid = "uid-of-" + name;
    pod->spec.node_name = "host-1";
    pod->status.phase = PodPhase::kRunning;
    for (const std::string& container : containers) {
      pod->spec.containers.push_back({.name = container, .image = "x"});
      pod->status.container_statuses.push_back(
          {.name = container, .state = {.running = ContainerStateRunning()}});
    }
    return pod;
  }
  using Fields = std::vector<std::pair<std::string, std::string>>;
  ApiResponse Ask(const std::string& what, const Fields& fields,
                  const std::string& upgrade = "websocket",
                  const std::vector<std::string>& offered = {"v5.channel.k8s.io"}) {
    ApiRequest request;
    request.method = upgrade.starts_with("spdy") ? "POST" : "GET";
    request.path = "/api/v1/namespaces/default/pods/" + what;
    for (const auto& [name, value] : fields) request.AddQuery(name, value);
    request.upgrade = upgrade;
    request.subprotocols = offered;
    return HandleApi(controller_.get(), &reads_, request, loop_.now());
  }
  static std::string MessageOf(const ApiResponse& response) {
    const Result<Value> body = ParseJson(response.body);
    return body.ok() ? std::to_string(response.code) + " " + body->GetString("message") : "none";
  }
  std::string Refusal(const std::string& what, const Fields& fields) {
    return MessageOf(Ask(what, fields));
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
  ResourceReads reads_{&store_, &loop_};
  const Fields list_ = {{"stdout", "true"}, {"command", "ls"}};
};

TEST_F(PodConnectionRoutesTest, ACommandsWordsReachTheAgentInTheirOrder) {
  const ApiResponse answer = Ask("web/exec", {{"command", "echo"},
                                              {"command", "a b"},
                                              {"command", "a b"},
                                              {"command", ""},
                                              {"stdin", "true"},
                                              {"stdout", "true"},
                                              {"stderr", "true"},
                                              {"tty", "true"}});
  ASSERT_TRUE(answer.socket) << answer.body;
  EXPECT_EQ(answer.socket->subprotocol, "v5.channel.k8s.io");
  FakeSessionPeer peer;
  const auto session = answer.socket->start(&peer);
  ASSERT_EQ(link_.stream_requests.size(), 1U);
  const PodStreamRequest& request = link_.stream_requests[0];
  EXPECT_EQ(request.kind, PodStreamRequest::Kind::kExec);
  EXPECT_EQ(request.pod_uid, "uid-of-web");
  EXPECT_EQ(request.container, "app");
  EXPECT_EQ(request.command, (std::vector<std::string>{"echo", "a b", "a b", ""}));
  EXPECT_TRUE(request.in && request.out && request.tty);
  EXPECT_FALSE(request.err) << "a terminal has one output";
}

TEST_F(PodConnectionRoutesTest, WhatCannotBeServedIsAStatusBeforeThereIsASession) {
  EXPECT_EQ(Refusal("none/exec", list_), "404 pods \"none\" not found");
  EXPECT_EQ(Refusal("two/exec", list_),
            "400 a container name must be specified for pod two, choose one of: [app side]");
  EXPECT_EQ(Refusal("web/attach", {{"stdout", "1"}, {"container", "x"}}),
            "400 container x is not valid for pod web");
  EXPECT_EQ(Refusal("nowhere/exec", list_), "400 pod nowhere does not have a host assigned");
  EXPECT_EQ(Refusal("done/exec", list_), "400 pod done has ended; current phase is Succeeded");
  EXPECT_EQ(Refusal("waiting/exec", list_),
            "400 container \"app\" in pod \"waiting\" is not running: it waits: CrashLoopBackOff");
  EXPECT_EQ(Refusal("web/exec", {{"stdout", "true"}}),
            "400 you must specify at least one command for the container");
  EXPECT_EQ(Refusal("web/exec", {{"command", "ls"}}),
            "400 you must specify at least 1 of stdin, stdout, stderr");
  EXPECT_EQ(Refusal("web/portforward", {}), "400 the query parameter \"ports\" is required");
  EXPECT_EQ(Refusal("web/portforward", {{"ports", "80,x"}}),
            "400 ports: '80,x' is not a list of ports");
  EXPECT_EQ(MessageOf(Ask("web/exec", list_, "")), "400 Upgrade request required");
  EXPECT_EQ(MessageOf(Ask("web/exec", list_, "websocket", {"base64.channel.k8s.io"})),
            "400 the WebSocket offers no subprotocol that is spoken here: v5.channel.k8s.io, "
            "v4.channel.k8s.io");
  link_.handler.on_disconnected("host-1");
  EXPECT_EQ(Refusal("web/exec", list_),
            "503 the agent of node host-1 is not connected, so pod web cannot be reached: see "
            "`reconcile status`");
}

TEST_F(PodConnectionRoutesTest, AnInputOrTerminalIsAttachedToWhereTheManifestHasOne) {
  const Fields all = {{"stdin", "true"}, {"stdout", "true"}, {"tty", "true"}};
  EXPECT_EQ(Refusal("web/attach", all),
            "400 container \"app\" of pod \"web\" reads no standard input: its manifest does not "
            "say `stdin: true`; attach without -i, or run a command of its own by exec -i");
  // As kubectl tries a WebSocket again that was refused.
  EXPECT_EQ(MessageOf(Ask("web/attach", all, "spdy/3.1")), Refusal("web/attach", all));
  EXPECT_TRUE(Ask("web/attach", {{"stdout", "true"}}).socket);
  auto shell = PodNamed("shell", {"app"});
  shell->spec.containers.Edit()[0].others.Set("stdin", Value::Bool(true));
  Put({shell});
  EXPECT_EQ(Refusal("shell/attach", all),
            "400 container \"app\" of pod \"shell\" has no terminal: its manifest does not say "
            "`tty: true`; attach without -t");
  auto terminal = std::make_shared<Pod>(*shell);
  terminal->spec.containers.Edit()[0].others.Set("tty", Value::Bool(true));
  Put({terminal});
  const ApiResponse answer = Ask("shell/attach", all);
  ASSERT_TRUE(answer.socket) << answer.body;
  FakeSessionPeer peer;
  const auto session = answer.socket->start(&peer);
  ASSERT_EQ(link_.stream_requests.size(), 1U);
  EXPECT_EQ(link_.stream_requests[0].kind, PodStreamRequest::Kind::kAttach);
  EXPECT_TRUE(link_.stream_requests[0].in && link_.stream_requests[0].tty);
}

TEST_F(PodConnectionRoutesTest, OldClientsAreToldWhichOneToUse) {
  EXPECT_NE(MessageOf(Ask("web/exec", list_, "spdy/3.1"))
                .find("use kubectl 1.31 or newer, 1.29 or 1.30 with "
                      "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true"),
            std::string::npos);
  EXPECT_NE(MessageOf(Ask("web/portforward", {}, "spdy/3.1"))
                .find("KUBECTL_PORT_FORWARD_WEBSOCKETS=true"),
            std::string::npos);
  // A WebSocket that was refused is tried again so: the reason is the same.
  EXPECT_EQ(MessageOf(Ask("done/exec", list_, "spdy/3.1")),
            "400 pod done has ended; current phase is Succeeded");
}

TEST_F(PodConnectionRoutesTest, PortsAreForwardedByEachProtocolThatIsOffered) {
  FakeSessionPeer peer;
  const ApiResponse channels = Ask("web/portforward", {{"ports", "80,81"}, {"ports", "82"}},
                                   "websocket", {"v4.channel.k8s.io"});
  ASSERT_TRUE(channels.socket) << channels.body;
  const auto session = channels.socket->start(&peer);
  ASSERT_EQ(link_.stream_requests.size(), 3U);
  EXPECT_EQ(link_.stream_requests[2].port, 82);
  EXPECT_EQ(link_.stream_requests[2].kind, PodStreamRequest::Kind::kPortForward);
  const ApiResponse spdy = Ask("web/portforward", {}, "websocket", {"SPDY/3.1+portforward.k8s.io"});
  ASSERT_TRUE(spdy.socket) << spdy.body;
  EXPECT_EQ(spdy.socket->subprotocol, "SPDY/3.1+portforward.k8s.io");
}

// A StatefulSet gives its pods' names again.
TEST_F(PodConnectionRoutesTest, ASessionDoesNotGoOnInAnotherPodOfTheSameName) {
  const ApiResponse answer = Ask("web/portforward", {{"ports", "80"}});
  auto other = PodNamed("web", {"app"});
  other->metadata.uid = "another";
  Put({other});
  FakeSessionPeer peer;
  const auto session = answer.socket->start(&peer);
  EXPECT_TRUE(link_.stream_requests.empty());
  EXPECT_EQ(peer.sent.back(), "\1pod default/web is gone");
}

}  // namespace
}  // namespace reconcile
