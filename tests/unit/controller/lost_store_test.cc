// A controller and three hosts, all of them real but for engine and network: the store is lost, or
// replaced by an older one, and no container notices.
#include <gtest/gtest.h>

#include "agent/agent.h"
#include "agent/containers.h"
#include "agent/fake_host_files.h"
#include "agent/fake_prober.h"
#include "controller/controller.h"
#include "net/fake_network.h"
#include "runtime/fake_runtime.h"
#include "sim/sim_link.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {
namespace {

constexpr const char* kHosts[] = {"host-1", "host-2", "host-3"};

std::string ManifestOf(const std::string& image, int replicas) {
  const std::string pods =
      "  template:\n    metadata: {labels: {app: NAME}}\n    spec:\n      containers:\n      - "
      "{name: "
      "main, image: '" +
      image + "', envFrom: [{configMapRef: {name: settings}}]}\n";
  const auto named = [](std::string text, const std::string& name) {
    for (size_t at = text.find("NAME"); at != std::string::npos; at = text.find("NAME")) {
      text.replace(at, 4, name);
    }
    return text;
  };
  const std::string count = std::to_string(replicas);
  return "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop}\n"
         "data: {mode: fast}\n---\n"
         "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n"
         "  replicas: " +
         count + "\n  selector: {matchLabels: {app: web}}\n" + named(pods, "web") +
         "---\napiVersion: v1\nkind: ReplicationController\nmetadata: {name: rc, namespace: "
         "shop}\nspec:\n  replicas: 2\n" +
         named(pods, "rc") +
         "---\napiVersion: v1\nkind: Pod\nmetadata: {name: single, namespace: shop}\nspec:\n"
         "  containers:\n  - {name: main, image: 'shop:1'}\n";
}

struct TestHost {
  TestHost(const std::string& name, VirtualTime* time, SimNetwork* network)
      : loop(time), engine(&loop), devices(&loop), random(3) {
    for (const char* image : {"shop:1", "shop:2"}) engine.SetImage(image, {.present = true});
    engine.SetObserver([this](const FakeChange& change) {
      if (change.what == "die") devices.ProcessEnded(change.container.process_id);
    });
    options.node_name = name;
    options.host_ip = "192.0.2.1";
    options.read_resolv_conf = [] { return std::string("nameserver 192.0.2.53\n"); };
    options.verify = [](std::string_view text, const std::string& proof) {
      return proof == "signed:" + std::string(text);
    };
    link = network->MakeAgentEnd(name, &loop);
    runtime = engine.Connect();
    host_network = devices.Connect();
    agent = std::make_unique<Agent>(options, &loop, &random, runtime.get(), host_network.get(),
                                    &files, &prober, link.get());
    agent->Start();
  }
  VirtualLoop loop;
  FakeEngine engine;
  FakeNetwork devices;
  FakeHostFiles files;
  SeededRandom random;
  FakeProber prober{&loop, [](const ProbeRequest&) { return std::nullopt; }};  // nobody is asked
  AgentOptions options;
  std::unique_ptr<ControllerLink> link;
  std::unique_ptr<ContainerRuntime> runtime;
  std::unique_ptr<HostNetwork> host_network;
  std::unique_ptr<Agent> agent;
};

class LostStoreTest : public testing::Test {
 protected:
  LostStoreTest() {
    options_.sources = {{"main", {"/repository", "", ""}}};
    options_.cluster_id = "cluster-1";
    options_.expected_nodes.assign(std::begin(kHosts), std::end(kHosts));
    options_.sign_lineage = [](const LineageClaim& claim) -> Result<std::string> {
      return "signed:" + LineageText(claim);
    };
    for (const char* name : kHosts) {
      hosts_.push_back(std::make_unique<TestHost>(name, &time_, &network_));
    }
  }
  ~LostStoreTest() override {
    controller_.reset();
    hosts_.clear();
  }
  void StartOn(Store* store) {
    controller_.reset();
    end_.reset();
    end_ = network_.MakeControllerEnd(&loop_);
    controller_ =
        std::make_unique<Controller>(options_, &loop_, &random_, store, &source_, end_.get());
    ASSERT_TRUE(controller_->Start().ok());
  }
  // The container ids of all hosts that run.
  std::set<std::string> Running() const {
    std::set<std::string> ids;
    for (const auto& host : hosts_) {
      for (const ContainerInfo& info : host->engine.Containers()) {
        if (IsLive(info)) ids.insert(host->options.node_name + "/" + info.id);
      }
    }
    return ids;
  }
  void Settle() { time_.RunFor(120'000); }
  bool Converged() const { return controller_->Settled() && controller_->Unconverged().empty(); }
  std::string Lines() const {
    std::string text;
    for (const auto& lines : {controller_->UnderWay(), controller_->Unconverged()}) {
      for (const std::string& line : lines) text += line + "\n";
    }
    return text;
  }
  void RunCluster() {
    source_.SetFiles("c1", {{"shop.yaml", ManifestOf("shop:1", 5)}});
    StartOn(&store_);
    Settle();
    ASSERT_TRUE(Converged()) << Lines();
    ASSERT_EQ(Running().size(), 16U) << "eight pods, each with its sandbox";
  }
  // As a backup: everything, and the mark that `restore` leaves.
  static void CopyTo(MemoryStore* copy, const ClusterState& state) {
    Transaction all;
    for (const Kind kind : kAllKinds) {
      for (const auto& [key, object] : state.Objects(kind)) {
        ObjectPtr kept = object;
        if (const Cluster* cluster = As<Cluster>(*object)) {
          const auto ended = std::make_shared<Cluster>(*cluster);
          ended->lineage.clear();
          ended->lineage_proof.clear();
          kept = ended;
        }
        all.writes.push_back({key, kept});
      }
    }
    ASSERT_TRUE(copy->Commit(all, 0).ok());
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SimNetwork network_{&time_, 5};
  SeededRandom random_{1};
  MemoryStore store_;
  MemoryStore other_;
  InstantSource source_;
  ControllerOptions options_;
  std::unique_ptr<AgentLink> end_;
  std::unique_ptr<Controller> controller_;
  std::vector<std::unique_ptr<TestHost>> hosts_;
};

TEST_F(LostStoreTest, Faults_Line28_AWipedStoreIsRebuiltAndNoContainerNotices) {
  RunCluster();
  const std::set<std::string> before = Running();
  StartOn(&other_);
  Settle();
  EXPECT_EQ(Running(), before);
  EXPECT_TRUE(Converged()) << Lines();
  EXPECT_EQ(controller_->State()->Objects(Kind::kPod).size(), 8U);
  Settle();
  EXPECT_EQ(Running(), before);
  source_.SetFiles("c2", {{"shop.yaml", ManifestOf("shop:1", 6)}});
  Settle();
  EXPECT_TRUE(Converged()) << Lines();
  const std::set<std::string> after = Running();
  EXPECT_EQ(after.size(), 18U);
  EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()));
}

TEST_F(LostStoreTest, Faults_Line30_ARestoredOlderStoreStopsNothingThatGitDeclares) {
  RunCluster();
  CopyTo(&other_, *store_.Snapshot());
  source_.SetFiles("c2", {{"shop.yaml", ManifestOf("shop:2", 7)}});
  for (int i = 0; i < 5; ++i) Settle();
  ASSERT_TRUE(Converged()) << Lines();
  const std::set<std::string> before = Running();
  ASSERT_EQ(before.size(), 20U);
  StartOn(&other_);
  Settle();
  Settle();
  EXPECT_EQ(Running(), before);
  EXPECT_TRUE(Converged()) << Lines();
  // The old one is started by mistake: nobody obeys it.
  StartOn(&store_);
  source_.SetFiles("c3", {{"shop.yaml", ManifestOf("shop:1", 6)}});
  Settle();
  EXPECT_EQ(Running(), before);
  EXPECT_FALSE(Converged());
  StartOn(&other_);
  Settle();
  for (int i = 0; i < 5; ++i) Settle();
  EXPECT_TRUE(Converged()) << Lines();
}

TEST_F(LostStoreTest, ACrashInTheMidstOfRecoveryAndLostMessagesStopNothing) {
  RunCluster();
  const std::set<std::string> before = Running();
  network_.SetFaults({.lost_per_mille = 150, .repeated_per_mille = 100, .delayed_per_mille = 200});
  for (int crash = 0; crash < 12; ++crash) {
    StartOn(&other_);
    time_.RunFor(500 + 700 * crash);
    EXPECT_EQ(Running(), before) << "crash " << crash;
  }
  network_.SetFaults({});
  for (int i = 0; i < 3; ++i) Settle();
  EXPECT_EQ(Running(), before);
  EXPECT_TRUE(Converged()) << Lines();
}

TEST_F(LostStoreTest, AHostThatWasDownMeanwhileKeepsItsContainersToo) {
  RunCluster();
  const std::set<std::string> before = Running();
  network_.Cut("host-2");
  StartOn(&other_);
  time_.RunFor(60'000);
  EXPECT_EQ(Running(), before) << "recovery waits for it";
  network_.Mend("host-2");
  Settle();
  EXPECT_EQ(Running(), before);
  EXPECT_TRUE(Converged()) << Lines();
}

}  // namespace
}  // namespace reconcile
