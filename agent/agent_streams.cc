// Streams into pods: exec, attach, port-forward.
#include <algorithm>

#include "agent/agent_core.h"
#include "agent/containers.h"
#include "agent/served_stream.h"

namespace reconcile {
namespace {

std::string NamesOf(const Pod& pod) {
  std::string names;
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers}) {
    for (const Container& container : *list) {
      names += (names.empty() ? "" : ", ") + container.name;
    }
  }
  return names;
}

bool HasContainer(const Pod& pod, const std::string& name) {
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers}) {
    for (const Container& container : *list) {
      if (container.name == name) return true;
    }
  }
  return false;
}

// The container that a request means: the only one when it names none.
Result<std::string> NameMeant(const Pod& pod, const std::string& name) {
  const auto& containers = pod.spec.containers;
  if (name.empty() && containers.size() == 1) return containers.front().name;
  if (name.empty()) {
    return InvalidError("pod " + pod.metadata.name +
                        " has several containers; name one of: " + NamesOf(pod));
  }
  if (HasContainer(pod, name)) return name;
  return NotFoundError("pod " + pod.metadata.name + " has no container " + name +
                       "; it has: " + NamesOf(pod));
}

// Why a container does not run, as its pod's status has it; "" when that does not say.
std::string WhyNotRunning(const PodReport& pod, const std::string& name) {
  for (const auto* list : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    for (const ContainerStatus& status : *list) {
      if (status.name != name) continue;
      if (status.state.waiting) return status.state.waiting->reason;
      if (status.state.terminated) return status.state.terminated->reason;
    }
  }
  return "";
}

}  // namespace

const Pod* Agent::Core::FindAssigned(const std::string& uid) const {
  if (!applied_) return nullptr;
  const auto found = std::find_if(applied_->pods.begin(), applied_->pods.end(),
                                  [&](const auto& pod) { return pod->metadata.uid == uid; });
  return found == applied_->pods.end() ? nullptr : found->get();
}

Result<std::string> Agent::Core::FindRunning(const Pod& pod, const std::string& container) const {
  const Result<std::string> name = NameMeant(pod, container);
  RETURN_IF_ERROR(name.status());
  const auto groups = GroupByPod(seen_);
  const auto group = groups.find(pod.metadata.uid);
  if (group != groups.end()) {
    const auto named = group->second.by_name.find(*name);
    const ContainerInfo* live =
        named == group->second.by_name.end() ? nullptr : LiveOf(named->second);
    if (live != nullptr) return live->id;
  }
  const auto report = std::find_if(pods_.begin(), pods_.end(), [&](const PodReport& told) {
    return told.uid == pod.metadata.uid;
  });
  const std::string why = report == pods_.end() ? "" : WhyNotRunning(*report, *name);
  return ConflictError("container " + *name + " of pod " + pod.metadata.name + " is not running" +
                       (why.empty() ? "" : ": " + why));
}

// What owns the pod's network namespace; "" is the host's.
Result<std::string> Agent::Core::FindNetworkOwner(const Pod& pod) const {
  if (pod.spec.host_network) return std::string();
  const auto groups = GroupByPod(seen_);
  const auto group = groups.find(pod.metadata.uid);
  if (group != groups.end()) {
    const auto& owners = group->second.owners;
    const auto live = std::find_if(owners.begin(), owners.end(),
                                   [](const ContainerInfo* owner) { return IsLive(*owner); });
    if (live != owners.end()) return (*live)->id;
  }
  return ConflictError("pod " + pod.metadata.name + " has no network: it is not running");
}

std::shared_ptr<PodStream> Agent::Core::OpenPodStream(const PodStreamRequest& request,
                                                      PodStreamSink sink) {
  ++pod_streams_;
  const auto stream =
      std::make_shared<ServedStream>(loop_, std::move(sink), Guarded([this] { --pod_streams_; }));
  const Status begun = BeginPodStream(request, stream);
  if (!begun.ok()) stream->Refuse(begun);
  return stream;
}

Status Agent::Core::BeginPodStream(const PodStreamRequest& request,
                                   const std::shared_ptr<ServedStream>& stream) {
  if (pod_streams_ > kMaxPodStreams) {
    return UnavailableError("this host already serves " + std::to_string(kMaxPodStreams) +
                            " streams; end one of them");
  }
  const Pod* pod = FindAssigned(request.pod_uid);
  if (pod == nullptr) return NotFoundError("no such pod on node " + options_.node_name);
  if (request.kind == PodStreamRequest::Kind::kPortForward) {
    const Result<std::string> owner = FindNetworkOwner(*pod);
    RETURN_IF_ERROR(owner.status());
    ForwardPort(*owner, request.port, stream);
    return OkStatus();
  }
  const Result<std::string> id = FindRunning(*pod, request.container);
  RETURN_IF_ERROR(id.status());
  const StreamOptions options = {request.in, request.out, request.err, request.tty};
  stream->Begin([&](PodStreamSink sink) {
    return request.kind == PodStreamRequest::Kind::kExec
               ? runtime_->OpenExec(*id, request.command, options, std::move(sink))
               : runtime_->Attach(*id, options, std::move(sink));
  });
  return OkStatus();
}

// A process id that was seen a while ago may be another's by now: the engine is asked first.
void Agent::Core::ForwardPort(const std::string& owner, uint16_t port,
                              const std::shared_ptr<ServedStream>& stream) {
  const auto open = [this, port, stream](int64_t process_id) {
    stream->Begin(
        [&](PodStreamSink sink) { return network_->OpenPort(process_id, port, std::move(sink)); });
  };
  if (owner.empty()) return open(0);
  runtime_->InspectContainer(owner, Guarded([stream, open](const Result<ContainerInfo>& seen) {
                               if (!seen.ok()) return stream->Refuse(seen.status());
                               if (seen->process_id != 0) return open(seen->process_id);
                               stream->Refuse(ConflictError("the pod is not running any more"));
                             }));
}

}  // namespace reconcile
