#include <algorithm>

#include "agent/pod_files.h"
#include "agent/pod_turn.h"
#include "agent/pod_volumes.h"

namespace reconcile {
namespace {

std::string VolumesKey(const PodTurn& turn) { return turn.Key("volumes"); }

std::string SetUpFailure(const std::string& volume, const std::string& why) {
  return "MountVolume.SetUp failed for volume \"" + volume + "\" : " + why;
}

// Only what has a ConfigMap, a Secret or fields behind it becomes another while the pod is there.
bool IsCurrent(const PodTurn& turn, const Volume& volume, const std::string& version) {
  const auto made = turn.memory.volumes.find(volume.name);
  if (made == turn.memory.volumes.end()) return false;
  return volume.kind != Volume::Kind::kFiles || made->second == version;
}

// Once, all of it, for each different set of what is missing.
void TellMissing(PodTurn* turn, const std::vector<std::string>& missing) {
  constexpr std::string_view kOccurrence = "mount/";
  std::string& announced = turn->memory.memory[std::string(kSandboxContainer)].announced;
  std::string occurrence(kOccurrence);
  for (const std::string& message : missing) occurrence += message + "/";
  if (missing.empty() || announced == occurrence) {
    if (missing.empty() && announced.starts_with(kOccurrence)) announced.clear();
    return;
  }
  announced = occurrence;
  for (const std::string& message : missing) {
    turn->context.result.events.push_back({turn->uid(), turn->pod.metadata.namespace_name,
                                           turn->pod.metadata.name, EventType::kWarning,
                                           "FailedMount", message});
  }
}

// Of a path relative to the agent's folder, which a pod's folder begins.
std::string AbsoluteOf(const HostFacts& host, const std::string& path) {
  return host.pods_path + path.substr(kPodsFolder.size());
}

std::string PropagationOf(const VolumeMount& mount) {
  if (mount.propagation == "HostToContainer") return "rslave";
  return mount.propagation == "Bidirectional" ? "rshared" : "";
}

bool LeadsOut(const std::string& path) {
  if (path.starts_with('/')) return true;
  for (size_t start = 0; start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    if (path.substr(start, end - start) == "..") return true;
    start = end + 1;
  }
  return false;
}

// $(NAME) of variables that are not there is no path.
Result<std::string> SubPathOf(const VolumeMount& mount, const EnvList& env) {
  if (mount.sub_path_expression.empty()) return mount.sub_path;
  std::string path = ExpandReferences(mount.sub_path_expression, env);
  if (path.find("$(") != std::string::npos) {
    return InvalidError("failed to expand subPath \"" + mount.sub_path_expression +
                        "\" for volumeMount \"" + mount.volume +
                        "\": it names a variable that the container does not have");
  }
  return path;
}

}  // namespace

EnvSources SourcesOf(const PodTurn& turn) {
  const HostFacts& host = turn.context.host;
  return {turn.context.assignment, turn.pod,        host.node_name, host.host_ip,
          turn.memory.address,     host.allocatable};
}

void KeepVolumes(PodTurn* turn) {
  const std::vector<Volume> volumes = VolumesOf(turn->pod.spec);
  if (volumes.empty()) return;
  const EnvSources sources = SourcesOf(*turn);
  SetUpVolumes action{turn->uid(), {}, {}};
  std::vector<std::string> missing;
  for (const Volume& volume : volumes) {
    const std::string version = VersionOf(sources, volume, &turn->context.content_hashes);
    if (IsCurrent(*turn, volume, version)) continue;
    Result<VolumeOrder> order = OrderFor(sources, volume);
    if (!order.ok()) {
      missing.push_back(SetUpFailure(volume.name, order.status().message()));
      continue;
    }
    action.orders.push_back(std::move(order).value());
    action.versions.push_back(version);
  }
  TellMissing(turn, missing);
  if (action.orders.empty()) return;
  turn->Add(VolumesKey(*turn), "the pod's volumes are to be made, or brought up to date",
            std::move(action));
}

std::optional<ContainerStateWaiting> NeedVolumes(PodTurn* turn) {
  const std::vector<Volume> volumes = VolumesOf(turn->pod.spec);
  const EnvSources sources = SourcesOf(*turn);
  for (const Volume& volume : volumes) {
    // What is there serves, also while what it was made from is gone (SEMANTICS 12.4).
    if (turn->memory.volumes.contains(volume.name)) continue;
    const Result<VolumeOrder> order = OrderFor(sources, volume);
    const std::string why = order.ok() ? turn->context.FailureOf(VolumesKey(*turn))
                                       : SetUpFailure(volume.name, order.status().message());
    return ContainerStateWaiting{std::string(CreatingReason(turn->pod.spec)), why};
  }
  return std::nullopt;
}

Status AddMounts(const PodTurn& turn, const Container& container, const EnvList& env,
                 RunContainer* run) {
  const std::vector<Volume> volumes = VolumesOf(turn.pod.spec);
  const std::vector<VolumeMount> mounts = VolumeMountsOf(container);
  for (size_t i = 0; i < mounts.size(); ++i) {
    const VolumeMount& mount = mounts[i];
    const auto volume = std::find_if(volumes.begin(), volumes.end(),
                                     [&](const Volume& v) { return v.name == mount.volume; });
    if (volume == volumes.end()) {
      return InvalidError("the pod has no volume \"" + mount.volume + "\"");
    }
    const Result<std::string> sub_path = SubPathOf(mount, env);
    if (!sub_path.ok()) return sub_path.status();
    if (LeadsOut(*sub_path)) {
      return InvalidError("subPath \"" + *sub_path + "\" of volumeMount \"" + mount.volume +
                          "\" must be a path inside the volume, without \"..\"");
    }
    const bool files = volume->kind == Volume::Kind::kFiles;
    const bool of_host = volume->kind == Volume::Kind::kHostPath;
    const HostFacts& host = turn.context.host;
    std::string source =
        of_host ? volume->host_path : AbsoluteOf(host, VolumePath(turn.uid(), volume->name));
    if (!sub_path->empty()) {
      const std::string target =
          PodFolder(turn.uid()) + "/parts/" + container.name + "/" + std::to_string(i);
      run->parts.push_back({volume->name, source, *sub_path, !files, target});
      source = AbsoluteOf(host, target);
    }
    run->config.binds.push_back(
        {source, mount.path, mount.read_only || files, PropagationOf(mount)});
  }
  return OkStatus();
}

void ReleaseVolumes(PodTurn* turn) {
  const StepContext& context = turn->context;
  if (!context.seen.pod_folders.contains(turn->uid()) || !EndIsKept(*turn)) return;
  if (context.IsPodBusy(turn->uid()) || VolumesOf(turn->pod.spec).empty()) return;
  for (const auto& [name, containers] : turn->containers.by_name) {
    if (LiveOf(containers) != nullptr) return;
  }
  turn->Add(turn->Key("forget"), "the pod has ended: nobody reads its volumes any more",
            ForgetPod{turn->uid()});
}

}  // namespace reconcile
