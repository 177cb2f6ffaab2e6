// A cluster whose controller starts again on another database, with agents that go on.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "link/lineage.h"
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {

// Agents that do as they are told, and tell what they run.
class Agents {
 public:
  explicit Agents(FakeAgentLink* link) : link_(link) {}

  void Connect(const std::string& node) {
    if (link_->handler.on_connected) link_->handler.on_connected(node);
    Report(node);
  }
  void Report(const std::string& node) {
    reconcile::Report report = ReportOf(node, ++sequence_);
    const auto applied = applied_.find(node);
    if (applied != applied_.end()) {
      report.applied = applied->second.fence;
      for (const auto& pod : applied->second.pods) {
        PodReport told{
            pod->metadata.namespace_name, pod->metadata.name, pod->metadata.uid, {}, false};
        told.gone = pod->metadata.deletion_timestamp.has_value();
        told.status = RunningStatus();
        report.pods.push_back(told);
      }
    }
    if (link_->handler.on_report) link_->handler.on_report(report);
  }
  void Obey(const std::string& node) {
    if (!link_->sent[node].empty()) applied_[node] = link_->sent[node].back();
    Report(node);
  }
  Inventory InventoryOf(const std::string& node) const {
    Inventory inventory;
    inventory.node = node;
    const auto applied = applied_.find(node);
    if (applied == applied_.end()) return inventory;
    inventory.fence = applied->second.fence;
    inventory.node_pod_cidr = applied->second.node_pod_cidr;
    inventory.services = applied->second.services;
    for (const auto& pod : applied->second.pods) {
      const auto told = std::make_shared<Pod>(*pod);
      told->status = RunningStatus();
      inventory.pods.push_back(told);
    }
    return inventory;
  }
  void Answer(const std::string& node) { link_->handler.on_inventory(InventoryOf(node)); }
  std::set<std::string> Uids(const std::string& node) const {
    std::set<std::string> uids;
    const auto applied = applied_.find(node);
    if (applied == applied_.end()) return uids;
    for (const auto& pod : applied->second.pods) {
      if (!pod->metadata.deletion_timestamp) uids.insert(pod->metadata.uid);
    }
    return uids;
  }
  const Assignment& Applied(const std::string& node) const { return applied_.at(node); }
  // What an earlier controller had sent arrives now.
  void Apply(const Assignment& assignment) { applied_[assignment.node] = assignment; }

 private:
  static PodStatus RunningStatus() {
    PodStatus status;
    status.phase = PodPhase::kRunning;
    status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
    return status;
  }
  FakeAgentLink* const link_;
  std::map<std::string, Assignment> applied_;
  int64_t sequence_ = 0;
};

class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() {
    options_.sources = {{"main", {"/repository", "", ""}}};
    options_.cluster_id = "cluster-1";
    options_.sign_lineage = [](const LineageClaim& claim) -> Result<std::string> {
      return "signed:" + LineageText(claim);
    };
    options_.expected_nodes = {"host-1", "host-2"};
  }
  void StartOn(Store* store) {
    link_.handler = {};
    link_.sent.clear();
    link_.inventory_asked.clear();
    controller_.reset();
    controller_ = std::make_unique<Controller>(options_, &loop_, &random_, store, &source_, &link_);
    ASSERT_TRUE(controller_->Start().ok());
    Settle();
  }
  void Settle() { time_.RunFor(10); }
  void ConnectAll() {
    for (const char* node : {"host-1", "host-2"}) agents_.Connect(node);
    Settle();
  }
  void AnswerAll() {
    for (const char* node : {"host-1", "host-2"}) agents_.Answer(node);
    Settle();
  }
  void ObeyAll() {
    for (int i = 0; i < 4; ++i) {
      for (const char* node : {"host-1", "host-2"}) agents_.Obey(node);
      Settle();
    }
  }
  // What a copy of the database has, put back: `change` is given each object.
  void CopyTo(Store* copy, const std::function<ObjectPtr(ObjectPtr)>& change) {
    Transaction all;
    const std::shared_ptr<const ClusterState> state = store_.Snapshot();
    for (const Kind kind : kAllKinds) {
      for (const auto& [key, object] : state->Objects(kind)) {
        ObjectPtr kept = change(object);
        if (kind == Kind::kCluster) {
          const auto cluster = std::make_shared<Cluster>(*As<Cluster>(*object));
          cluster->lineage.clear();
          cluster->lineage_proof.clear();
          kept = cluster;
        }
        all.writes.push_back({key, kept});
      }
    }
    ASSERT_TRUE(copy->Commit(all, 0).ok());
  }
  // A cluster that runs `files`.
  void RunCluster(const std::map<std::string, std::string>& files) {
    source_.SetFiles("c1", files);
    StartOn(&store_);
    ConnectAll();
    ObeyAll();
    ASSERT_TRUE(controller_->Settled()) << controller_->UnderWay().front();
  }
  // A cluster whose controller was restored from `copy` and has learned what the hosts run; what
  // the first host was assigned before.
  Assignment RestoreACopy(Store* copy) {
    RunCluster({{"rc.yaml", ControllerOf(2)}});
    CopyTo(copy, [](ObjectPtr object) { return object; });
    const Assignment before = agents_.Applied("host-1");
    time_.RunFor(60'000);
    StartOn(copy);
    ConnectAll();
    AnswerAll();
    return before;
  }
  // The host says that it follows an assignment which another controller had sent.
  void ArriveLate(const Assignment& assignment) {
    agents_.Apply(assignment);
    time_.RunFor(10'000);
    agents_.Report(assignment.node);
    Settle();
  }
  std::set<std::string> AllUids() const {
    std::set<std::string> uids = agents_.Uids("host-1");
    uids.merge(agents_.Uids("host-2"));
    return uids;
  }
  std::string Work() const {
    std::string text;
    for (const std::string& line : controller_->UnderWay()) text += line + "\n";
    return text;
  }
  std::shared_ptr<const Cluster> ClusterNow() const {
    return controller_->State()->Find<Cluster>("", "cluster");
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  MemoryStore wiped_;
  InstantSource source_;
  FakeAgentLink link_;
  Agents agents_{&link_};
  ControllerOptions options_;
  std::unique_ptr<Controller> controller_;
};

}  // namespace reconcile
