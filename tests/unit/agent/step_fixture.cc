#include "tests/unit/agent/step_fixture.h"

#include <algorithm>

namespace reconcile {
namespace {

constexpr int kMaxTurns = 200;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

Container MakeContainer(const std::string& name, const std::string& image) {
  Container container;
  container.name = name;
  container.image = image;
  container.image_pull_policy = PullPolicy::kIfNotPresent;
  return container;
}

std::shared_ptr<Pod> MakePod(const std::string& name, const std::string& uid) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_name = "default";
  pod->metadata.uid = uid;
  pod->spec.node_name = "host-1";
  pod->spec.containers = {MakeContainer("app")};
  return pod;
}

StepTest::StepTest() {
  assignment.fence = {"cluster-a", "lineage-a", 1, 1};
  assignment.node = "host-1";
  assignment.cluster_pod_cidr = "10.42.0.0/16";
  assignment.node_pod_cidr = "10.42.3.0/24";
  seen.engine_up = true;
  seen.network_listed = true;
  host = {"host-1", "192.0.2.1", 8LL << 30, 1500, "/data/pods"};
  now = {{1'000'000}, {1'790'000'000'000}};
}

void StepTest::Pass(int64_t ms) {
  now.mono.ms += ms;
  now.wall.ms += ms;
}

void StepTest::Assign(std::shared_ptr<Pod> pod) { assignment.pods.push_back(std::move(pod)); }

void StepTest::Delete(size_t index, int64_t grace_seconds) {
  ChangePod(index, [&](Pod* pod) {
    pod->metadata.deletion_timestamp = WallTime{now.wall.ms + grace_seconds * 1000};
    pod->metadata.deletion_grace_period_seconds = grace_seconds;
  });
}

StepResult StepTest::Take() {
  StepResult result = Step(assignment, seen, may_remove, host, now);
  seen.pods = result.pod_memory;
  seen.last_address = result.last_address;
  return result;
}

StepResult StepTest::Settle() {
  for (int turn = 0; turn < kMaxTurns; ++turn) {
    StepResult result = Take();
    if (result.operations.empty()) return result;
    for (const Operation& operation : result.operations) Perform(operation);
    Pass(1);
  }
  ADD_FAILURE() << "the host does not come to rest";
  return {};
}

void StepTest::AddContainer(const ContainerConfig& config) {
  ContainerInfo info;
  info.id = "id-" + std::to_string(++run_count);
  info.name = config.name;
  info.image_id = config.image;
  info.labels = config.labels;
  info.state = ContainerRunState::kRunning;
  info.process_id = 100 + run_count;
  info.created_at = now.wall;
  info.started_at = now.wall;
  for (const auto& [id, other] : seen.containers) {
    EXPECT_NE(other.name, info.name) << "the engine refuses a name that is in use";
  }
  seen.containers[info.id] = info;
}

void StepTest::Perform(const Operation& operation) {
  const auto look = [&](const std::string& reference, const std::string& key, bool pulled) {
    ImageSeen& image = seen.images[key];
    const bool there = pulled || images_on_host.contains(reference);
    image.state = there ? ImageSeen::State::kPresent : ImageSeen::State::kAbsent;
    image.image_id = there ? "sha256:" + reference : "";
    image.cmd.clear();
    if (there && !images_without_command.contains(reference)) image.cmd = {"serve"};
    image.user = image_users[reference];
    image.checked_at = now.mono;
    if (pulled) image.pulled_at = now.mono;
  };
  std::visit(
      Overloaded{
          [&](const EnsurePause&) { seen.pause_image_id = "sha256:pause"; },
          [&](const PrepareNetwork& action) { seen.prepared = action.config; },
          [&](const LookAtImage& action) { look(action.reference, action.image_key, false); },
          [&](const PullImageOp& action) { look(action.reference, action.image_key, true); },
          [&](const WritePodFiles& action) {
            seen.pods[action.pod_uid].files_address = action.address;
            seen.pods[action.pod_uid].has_resolver = true;
            seen.pod_folders.insert(action.pod_uid);
          },
          [&](const SetUpVolumes& action) {
            for (size_t i = 0; i < action.orders.size(); ++i) {
              seen.pods[action.pod_uid].volumes[action.orders[i].name] = action.versions[i];
            }
            seen.pod_folders.insert(action.pod_uid);
          },
          [&](const RunSandbox& action) { AddContainer(action.config); },
          [&](const AttachNetwork& action) {
            EXPECT_NE(action.attachment.process_id, 0);
            seen.attached_addresses.insert(action.attachment.address);
            PodSeen& pod = seen.pods[action.attachment.pod_uid];
            pod.attached_owner_id = action.owner_id;
            pod.attached_process_id = action.attachment.process_id;
            pod.attached_mtu = seen.prepared ? seen.prepared->mtu : 0;
          },
          [&](const RunContainer& action) { AddContainer(action.config); },
          [&](const StopContainerOp& action) { Exit(&seen.containers[action.container_id], 143); },
          [&](const RunHook& action) {
            hooks_begun.push_back(action);
            seen.busy.insert(operation.key);
          },
          [&](const RemoveContainerOp& action) { seen.containers.erase(action.container_id); },
          [&](const DetachNetwork& action) { seen.attached_addresses.erase(action.address); },
          [&](const ProbeContainer& action) { probes_asked.push_back(action); },
          [&](const ReadEndMessage& action) {
            ends_read.push_back(action);
            seen.end_messages[action.container_id] = end_messages[action.file];
          },
          [&](const ForgetPod& action) { seen.pod_folders.erase(action.pod_uid); },
      },
      operation.action);
}

ContainerInfo& StepTest::Newest(const std::string& name, const std::string& uid) {
  ContainerInfo* newest = nullptr;
  for (auto& [id, container] : seen.containers) {
    const bool wanted =
        LabelOf(container, kLabelContainer) == name && LabelOf(container, kLabelPodUid) == uid;
    if (wanted && (newest == nullptr || AttemptOf(container) > AttemptOf(*newest))) {
      newest = &container;
    }
  }
  static ContainerInfo none;
  if (newest == nullptr) {
    ADD_FAILURE() << "no container " << name << " of " << uid;
    return none;
  }
  return *newest;
}

std::vector<ContainerInfo> StepTest::All(const std::string& name, const std::string& uid) const {
  std::vector<ContainerInfo> found;
  for (const auto& [id, container] : seen.containers) {
    if (LabelOf(container, kLabelContainer) == name && LabelOf(container, kLabelPodUid) == uid) {
      found.push_back(container);
    }
  }
  return found;
}

void StepTest::EndHook(const RunHook& hook, const std::string& error) {
  EXPECT_EQ(std::erase_if(seen.busy,
                          [&](const std::string& key) {
                            return key == "hook/" + hook.container_id + "/" +
                                              std::string(HookField(hook.kind));
                          }),
            1U);
  PodSeen& pod = seen.pods[hook.pod_uid];
  if (hook.kind == HookKind::kPreStop) {
    pod.stops.at(hook.container_id).hook_ended = true;
    return;
  }
  PostStartMemory& memory = pod.memory[hook.container].post_start;
  memory.ended = true;
  memory.ended_at = now.wall;
  memory.error = error;
}

void StepTest::Exit(ContainerInfo* container, int32_t exit_code) {
  container->state = ContainerRunState::kExited;
  container->process_id = 0;
  container->exit_code = exit_code;
  container->finished_at = now.wall;
  if (!reads_ends) seen.end_messages[container->id];
}

void StepTest::ForgetEverything() {
  Seen left;
  left.containers = seen.containers;
  left.attached_addresses = seen.attached_addresses;
  left.pod_folders = seen.pod_folders;
  left.network_listed = true;
  left.engine_up = true;
  if (!reads_ends) left.end_messages = seen.end_messages;
  seen = left;
}

const PodReport& StepTest::ReportOf(const StepResult& result, const std::string& uid) {
  for (const PodReport& pod : result.pods) {
    if (pod.uid == uid) return pod;
  }
  static const PodReport kNone;
  ADD_FAILURE() << "no report of " << uid;
  return kNone;
}

std::vector<std::string> StepTest::Reasons(const StepResult& result) {
  std::vector<std::string> reasons;
  for (const AgentEvent& event : result.events) reasons.push_back(event.reason);
  return reasons;
}

}  // namespace reconcile
