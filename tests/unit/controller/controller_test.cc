#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

TEST_F(ControllerTest, TurnsACommitIntoAssignedPods) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  ASSERT_FALSE(link_.sent["host-1"].empty());
  EXPECT_EQ(link_.sent["host-1"].back().pods.size(), 2U);
  EXPECT_EQ(SourceState().applied_commit, "c1");
}

// A few at a time; those that cannot be told now do not keep the others from it, nor are they tried
// for ever.
TEST_F(ControllerTest, HandsOutToEveryHostWhateverTheirNumber) {
  constexpr int kHosts = 13;
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2 * kHosts)}});
  Start();
  const auto name = [](int i) { return "host-" + std::to_string(100 + i); };
  for (int i = 0; i < kHosts; ++i) {
    link_.handler.on_connected(name(i));
    link_.handler.on_report(ReportOf(name(i), ++sequence_));
  }
  Settle();
  const auto told = [&] {
    size_t pods = 0;
    for (int i = 0; i < kHosts; ++i) pods += link_.sent[name(i)].back().pods.size();
    return pods;
  };
  EXPECT_EQ(told(), size_t{2 * kHosts});
  link_.reachable = false;
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(3 * kHosts)}});
  Settle();
  EXPECT_EQ(told(), size_t{2 * kHosts});
  EXPECT_EQ(PodCount(), size_t{3 * kHosts});
  link_.reachable = true;
  source_.SetFiles("c3", {{"web.yaml", ControllerOf(4 * kHosts)}});
  Settle();
  EXPECT_EQ(told(), size_t{4 * kHosts});
}

// A hand-out that is under way reaches the last host, though there is news for all of them each
// time that some were handed theirs.
TEST_F(ControllerTest, NewsThatComesAllTheTimeKeepsNoHostFromItsPart) {
  constexpr int kHosts = 40;
  constexpr int kMoves = 60;
  Start();
  const auto name = [](int i) { return "host-" + std::to_string(100 + i); };
  for (int i = 0; i < kHosts; ++i) {
    link_.handler.on_connected(name(i));
    link_.handler.on_report(ReportOf(name(i), ++sequence_));
  }
  Settle();
  const size_t before = link_.sent[name(kHosts - 1)].size();
  size_t meanwhile = 0;
  std::string address;
  // The way to the first host is another one each time, which all have to know.
  const std::function<void(int)> move = [&](int times) {
    meanwhile = link_.sent[name(kHosts - 1)].size() - before;
    if (times == 0) return;
    address = "192.0.2." + std::to_string(times);
    Report report = ReportOf(name(0), ++sequence_);
    report.node_status.addresses = {{"InternalIP", address}};
    link_.handler.on_report(report);
    loop_.Post([&, times] { move(times - 1); });
  };
  loop_.Post([&] { move(kMoves); });
  Settle();
  EXPECT_GE(meanwhile, 2U);
  const auto nodes = link_.sent[name(kHosts - 1)].back().nodes;
  ASSERT_FALSE(nodes.empty());
  ASSERT_EQ(nodes[0]->status.addresses.size(), 1U);
  EXPECT_EQ(nodes[0]->status.addresses[0].address, address);
}

TEST_F(ControllerTest, ConvergesAndThenWritesAndSendsNothing) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  EXPECT_EQ(controller_->Unconverged(), std::vector<std::string>());
  const Revision revision = controller_->State()->revision();
  const size_t sent = link_.sent["host-1"].size();
  for (int i = 0; i < 20; ++i) {
    time_.RunFor(5'000);
    RunWhatIsAssigned();
  }
  EXPECT_EQ(controller_->State()->revision(), revision);
  EXPECT_EQ(link_.sent["host-1"].size(), sent);
}

TEST_F(ControllerTest, KeepsTheLastGoodCommitWhenANewerOneDoesNotParse) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  source_.SetFiles("c2", {{"web.yaml", "kind: [\n"}});
  Settle();
  EXPECT_EQ(SourceState().applied_commit, "c1");
  EXPECT_EQ(SourceState().seen_commit, "c2");
  const SourceStatus status = SourceState();
  const Condition* ready = FindCondition(status.conditions, "Ready");
  ASSERT_NE(ready, nullptr);
  EXPECT_EQ(ready->status, ConditionStatus::kFalse);
  EXPECT_NE(ready->message.find("web.yaml:"), std::string::npos) << ready->message;
  EXPECT_EQ(PodCount(), 2U);
}

TEST_F(ControllerTest, KeepsWhatRunsWhenTheRepositoryDoesNotAnswer) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  source_.answer = UnavailableError("no answer");
  source_.hint();
  Settle();
  EXPECT_EQ(PodCount(), 2U);
  const SourceStatus status = SourceState();
  EXPECT_EQ(FindCondition(status.conditions, "Ready")->reason, "FetchFailed");
}

TEST_F(ControllerTest, HoldsACommitThatEmptiesTheTreeUntilItIsConfirmed) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  source_.SetFiles("c2", {});
  Settle();
  ASSERT_TRUE(SourceState().held.has_value());
  EXPECT_EQ(PodCount(), 1U);
  EXPECT_EQ(controller_->Confirm("nonsense").code(), StatusCode::kNotFound);
  ASSERT_TRUE(controller_->Confirm(SourceState().held->plan_hash).ok());
  Settle();
  EXPECT_FALSE(SourceState().held.has_value());
  RunWhatIsAssigned();
  EXPECT_EQ(PodCount(), 0U);
}

TEST_F(ControllerTest, PlansWhatTheTrailerOfACommitConfirms) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  const auto held = controller_->PlanManifests("main", {"c2", {}});
  ASSERT_TRUE(held.ok());
  ASSERT_TRUE(held->held.has_value());
  const auto confirmed =
      controller_->PlanManifests("main", {"c2", {}, {"prune=" + held->held->plan_hash}});
  ASSERT_TRUE(confirmed.ok());
  EXPECT_FALSE(confirmed->held.has_value());
}

TEST_F(ControllerTest, HoldsACommitForThePodsThatTheOneBeforeItStopped) {
  const std::string map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(8)}, {"map.yaml", map}});
  Start();
  Connect();
  RunWhatIsAssigned();
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(4)}, {"map.yaml", map}});
  Settle();
  RunWhatIsAssigned();
  EXPECT_EQ(PodCount(), 4U);
  ASSERT_EQ(SourceState().recent_prunes.size(), 1U);
  EXPECT_EQ(SourceState().recent_prunes[0].pods, 4);
  source_.SetFiles("c3", {{"web.yaml", ControllerOf(1)}, {"map.yaml", map}});
  Settle();
  ASSERT_TRUE(SourceState().held.has_value());
  ASSERT_TRUE(controller_->Confirm(SourceState().held->plan_hash).ok());
  Settle();
  RunWhatIsAssigned();
  EXPECT_EQ(PodCount(), 1U);
  EXPECT_EQ(SourceState().recent_prunes.size(), 1U) << "what was confirmed does not count";
}

TEST_F(ControllerTest, SendsNothingBeforeItIsDurable) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  store_.set_unavailable(true);
  Connect();
  EXPECT_TRUE(link_.sent["host-1"].empty());
  store_.set_unavailable(false);
  time_.RunFor(15'000);
  ASSERT_FALSE(link_.sent["host-1"].empty());
  EXPECT_EQ(link_.sent["host-1"].back().pods.size(), 2U);
}

TEST_F(ControllerTest, IgnoresAnOlderReport) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  Report old = ReportOf("host-1", 1);
  old.node_status.conditions = {{.type = "Ready", .status = ConditionStatus::kFalse}};
  Say(old);
  EXPECT_TRUE(IsReady(*controller_->State()->Find<Node>("", "host-1")));
}

TEST_F(ControllerTest, MarksASilentNodeAndItsPodsNotReady) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  time_.RunFor(14'000);
  EXPECT_TRUE(IsReady(*controller_->State()->Find<Node>("", "host-1")));
  time_.RunFor(2'000);
  EXPECT_FALSE(IsReady(*controller_->State()->Find<Node>("", "host-1")));
  controller_->State()->ForEach<Pod>(
      [](const std::shared_ptr<const Pod>& pod) { EXPECT_FALSE(IsReady(*pod)); });
  RunWhatIsAssigned();
  EXPECT_TRUE(IsReady(*controller_->State()->Find<Node>("", "host-1")));
}

TEST_F(ControllerTest, SendsAnAssignmentAgainThatTheAgentNeverTook) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  const size_t sent = link_.sent["host-1"].size();
  Report behind = ReportOf("host-1", ++sequence_);
  time_.RunFor(6'000);
  Say(behind);
  EXPECT_EQ(link_.sent["host-1"].size(), sent + 1);
}

TEST_F(ControllerTest, BeginsANewEpochAtEveryStartAndKeepsItsIdentity) {
  Start();
  const auto first = controller_->State()->Find<Cluster>("", "cluster");
  ControllerOptions options;
  controller_ = std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
  Start();
  const auto second = controller_->State()->Find<Cluster>("", "cluster");
  EXPECT_EQ(second->cluster_id, first->cluster_id);
  EXPECT_EQ(second->lineage, first->lineage);
  EXPECT_EQ(second->epoch, first->epoch + 1);
}

TEST_F(ControllerTest, KeepsThePodAddressesOfItsClusterAndRefusesOthers) {
  const auto start_with = [this](const std::string& pod_cidr) {
    ControllerOptions options;
    options.pod_cidr = pod_cidr;
    Controller controller(options, &loop_, &random_, &store_, &source_, &link_);
    return controller.Start();
  };
  ASSERT_TRUE(start_with("10.50.0.0/16").ok());
  EXPECT_TRUE(start_with("").ok());
  EXPECT_EQ(store_.Snapshot()->Find<Cluster>("", "cluster")->pod_cidr, "10.50.0.0/16");
  const Status refused = start_with("10.60.0.0/16");
  EXPECT_EQ(refused.code(), StatusCode::kInvalid);
  EXPECT_NE(refused.message().find("this cluster has 10.50.0.0/16"), std::string::npos);
}

TEST_F(ControllerTest, PodsAndServicesHaveRangesOfTheirOwn) {
  const auto start_with = [this](const std::string& service_cidr) {
    ControllerOptions options;
    options.service_cidr = service_cidr;
    options.cluster_domain = "example.internal";
    options.network_backend = "host-gw";
    options.unreachable_toleration_ms = 60'000;
    Controller controller(options, &loop_, &random_, &store_, &source_, &link_);
    return controller.Start();
  };
  const Status refused = start_with("10.42.128.0/20");
  EXPECT_EQ(refused.code(), StatusCode::kInvalid);
  EXPECT_NE(refused.message().find("overlap"), std::string::npos) << refused.message();
  EXPECT_FALSE(start_with("10.0.0.0/8").ok());
  ASSERT_TRUE(start_with("10.97.0.0/16").ok());
  ASSERT_TRUE(start_with("").ok());
  const auto cluster = store_.Snapshot()->Find<Cluster>("", "cluster");
  EXPECT_EQ(cluster->service_cidr, "10.97.0.0/16");
  EXPECT_EQ(cluster->cluster_domain, "example.internal");
  EXPECT_EQ(cluster->network_backend, "host-gw");
  EXPECT_EQ(cluster->unreachable_toleration_ms, 60'000);
  ASSERT_TRUE(start_with("10.98.0.0/16").ok()) << "nothing has an address yet";
  auto service = std::make_shared<Service>();
  service->metadata.namespace_name = "default";
  service->metadata.name = "web";
  service->spec.cluster_ip = "10.98.1.1";
  ASSERT_TRUE(store_.Commit({{{service->key(), service}}}, store_.Snapshot()->revision()).ok());
  const Status late = start_with("10.97.0.0/16");
  EXPECT_NE(late.message().find("have addresses of 10.98.0.0/16"), std::string::npos);
}

TEST_F(ControllerTest, PlansWithoutChangingAnything) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  const Revision revision = controller_->State()->revision();
  const auto answer = controller_->PlanManifests(
      "", {"worktree", {{"web.yaml", "b", std::make_shared<std::string>(ControllerOf(3))}}});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->preview.pods.size(), 2U);
  Settle();
  EXPECT_EQ(controller_->State()->revision(), revision);
}

TEST_F(ControllerTest, PlansOneCommitAfterAnother) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  const auto tree = [](const std::string& commit, int replicas) {
    return Controller::PlanInput{
        commit, {{"web.yaml", commit, std::make_shared<std::string>(ControllerOf(replicas))}}};
  };
  const Controller::PlanInput before = tree("before", 2);
  const auto answer = controller_->PlanManifests("main", tree("after", 5), &before);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->preview.pods.size(), 3U);
  const auto again = controller_->PlanManifests("main", tree("after", 5));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->preview.pods.size(), 4U);
}

TEST_F(ControllerTest, PredictsThePodsThatItThenMakes) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  const auto answer = controller_->PlanManifests(
      "main", {"worktree", {{"web.yaml", "b", std::make_shared<std::string>(ControllerOf(3))}}});
  ASSERT_TRUE(answer.ok());
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(3)}});
  Settle();
  for (const PodPreview& pod : answer->preview.pods) {
    const auto made = controller_->State()->Find<Pod>(pod.key.namespace_name, pod.key.name);
    ASSERT_NE(made, nullptr) << pod.key.name;
    EXPECT_EQ(made->spec.node_name, pod.node);
  }
}

}  // namespace
}  // namespace reconcile
