#include "tests/unit/agent/agent_fixture.h"

#include <algorithm>

#include "agent/containers.h"
#include "base/ids.h"

namespace reconcile {

Status RecordingLink::Send(const Report& report) {
  if (!connected) return UnavailableError("not connected");
  // As on a wire: what arrives is what was encoded.
  const Result<Report> arrived = DecodeReport(EncodeReport(report));
  if (!arrived.ok()) return arrived.status();
  reports.push_back(*arrived);
  return OkStatus();
}

Status RecordingLink::SendInventory(const Inventory& inventory) {
  if (!connected) return UnavailableError("not connected");
  const Result<Inventory> arrived = DecodeInventory(EncodeInventory(inventory));
  if (!arrived.ok()) return arrived.status();
  inventories.push_back(*arrived);
  return OkStatus();
}

void RecordingLink::Connect() {
  connected = true;
  handler_.on_connected();
}

AgentTest::AgentTest() {
  options.node_name = "host-1";
  options.host_ip = "192.0.2.1";
  options.read_resolv_conf = [this] { return resolv_conf; };
  assignment.fence = {"cluster-a", "lineage-a", 1, 0};
  assignment.node = "host-1";
  assignment.cluster_pod_cidr = "10.42.0.0/16";
  assignment.node_pod_cidr = "10.42.3.0/24";
  engine.SetImage("shop:1", {.present = true});
  // A process's network namespace ends with it, and takes the device and the route along.
  engine.SetObserver([this](const FakeChange& change) {
    const std::string& id = change.container.id;
    if (change.what == "start") process_ids_[id] = change.container.process_id;
    if (change.what == "begin" && !network.WasAttached(process_ids_[id]))
      began_unattached.insert(id);
    if (change.what == "die") network.ProcessEnded(process_ids_[id]);
  });
  network.SetOnAttached([this](int64_t process_id) { engine.NetworkAttached(process_id); });
}

void AgentTest::StartAgent() {
  runtime_ = engine.Connect();
  host_network_ = network.Connect();
  prober_ = std::make_unique<FakeProber>(&loop, [this](const ProbeRequest& request) {
    probed.push_back(request);
    return answer(request);
  });
  agent = std::make_unique<Agent>(options, &loop, &random, runtime_.get(), host_network_.get(),
                                  &files, prober_.get(), &link);
  agent->Start();
}

void AgentTest::KillAgent() {
  agent.reset();
  prober_.reset();
  host_network_.reset();
  runtime_.reset();
}

void AgentTest::Assign() {
  ++assignment.fence.revision;
  link.Assign(assignment);
}

void AgentTest::AddPod(const std::string& name, const std::string& image) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_name = "default";
  pod->metadata.uid = DeriveUid({name});
  pod->spec.node_name = "host-1";
  Container container;
  container.name = "app";
  container.image = image;
  container.image_pull_policy = PullPolicy::kIfNotPresent;
  pod->spec.containers = {container};
  assignment.pods.push_back(pod);
}

void AgentTest::DeletePod(const std::string& name, int64_t grace_seconds) {
  for (auto& pod : assignment.pods) {
    if (pod->metadata.name != name) continue;
    auto copy = std::make_shared<Pod>(*pod);
    copy->metadata.deletion_timestamp = WallTime{loop.now().wall.ms + grace_seconds * 1000};
    copy->metadata.deletion_grace_period_seconds = grace_seconds;
    pod = copy;
  }
}

void AgentTest::Settle() {
  ASSERT_TRUE(loop.RunUntil([&] { return agent->Settled(); })) << "the agent does not settle";
  loop.RunFor(200);  // its last report goes out
}

std::vector<ContainerInfo> AgentTest::Running(const std::string& container) const {
  std::vector<ContainerInfo> running;
  for (const ContainerInfo& info : engine.Containers("cluster-a")) {
    if (IsLive(info) && LabelOf(info, kLabelContainer) == container) running.push_back(info);
  }
  return running;
}

std::vector<std::string> AgentTest::RunningIds() const {
  std::vector<std::string> ids;
  for (const ContainerInfo& info : engine.Containers()) {
    if (IsLive(info)) ids.push_back(info.id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

const PodReport& AgentTest::Reported(const std::string& name) const {
  static const PodReport kNone;
  for (const PodReport& pod : link.reports.back().pods) {
    if (pod.name == name) return pod;
  }
  ADD_FAILURE() << "pod " << name << " is not in the last report";
  return kNone;
}

int AgentTest::TimesSaid(const std::string& reason, const std::string& part) const {
  int times = 0;
  for (const Report& report : link.reports) {
    for (const AgentEvent& event : report.events) {
      if (event.reason == reason && event.message.find(part) != std::string::npos) ++times;
    }
  }
  return times;
}

}  // namespace reconcile
