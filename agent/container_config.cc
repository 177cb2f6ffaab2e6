#include "agent/container_config.h"

#include <algorithm>

#include "agent/container_rights.h"
#include "agent/containers.h"
#include "agent/end_messages.h"
#include "base/ids.h"
#include "base/planted_bug.h"
#include "runtime/start_program.h"
#include "schema/security.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

constexpr std::string_view kHashVersion = "1";
// Processes and threads of one container: a fork bomb in one leaves the host to the others.
// Kubernetes has a setting of each kubelet, without a default; this is OpenShift's.
constexpr int64_t kPidsLimit = 4'096;
constexpr int64_t kMinCpuShares = 2;
constexpr int64_t kSharesPerCpu = 1'024;
constexpr int64_t kMinCpuQuotaUs = 1'000;     // the kernel takes no less
constexpr int64_t kQuotaUsPerMilliCpu = 100;  // of a period of 100 ms
constexpr int32_t kSandboxOomScoreAdjust = -998;
constexpr int32_t kGuaranteedOomScoreAdjust = -997;
constexpr int32_t kBestEffortOomScoreAdjust = 1'000;
constexpr size_t kMaxHostname = 63;
constexpr size_t kUidCharactersInName = 8;
constexpr size_t kPodCharactersInName = 63;  // with three labels of 63 and a uid within 255

// Text in which no two different lists of fields are equal.
class Fields {
 public:
  void Add(std::string_view field) {
    text_ += std::to_string(field.size()) + ":";
    text_ += field;
  }
  void Add(const std::vector<std::string>& fields) {
    Add(std::to_string(fields.size()));
    for (const std::string& field : fields) Add(field);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void AddSelector(std::string_view type, const KeySelector& selector, Fields* fields) {
  fields->Add(type);
  fields->Add(selector.name);
  fields->Add(selector.key);
  fields->Add(selector.optional ? "optional" : "");
}

void AddEnv(const Container& container, Fields* fields) {
  for (const EnvFromSource& from : container.env_from) {
    fields->Add("from");
    fields->Add(from.prefix);
    fields->Add(from.config_map_ref ? "configMap " + from.config_map_ref->name : "");
    fields->Add(from.secret_ref ? "secret " + from.secret_ref->name : "");
  }
  for (const EnvVar& variable : container.env) {
    fields->Add("env");
    fields->Add(variable.name);
    fields->Add(variable.value);
    if (!variable.value_from) continue;
    const EnvVarSource& from = *variable.value_from;
    if (from.field_ref) fields->Add("field " + from.field_ref->field_path);
    if (from.config_map_key_ref) AddSelector("configMapKey", *from.config_map_key_ref, fields);
    if (from.secret_key_ref) AddSelector("secretKey", *from.secret_key_ref, fields);
    if (const Value* resource = from.others.Find("resourceFieldRef")) {
      fields->Add("resource " + WriteJson(*resource));
    }
  }
}

void AddResources(std::string_view what, const ResourceList& resources, Fields* fields) {
  for (const auto& [name, quantity] : resources) {
    fields->Add(what);
    fields->Add(name);
    fields->Add(std::to_string(quantity.Milli()));
  }
}

const Quantity* Find(const ResourceList& resources, const std::string& name) {
  const auto found = resources.find(name);
  return found == resources.end() || found->second.IsZero() ? nullptr : &found->second;
}

// A limit without a request is one (SEMANTICS 17.4).
const Quantity* RequestOf(const ResourceRequirements& resources, const std::string& name) {
  const Quantity* request = Find(resources.requests, name);
  const bool given = resources.requests.contains(name);
  return request != nullptr || given ? request : Find(resources.limits, name);
}

// For people; the labels are what identifies. A pod's name may be longer than the engine takes, and
// then the whole uid stands for what is cut off.
std::string NameOf(std::string_view container, const Pod& pod, int32_t attempt) {
  const ObjectMeta& meta = pod.metadata;
  const bool cut = meta.name.size() > kPodCharactersInName;
  return "rc_" + std::string(container) + "_" + meta.name.substr(0, kPodCharactersInName) + "_" +
         meta.namespace_name + "_" + (cut ? meta.uid : meta.uid.substr(0, kUidCharactersInName)) +
         "_" + std::to_string(attempt);
}

StringMap LabelsOf(const std::string& cluster_id, const Pod& pod, std::string_view container,
                   int32_t attempt, int32_t crashes, WallTime pod_start) {
  const int64_t grace_seconds = pod.spec.termination_grace_period_seconds;
  StringMap labels;
  labels[std::string(kLabelCluster)] = cluster_id;
  labels[std::string(kLabelNamespace)] = pod.metadata.namespace_name;
  labels[std::string(kLabelPod)] = pod.metadata.name;
  labels[std::string(kLabelPodUid)] = pod.metadata.uid;
  labels[std::string(kLabelContainer)] = container;
  labels[std::string(kLabelAttempt)] = std::to_string(attempt);
  labels[std::string(kLabelCrashes)] = std::to_string(crashes);
  labels[std::string(kLabelPodStart)] = std::to_string(pod_start.ms);
  labels[std::string(kLabelGrace)] = std::to_string(grace_seconds);
  return labels;
}

std::vector<BindMount> BindsOf(const Pod& pod, bool has_resolver, const HostFacts& host) {
  const std::string folder = host.pods_path + "/" + pod.metadata.uid;
  std::vector<BindMount> binds = {{folder + "/hosts", "/etc/hosts", false},
                                  {folder + "/hostname", "/etc/hostname", false}};
  if (has_resolver) binds.push_back({folder + "/resolv.conf", "/etc/resolv.conf", false});
  return binds;
}

std::vector<std::string> ExpandAll(const std::vector<std::string>& words, const EnvList& env) {
  std::vector<std::string> expanded;
  for (const std::string& word : words) expanded.push_back(ExpandReferences(word, env));
  return expanded;
}

// Pods without a resolv.conf of ours need the engine's copy.
NetworkStart NetworkStartOf(bool has_resolver) {
  return has_resolver ? NetworkStart::kBare : NetworkStart::kEngines;
}

// A pod's only container: nothing joins it, and its command runs once the network is attached.
void OwnNetwork(const Pod& pod, const Container& container, const ContainerBasis& basis,
                const EnvList& env, const HostFacts& host, ContainerConfig* config) {
  config->labels[std::string(kLabelAddress)] = basis.address;
  config->hostname = HostnameOf(pod);
  config->network_start = NetworkStartOf(basis.has_resolver);
  config->sysctls = SysctlsOf(pod.spec);
  config->cmd = CommandOf(container, basis, env);
  if (PlantedBug("run-before-network")) return;
  config->entrypoint = {std::string(kStartProgramPath)};
  config->binds.push_back({host.start_program_path, std::string(kStartProgramPath), true});
}

int32_t OwnOomScoreAdjust(const Container& container, int64_t host_memory_bytes) {
  const Quantity* memory = RequestOf(container.resources, "memory");
  const double share = memory == nullptr ? 0
                                         : static_cast<double>(memory->Units()) /
                                               static_cast<double>(host_memory_bytes);
  const auto adjust = static_cast<int64_t>(1000 - 1000 * std::min(share, 1.0));
  return static_cast<int32_t>(std::clamp<int64_t>(adjust, 1000 + kGuaranteedOomScoreAdjust, 999));
}

// Whoever stops it may not have its manifest any more.
void AddPreStopLabel(const Container& container, ContainerConfig* config) {
  std::optional<Hook> hook = HookOf(container, HookKind::kPreStop);
  if (!hook) return;
  if (auto* exec = std::get_if<ExecProbe>(&hook->action)) {
    ExpandLiterals(container, &exec->command);
  }
  config->labels[std::string(kLabelPreStop)] = WriteHook(*hook);
}

void AddSidecarLabel(const PodSpec& spec, const Container& container, ContainerConfig* config) {
  for (size_t i = 0; i < spec.init_containers.size(); ++i) {
    const Container& init = spec.init_containers[i];
    if (init.name != container.name || !IsSidecar(init)) continue;
    config->labels[std::string(kLabelSidecar)] = std::to_string(i);
  }
}

bool IsSet(const Container& container, std::string_view field) {
  const Value* value = container.others.Find(field);
  return value != nullptr && value->type() == Value::Type::kBool && value->AsBool();
}

}  // namespace

std::string SpecHashOf(const Container& container) {
  Fields fields;
  fields.Add(container.image);
  fields.Add(container.command);
  fields.Add(container.args);
  fields.Add(container.working_dir);
  AddEnv(container, &fields);
  AddResources("limit", container.resources.limits, &fields);
  AddResources("request", container.resources.requests, &fields);
  if (const Value* context = container.others.Find("securityContext")) {
    fields.Add("securityContext");
    fields.Add(WriteJson(*context));
  }
  if (const Value* mounts = container.others.Find("volumeMounts")) {
    fields.Add("volumeMounts");
    fields.Add(WriteJson(*mounts));
  }
  for (const std::string_view field : {"stdin", "stdinOnce", "tty"}) {
    if (IsSet(container, field)) fields.Add(field);
  }
  return std::string(kHashVersion) + ":" + Sha256Hex(fields.text()).substr(0, 16);
}

bool SameSpec(const std::string& label, const Container& container) {
  if (!label.starts_with(std::string(kHashVersion) + ":")) return true;
  return label == SpecHashOf(container);
}

int32_t OomScoreAdjust(const PodSpec& spec, const Container& container, int64_t host_memory_bytes) {
  const std::string qos = QosClassOf(spec);
  if (qos == "Guaranteed") return kGuaranteedOomScoreAdjust;
  if (qos == "BestEffort" || host_memory_bytes <= 0) return kBestEffortOomScoreAdjust;
  // A sidecar goes no sooner than what it serves (SEMANTICS 18.2).
  if (IsSidecar(container)) {
    int32_t least = kBestEffortOomScoreAdjust;
    for (const Container& served : spec.containers) {
      least = std::min(least, OwnOomScoreAdjust(served, host_memory_bytes));
    }
    return std::min(least, OwnOomScoreAdjust(container, host_memory_bytes));
  }
  return OwnOomScoreAdjust(container, host_memory_bytes);
}

int64_t CpuSharesOf(const ResourceRequirements& resources) {
  const Quantity* request = RequestOf(resources, "cpu");
  if (request == nullptr) return kMinCpuShares;
  const int64_t milli = std::min(request->Milli(), int64_t{1'000'000'000});
  return std::max(milli * kSharesPerCpu / 1000, kMinCpuShares);
}

int64_t CpuQuotaOf(const ResourceRequirements& resources) {
  const Quantity* limit = Find(resources.limits, "cpu");
  if (limit == nullptr) return 0;
  const int64_t milli = std::min(limit->Milli(), int64_t{1'000'000'000});
  return std::max(milli * kQuotaUsPerMilliCpu, kMinCpuQuotaUs);
}

std::string HostnameOf(const Pod& pod) {
  if (!pod.spec.hostname.empty()) return pod.spec.hostname;
  std::string name = pod.metadata.name.substr(0, kMaxHostname);
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name;
}

std::vector<std::string> CommandOf(const Container& container, const ContainerBasis& basis,
                                   const EnvList& env) {
  const bool replaces = !container.command.empty();
  std::vector<std::string> words =
      replaces ? ExpandAll(container.command, env) : basis.image_entrypoint;
  const bool takes_image_cmd = !replaces && container.args.empty();
  const std::vector<std::string> rest =
      takes_image_cmd ? basis.image_cmd : ExpandAll(container.args, env);
  words.insert(words.end(), rest.begin(), rest.end());
  return words;
}

ContainerConfig MakeContainerConfig(const std::string& cluster_id, const Pod& pod,
                                    const Container& container, const ContainerBasis& basis,
                                    const EnvList& env, const HostFacts& host) {
  ContainerConfig config;
  config.name = NameOf(container.name, pod, basis.attempt);
  config.image = basis.image_id;
  for (const auto& [name, value] : env) config.env.push_back(name + "=" + value);
  config.working_dir = container.working_dir;
  config.labels =
      LabelsOf(cluster_id, pod, container.name, basis.attempt, basis.crashes, basis.pod_start);
  config.labels[std::string(kLabelSpecHash)] = SpecHashOf(container);
  AddSidecarLabel(pod.spec, container, &config);
  AddPreStopLabel(container, &config);
  config.binds = BindsOf(pod, basis.has_resolver, host);
  AddEndFile(pod, container, basis.attempt, host, &config);
  if (!basis.sandbox_id.empty()) {
    config.entrypoint = ExpandAll(container.command, env);
    config.cmd = ExpandAll(container.args, env);
    config.labels[std::string(kLabelSandbox)] = std::to_string(basis.sandbox_attempt);
    config.network_container = basis.sandbox_id;
  } else {
    OwnNetwork(pod, container, basis, env, host, &config);
  }
  config.cpu_shares = CpuSharesOf(container.resources);
  config.cpu_quota_us = CpuQuotaOf(container.resources);
  if (const Quantity* memory = Find(container.resources.limits, "memory")) {
    config.memory_bytes = memory->Units();
  }
  config.oom_score_adj = OomScoreAdjust(pod.spec, container, host.memory_bytes);
  config.rights = RightsOf(pod.spec, container, basis.image_user);
  config.pids_limit = kPidsLimit;
  config.process_view = ProcessViewOf(pod.spec, !basis.sandbox_id.empty());
  config.host_ipc = HasHostIpc(pod.spec);
  config.has_input = IsSet(container, "stdin");
  config.input_once = IsSet(container, "stdinOnce");
  config.has_terminal = IsSet(container, "tty");
  return config;
}

ContainerConfig MakeSandboxConfig(const std::string& cluster_id, const Pod& pod,
                                  const SandboxBasis& basis) {
  ContainerConfig config;
  config.name = NameOf(kSandboxContainer, pod, basis.attempt);
  config.image = basis.pause_image_id;
  config.labels =
      LabelsOf(cluster_id, pod, kSandboxContainer, basis.attempt, basis.crashes, basis.pod_start);
  config.labels[std::string(kLabelAddress)] = basis.address;
  if (!basis.ended_containers.empty()) {
    config.labels[std::string(kLabelEnded)] = basis.ended_containers;
  }
  config.hostname = HostnameOf(pod);
  config.cpu_shares = kMinCpuShares;
  config.oom_score_adj = kSandboxOomScoreAdjust;
  config.is_sandbox = true;
  config.network_start =
      pod.spec.host_network ? NetworkStart::kHosts : NetworkStartOf(basis.has_resolver);
  config.host_ipc = HasHostIpc(pod.spec);
  config.sysctls = SysctlsOf(pod.spec);
  return config;
}

}  // namespace reconcile
