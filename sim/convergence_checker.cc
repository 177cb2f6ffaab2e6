#include "sim/convergence_checker.h"

#include <algorithm>
#include <set>

#include "schema/pod.h"

namespace reconcile {
namespace {

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Fate FateOfPod(const Pod& pod) {
  const std::optional<SimTemplate> pod_template = ReadTemplate(pod.spec);
  return pod_template ? FateOf(*pod_template) : Fate::kRuns;
}

// The words that a pod of this fate owes its people.
bool IsRightReason(Fate fate, bool is_probed, const std::string& why) {
  switch (fate) {
    case Fate::kRuns:
      return false;
    case Fate::kCrashes:
      if (is_probed && Has(why, "unready status")) return true;  // it starts
      return Has(why, "CrashLoopBackOff: back-off ") || Has(why, "ended with exit code 1 (Error)");
    case Fate::kNotPulled:
      return (Has(why, "ImagePullBackOff: ") || Has(why, "ErrImagePull: ")) &&
             Has(why, "manifest unknown");
    case Fate::kTooLarge:
      return Has(why, "needs 64 cpu");
  }
  return false;
}

class DeclaredCheck {
 public:
  DeclaredCheck(const ClusterState& state, const Workload& workload, const ModelChecker& model,
                const std::vector<std::string>& unconverged)
      : state_(state), workload_(workload), model_(model), lines_(unconverged) {}

  std::vector<std::string> Run(const std::vector<HostView>& hosts) {
    state_.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
      pods_[WorkloadOf(*pod, state_)].push_back(pod);
    });
    for (const HostView& host : hosts) has_sandboxes_[host.name] = host.has_sandboxes;
    for (const auto& [name, application] : workload_.declared().applications) {
      CheckApplication(name, application);
      pods_.erase(application.kind + " " + name);
    }
    for (const auto& [workload, pods] : pods_) {
      Violation(workload + ": not declared, " + std::to_string(pods.size()) + " pods");
    }
    for (const HostView& host : hosts) CheckHost(host);
    for (const auto& [slot, node] : wanted_) Violation(node + ": does not run " + slot);
    for (const std::string& line : lines_) CheckLine(line);
    return std::move(violations_);
  }

 private:
  using Pods = std::vector<std::shared_ptr<const Pod>>;

  void Violation(std::string text) { violations_.push_back(std::move(text)); }
  void CheckApplication(const std::string& name, const Application& application);
  void CheckPod(const std::string& name, const Application& application, const Pod& pod);
  void CheckReason(const Pod& pod, Fate fate);
  void CheckHost(const HostView& host);
  void CheckConfig(const Pod& pod, const ContainerConfig& config);
  void CheckLine(const std::string& line);

  const ClusterState& state_;
  const Workload& workload_;
  const ModelChecker& model_;
  const std::vector<std::string>& lines_;
  std::map<std::string, Pods> pods_;            // by workload
  std::map<std::string, bool> has_sandboxes_;   // by node
  std::map<std::string, std::string> wanted_;   // slot -> node: what is to run
  std::map<std::string, std::string> allowed_;  // and what runs now and then
  std::map<std::string, std::shared_ptr<const Pod>> pods_by_slot_;
  std::set<std::string> excused_;  // "pod default/x", "Deployment default/y": not as wished
  std::vector<std::string> violations_;
};

void DeclaredCheck::CheckApplication(const std::string& name, const Application& application) {
  const std::string what = application.kind + " " + name;
  const Pods& pods = pods_[what];
  int least = application.replicas;
  int most = application.replicas;
  if (application.kind == "Deployment" && FateOf(application.pod_template) != Fate::kRuns) {
    least -= application.replicas / 4;       // maxUnavailable: 25 %, rounded down
    most += (application.replicas + 3) / 4;  // maxSurge: 25 %, rounded up
    // What a lost database did not know of may be there besides: none of what is ready may go, and
    // of what is wanted now there are not too many.
    if (model_.losses() > 0) most = std::max(most, 2 * application.replicas);
  }
  const int count = static_cast<int>(pods.size());
  if (count < least || count > most) {
    Violation(what + ": " + std::to_string(application.replicas) + " declared, " +
              std::to_string(count) + " pods in the model");
  }
  const bool any_current = std::any_of(pods.begin(), pods.end(), [&](const auto& pod) {
    return ReadTemplate(pod->spec) == application.pod_template;
  });
  const bool keeps_template = application.kind == "ReplicationController";
  if (application.replicas > 0 && !any_current && !keeps_template) {
    Violation(what + ": no pod is of what is declared now");
  }
  for (const auto& pod : pods) {
    if (FateOfPod(*pod) != Fate::kRuns) excused_.insert(application.kind + " default/" + name);
    CheckPod(name, application, *pod);
    pods_by_slot_[pod->metadata.uid + "/" + kMainName] = pod;
  }
}

void DeclaredCheck::CheckPod(const std::string& name, const Application& application,
                             const Pod& pod) {
  const std::string& uid = pod.metadata.uid;
  const std::optional<SimTemplate> pod_template = ReadTemplate(pod.spec);
  const bool may_be_older =
      application.kind == "ReplicationController" ||
      (application.kind == "Deployment" && FateOf(application.pod_template) != Fate::kRuns);
  if (!pod_template || (pod_template != application.pod_template &&
                        !(may_be_older && workload_.WasDeclared(name, *pod_template)))) {
    return Violation("pod " + pod.metadata.name + " is not what " + name + " declares");
  }
  const Fate fate = FateOf(*pod_template);
  CheckReason(pod, fate);
  if (fate == Fate::kTooLarge) {
    if (!pod.spec.node_name.empty()) Violation("pod " + pod.metadata.name + " is on a host");
    return;
  }
  if (pod_template->has_inits) wanted_[uid + "/" + kSidecarName] = pod.spec.node_name;
  if (has_sandboxes_[pod.spec.node_name] || pod_template->has_inits) {
    wanted_[uid + "/" + std::string(kSandboxContainer)] = pod.spec.node_name;
  }
  if (fate == Fate::kRuns) wanted_[uid + "/" + kMainName] = pod.spec.node_name;
  if (fate == Fate::kCrashes) allowed_[uid + "/" + kMainName] = pod.spec.node_name;
}

void DeclaredCheck::CheckReason(const Pod& pod, Fate fate) {
  const std::string subject = "pod default/" + pod.metadata.name;
  if (fate == Fate::kRuns) {
    if (!IsReady(pod)) Violation(subject + " is not ready");
    return;
  }
  excused_.insert(subject);
  if (fate == Fate::kCrashes && IsReady(pod)) return;  // between two crashes
  const auto line = std::find_if(lines_.begin(), lines_.end(), [&](const std::string& text) {
    return text.starts_with(subject + ": ");
  });
  if (line == lines_.end()) {
    Violation(subject + " carries no reason");
  } else if (!IsRightReason(fate, ReadTemplate(pod.spec)->is_probed, *line)) {
    Violation("not the reason: " + *line);
  }
}

void DeclaredCheck::CheckHost(const HostView& host) {
  for (const ContainerInfo& container : host.engine->Containers()) {
    if (container.state != ContainerRunState::kRunning) continue;
    const std::string slot = SlotOf(container);
    std::map<std::string, std::string>& places = wanted_.contains(slot) ? wanted_ : allowed_;
    const auto place = places.find(slot);
    if (place == places.end() || place->second != host.name) {
      Violation(host.name + ": runs " + container.name + ", which nothing declares");
      continue;
    }
    places.erase(place);
    const auto pod = pods_by_slot_.find(slot);
    if (pod != pods_by_slot_.end())
      CheckConfig(*pod->second, *host.engine->FindConfig(container.id));
  }
}

// A container's image and environment are its pod's; what comes from the ConfigMap is not older
// than the pod.
void DeclaredCheck::CheckConfig(const Pod& pod, const ContainerConfig& config) {
  const SimTemplate pod_template = *ReadTemplate(pod.spec);
  if (config.image != SimImageId(pod_template.image)) {
    Violation(config.name + " runs image " + config.image + ", declared is " + pod_template.image);
  }
  const std::string own = "GENERATION=" + std::to_string(pod_template.generation);
  std::vector<std::vector<std::string>> right;
  if (pod_template.uses_config) {
    const int newest = workload_.declared().config_generation;
    for (int i = workload_.ConfigAt(model_.CreatedUnder(pod.metadata.uid)); i <= newest; ++i) {
      right.push_back({"generation=" + std::to_string(i), own});
    }
  } else {
    right.push_back({own});
  }
  std::vector<std::string> env = config.env;  // without what tells of Services
  std::erase_if(env, [](const std::string& variable) {
    const std::string name = variable.substr(0, variable.find('='));
    return name.ends_with("_SERVICE_HOST") || name.find("_PORT") != std::string::npos;
  });
  if (std::find(right.begin(), right.end(), env) != right.end()) return;
  std::string text;
  for (const std::string& variable : config.env) text += " " + variable;
  Violation(config.name + " has another environment than declared:" + text);
}

// Everything that the controller says is amiss has to be so.
void DeclaredCheck::CheckLine(const std::string& line) {
  const std::string subject = line.substr(0, line.find(": "));
  if (!excused_.contains(subject)) Violation(line);
}

class NetworkCheck {
 public:
  void Host(const ClusterState& state, const HostView& host) {
    std::map<std::string, ContainerInfo> running;  // by slot
    for (const ContainerInfo& container : host.engine->Containers()) {
      if (container.state == ContainerRunState::kRunning) running[SlotOf(container)] = container;
    }
    size_t pods = 0;
    state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
      if (pod->spec.node_name != host.name) return;
      const bool has_sandbox = host.has_sandboxes || !pod->spec.init_containers.empty();
      const std::string owner(has_sandbox ? std::string_view(kSandboxContainer) : kMainName);
      const auto found = running.find(pod->metadata.uid + "/" + owner);
      const bool runs = found != running.end();
      // A namespace goes with the only container, a sandbox stays.
      if (runs || has_sandbox) ++pods;
      if (runs) OnePod(*pod, found->second, host);
    });
    if (host.devices->attachments().size() != pods) {
      violations_.push_back(host.name + ": " + std::to_string(host.devices->attachments().size()) +
                            " pods are attached, " + std::to_string(pods) + " should be");
    }
  }
  std::vector<std::string> Take() { return std::move(violations_); }

 private:
  void OnePod(const Pod& pod, const ContainerInfo& owner, const HostView& host) {
    const std::string& address = pod.status.pod_ip;
    const auto label = owner.labels.find(std::string(kLabelAddress));
    const auto attached = host.devices->attachments().find(pod.metadata.uid);
    std::string wrong;
    if (address.empty()) wrong += " has no address;";
    if (!addresses_.insert(address).second) wrong += " shares its address;";
    if (label == owner.labels.end() || label->second != address) wrong += " its label differs;";
    if (attached == host.devices->attachments().end()) {
      wrong += " is not attached;";
    } else if (attached->second.address != address ||
               attached->second.process_id != owner.process_id) {
      wrong += " is attached wrongly;";
    }
    if (!host.devices->HasRoute(address)) wrong += " has no route;";
    if (wrong.empty()) return;
    violations_.push_back(host.name + ": pod " + pod.metadata.name + " (" + address + ")" + wrong);
  }

  std::set<std::string> addresses_;
  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> CheckDeclared(const ClusterState& state, const Workload& workload,
                                       const ModelChecker& model,
                                       const std::vector<HostView>& hosts,
                                       const std::vector<std::string>& unconverged) {
  return DeclaredCheck(state, workload, model, unconverged).Run(hosts);
}

std::vector<std::string> CheckNetwork(const ClusterState& state,
                                      const std::vector<HostView>& hosts) {
  NetworkCheck check;
  for (const HostView& host : hosts) check.Host(state, host);
  return check.Take();
}

std::vector<std::string> CheckVolumes(const ClusterState& state, const Workload& workload,
                                      const std::vector<HostView>& hosts) {
  std::vector<std::string> violations;
  std::map<std::string, std::set<std::string>> uids;  // by host
  std::map<std::string, std::set<std::string>> mounting;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const std::string& uid = pod->metadata.uid;
    uids[pod->spec.node_name].insert(uid);
    const auto pod_template = ReadTemplate(pod->spec);
    const bool mounts = pod_template && pod_template->uses_config;
    if (mounts && FateOf(*pod_template) == Fate::kRuns) mounting[pod->spec.node_name].insert(uid);
  });
  const std::string wanted = std::to_string(workload.declared().config_generation);
  for (const HostView& host : hosts) {
    for (const std::string& uid : mounting[host.name]) {
      const Result<std::string> file =
          host.files->Read("pods/" + uid + "/volumes/config/generation");
      const std::string has = file.ok() ? *file : file.status().message();
      if (has == wanted) continue;
      violations.push_back(host.name + ": the volume of pod " + uid + " has \"" + has +
                           "\", declared is \"" + wanted + "\"");
    }
    const Result<std::vector<std::string>> folders = host.files->List("pods");
    for (const std::string& uid : folders.ok() ? *folders : std::vector<std::string>()) {
      if (uids[host.name].contains(uid)) continue;
      violations.push_back(host.name + ": files of pod " + uid + " are left, which is not there");
    }
  }
  return violations;
}

std::string LastWordsOf(const std::string& container_id) { return "last words of " + container_id; }

std::vector<std::string> CheckMessages(const ClusterState& state) {
  constexpr size_t kEnginePrefix = std::string_view("docker://").size();
  std::vector<std::string> violations;
  const auto check = [&](const Pod& pod, const ContainerState& of) {
    if (!of.terminated || of.terminated->container_id.size() <= kEnginePrefix) return;
    const std::string& message = of.terminated->message;
    const std::string own = LastWordsOf(of.terminated->container_id.substr(kEnginePrefix));
    if (message.find("last words") == std::string::npos || message.ends_with(own)) return;
    violations.push_back("pod " + pod.metadata.name + " tells of " + of.terminated->container_id +
                         ": " + message);
  };
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    for (const auto* statuses :
         {&pod->status.init_container_statuses, &pod->status.container_statuses}) {
      for (const ContainerStatus& status : *statuses) {
        check(*pod, status.state);
        check(*pod, status.last_state);
      }
    }
  });
  return violations;
}

bool AllCanRun(const ClusterState& state) {
  bool all = true;
  state.ForEach<Pod>(
      [&](const std::shared_ptr<const Pod>& pod) { all = all && FateOfPod(*pod) == Fate::kRuns; });
  return all;
}

}  // namespace reconcile
