#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "schema/core.h"
#include "schema/workload.h"
#include "sim/virtual_loop.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {

inline std::string ControllerOf(int replicas) {
  return "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: web}\nspec:\n  replicas: " +
         std::to_string(replicas) +
         "\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n"
         "      - {name: main, image: 'app:1'}\n";
}

inline Report ReportOf(const std::string& node, int64_t sequence) {
  Report report;
  report.node = node;
  report.agent_start = "start-1";
  report.sequence = sequence;
  report.node_status.capacity = {{"cpu", Quantity::FromUnits(4)},
                                 {"memory", Quantity::FromUnits(8LL << 30)},
                                 {"pods", Quantity::FromUnits(110)}};
  report.node_status.allocatable = report.node_status.capacity;
  report.node_status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
  return report;
}

class ControllerTest : public testing::Test {
 protected:
  ControllerTest() {
    ControllerOptions options;
    options.sources = {{"main", {"/repository", "", ""}}};
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
  }
  void Start() {
    ASSERT_TRUE(controller_->Start().ok());
    Settle();
  }
  void Settle() { time_.RunFor(10); }
  void Say(const Report& report) {
    link_.handler.on_report(report);
    Settle();
  }
  void Connect() {
    link_.handler.on_connected("host-1");
    Say(ReportOf("host-1", ++sequence_));
  }
  // What an agent says that did as it was told: every pod it was given runs.
  Report WhatRuns(const std::string& node) {
    Report report = ReportOf(node, ++sequence_);
    const Assignment& assignment = link_.sent[node].back();
    report.applied = assignment.fence;
    for (const auto& pod : assignment.pods) {
      PodReport pod_report{
          pod->metadata.namespace_name, pod->metadata.name, pod->metadata.uid, {}, false};
      pod_report.gone = pod->metadata.deletion_timestamp.has_value();
      pod_report.status.phase = PodPhase::kRunning;
      pod_report.status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
      report.pods.push_back(pod_report);
    }
    return report;
  }
  void RunWhatIsAssigned() { Say(WhatRuns("host-1")); }
  // "Type Reason" of the Events about an object.
  std::vector<std::string> EventsOf(Kind kind, const std::string& name) {
    std::vector<std::string> events;
    controller_->State()->ForEach<Event>([&](const std::shared_ptr<const Event>& event) {
      const ObjectReference& about = event->involved_object;
      if (about.kind != ToString(kind) || about.name != name) return;
      events.push_back((event->type == EventType::kWarning ? "Warning " : "Normal ") +
                       event->reason);
    });
    std::sort(events.begin(), events.end());
    return events;
  }
  std::shared_ptr<const Node> Host() { return controller_->State()->Find<Node>("", "host-1"); }
  size_t PodCount() { return controller_->State()->Objects(Kind::kPod).size(); }
  SourceStatus SourceState() { return controller_->State()->Find<Source>("", "main")->status; }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  InstantSource source_;
  FakeAgentLink link_;
  int64_t sequence_ = 0;
  std::unique_ptr<Controller> controller_;
};

}  // namespace reconcile
