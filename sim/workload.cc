#include "sim/workload.h"

#include <algorithm>
#include <tuple>

#include "base/ids.h"
#include "sim/ill_programs.h"

namespace reconcile {
namespace {

constexpr size_t kMostApplications = 5;
constexpr size_t kFewestApplications = 3;
constexpr int kMostReplicas = 5;
constexpr std::string_view kSmallRequest = "100m";
constexpr std::string_view kLargeRequest = "64";  // hosts have four CPUs

bool Runs(const SimTemplate& pod_template) { return FateOf(pod_template) == Fate::kRuns; }

std::string RenderProbes(const std::string& indent) {
  const auto http = [](std::string_view path) {
    return "{httpGet: {path: " + std::string(path) + ", port: 80}, periodSeconds: ";
  };
  return indent + "startupProbe: " + http(kStartedPath) + "1, failureThreshold: 30}\n" + indent +
         "readinessProbe: " + http(kReadyPath) + "15, failureThreshold: 2}\n" + indent +
         "livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 30, failureThreshold: 2, "
         "terminationGracePeriodSeconds: 1}\n";
}

std::string RenderInits(const std::string& indent, const SimTemplate& pod_template) {
  if (!pod_template.has_inits) return "";
  return indent + "initContainers:\n" + indent + "- {name: init, image: \"" +
         std::string(kImageInit) + "\"}\n" + indent + "- {name: sidecar, image: \"" +
         std::string(kImageOne) + "\", restartPolicy: Always}\n";
}

std::string RenderTolerations(const std::string& indent, const SimTemplate& pod_template) {
  const std::string begin = indent + "tolerations: [{key: " + kSimTaint + ", operator: Exists";
  switch (pod_template.tolerance) {
    case SimTemplate::Tolerance::kNone:
      return "";
    case SimTemplate::Tolerance::kForever:
      return begin + "}]\n";
    case SimTemplate::Tolerance::kAWhile:
      return begin +
             ", effect: NoExecute, tolerationSeconds: " + std::to_string(kSimTolerationMs / 1000) +
             "}]\n";
  }
  return "";
}

std::string RenderNode(const std::string& host, const std::map<std::string, TaintEffect>& taints) {
  const auto taint = taints.find(host);
  std::string list;
  if (taint != taints.end()) {
    list = std::string("{key: ") + kSimTaint + ", effect: " + std::string(ToString(taint->second)) +
           "}";
  }
  return "apiVersion: v1\nkind: Node\nmetadata: {name: " + host + "}\nspec: {taints: [" + list +
         "]}\n";
}

std::string RenderPodSpec(const std::string& indent, const SimTemplate& pod_template) {
  std::string text =
      indent + "terminationGracePeriodSeconds: " + std::to_string(kSimGraceMs / 1000) + "\n" +
      RenderTolerations(indent, pod_template) + RenderInits(indent, pod_template) + indent +
      "containers:\n" + indent + "- name: main\n" + indent + "  image: " + pod_template.image +
      "\n" + indent + "  imagePullPolicy: IfNotPresent\n" + indent + "  env:\n" + indent +
      "  - {name: GENERATION, value: \"" + std::to_string(pod_template.generation) + "\"}\n";
  if (pod_template.uses_config) {
    text += indent + "  envFrom:\n" + indent + "  - configMapRef: {name: config}\n" + indent +
            "  volumeMounts: [{name: config, mountPath: /config}]\n";
  }
  if (pod_template.is_probed) text += RenderProbes(indent + "  ");
  if (pod_template.has_hooks) {
    text += indent + "  lifecycle: {postStart: {exec: {command: [" +
            std::string(kPostStartCommand) + "]}}, preStop: {exec: {command: [" +
            std::string(kPreStopCommand) + "]}}}\n";
  }
  text += indent + "  resources: {requests: {cpu: \"" +
          std::string(pod_template.is_large ? kLargeRequest : kSmallRequest) +
          "\", memory: 32Mi}}\n";
  if (pod_template.uses_config) {
    text += indent + "volumes: [{name: config, configMap: {name: config}}]\n";
  }
  return text;
}

std::string RenderApplication(const std::string& name, const Application& application) {
  if (application.kind == "Pod") {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\nspec:\n" +
           RenderPodSpec("  ", application.pod_template);
  }
  const bool deployment = application.kind == "Deployment";
  const std::string labels = "{app: " + name + "}";
  return std::string("apiVersion: ") + (deployment ? "apps/v1" : "v1") +
         "\nkind: " + application.kind + "\nmetadata: {name: " + name +
         "}\nspec:\n  replicas: " + std::to_string(application.replicas) +
         "\n  selector: " + (deployment ? "{matchLabels: " + labels + "}" : labels) +
         "\n  template:\n    metadata: {labels: " + labels + "}\n    spec:\n" +
         RenderPodSpec("      ", application.pod_template) +
         "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name +
         "}\nspec: {type: NodePort, selector: " + labels + ", ports: [{port: 80}]}\n";
}

ManifestFile MakeFile(const std::string& path, std::string text) {
  const std::string id = Sha256Hex(text).substr(0, 40);
  return {path, id, std::make_shared<std::string>(std::move(text))};
}

// The ways in which a commit is broken: no YAML, an unknown field, something declared twice.
std::string BrokenText(uint64_t way) {
  if (way == 0) return "apiVersion: v1\nkind: Pod\nmetadata: {name: [\n";
  if (way == 1) return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd}\ndatta: {a: b}\n";
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\ndata: {generation: \"-1\"}\n";
}

}  // namespace

std::string SimImageId(std::string_view reference) {
  return "sha256:" + Sha256Hex("image " + std::string(reference));
}

Fate FateOf(const SimTemplate& pod_template) {
  if (pod_template.is_large) return Fate::kTooLarge;
  if (pod_template.image == kImageMissing) return Fate::kNotPulled;
  return pod_template.image == kImageCrash ? Fate::kCrashes : Fate::kRuns;
}

std::optional<int64_t> StayUnderSimTaint(const SimTemplate& pod_template) {
  switch (pod_template.tolerance) {
    case SimTemplate::Tolerance::kNone:
      return 0;
    case SimTemplate::Tolerance::kForever:
      return std::nullopt;
    case SimTemplate::Tolerance::kAWhile:
      return kSimTolerationMs;
  }
  return 0;
}

std::optional<SimTemplate> ReadTemplate(const PodSpec& spec) {
  if (spec.containers.size() != 1 || spec.containers[0].env.size() != 1) return std::nullopt;
  const Container& container = spec.containers[0];
  SimTemplate read;
  read.image = container.image;
  read.generation = std::stoi("0" + container.env[0].value);
  read.uses_config = !container.env_from.empty();
  read.is_probed = container.others.Find("readinessProbe") != nullptr;
  read.has_inits = !spec.init_containers.empty();
  read.has_hooks = container.others.Find("lifecycle") != nullptr;
  if (const Value* tolerations = spec.others.Find("tolerations");
      tolerations != nullptr && !tolerations->AsList().empty()) {
    const bool is_for_a_while = tolerations->AsList()[0].Find("tolerationSeconds") != nullptr;
    read.tolerance =
        is_for_a_while ? SimTemplate::Tolerance::kAWhile : SimTemplate::Tolerance::kForever;
  }
  const auto cpu = container.resources.requests.find("cpu");
  if (cpu == container.resources.requests.end()) return std::nullopt;
  read.is_large = cpu->second.Milli() > 1000;
  return read;
}

std::string Workload::PickImage() {
  const uint64_t pick = random_.Below(12);
  if (pick == 0) return std::string(kImageMissing);
  if (pick == 1) return std::string(kImageCrash);
  return std::string(pick % 2 == 0 ? kImageOne : kImageTwo);
}

void Workload::AddApplication() {
  const std::string name = "app-" + std::to_string(random_.Below(8));
  if (applications_.contains(name)) return;
  Application application;
  const uint64_t kind = random_.Below(5);
  application.kind = kind == 0 ? "Pod" : kind < 3 ? "ReplicationController" : "Deployment";
  application.replicas =
      application.kind == "Pod" ? 1 : 1 + static_cast<int>(random_.Below(kMostReplicas));
  application.pod_template.image = kImageOne;
  application.pod_template.uses_config = random_.Below(2) == 0;
  application.pod_template.is_probed = random_.Below(2) == 0;
  application.pod_template.is_large = random_.Below(12) == 0;
  application.pod_template.has_inits = random_.Below(3) == 0;
  application.pod_template.has_hooks = has_hooks_ && random_.Below(2) == 0;
  application.pod_template.tolerance =
      static_cast<SimTemplate::Tolerance>(random_.Below(6) < 3 ? 0 : random_.Below(3));
  applications_[name] = application;
}

void Workload::Change() {
  const auto before = std::tuple(applications_, config_generation_, taints_);
  while (before == std::tuple(applications_, config_generation_, taints_)) ChangeOnce();
}

// One host at a time has a taint that keeps pods away or drives them out.
void Workload::ChangeTaints() {
  if (hosts_.size() < 2) return;
  const bool had_some = !taints_.empty();
  taints_.clear();
  if (had_some && random_.Below(2) == 0) return;
  has_known_hosts_ = true;
  taints_[hosts_[random_.Below(hosts_.size())]] =
      random_.Below(3) == 0 ? TaintEffect::kNoSchedule : TaintEffect::kNoExecute;
}

// Whoever tolerates a taint for a while comes back and goes again, for ever.
void Workload::SettleTaints() {
  for (const auto& [name, templates] : templates_by_name_) {
    for (const SimTemplate& each : templates) {
      if (each.tolerance == SimTemplate::Tolerance::kAWhile) return taints_.clear();
    }
  }
  for (const auto& [name, application] : applications_) {
    if (application.pod_template.tolerance == SimTemplate::Tolerance::kAWhile) taints_.clear();
  }
}

void Workload::ChangeOnce() {
  if (random_.Below(6) == 0) return ChangeTaints();
  const uint64_t what = random_.Below(10);
  if (applications_.size() < 2 || (what < 2 && applications_.size() < kMostApplications)) {
    return AddApplication();
  }
  auto chosen = applications_.begin();
  std::advance(chosen, static_cast<int64_t>(random_.Below(applications_.size())));
  if (what == 2) {
    applications_.erase(chosen);
  } else if (what == 9) {
    ++config_generation_;
  } else {
    ChangeApplication(&chosen->second, what);
  }
}

void Workload::ChangeApplication(Application* application, uint64_t what) {
  SimTemplate& pod_template = application->pod_template;
  if (what < 6 && application->kind != "Pod") {
    application->replicas = static_cast<int>(random_.Below(kMostReplicas + 1));
  } else if (what == 8) {
    ++pod_template.generation;
  } else if (application->kind == "ReplicationController") {
    // Nothing but scaling would ever take its pods away: they always run.
    pod_template.image = random_.Below(2) == 0 ? kImageOne : kImageTwo;
  } else {
    pod_template.image = PickImage();
    pod_template.is_large = pod_template.is_large && random_.Below(2) == 0;
  }
}

void Workload::MakeHealthy() {
  // A ReplicationController's pods keep their template: one that does not run has to go.
  std::erase_if(applications_, [](const auto& entry) {
    return entry.second.kind == "ReplicationController" && !Runs(entry.second.pod_template);
  });
  for (auto& [name, application] : applications_) {
    SimTemplate& pod_template = application.pod_template;
    if (!Runs(pod_template)) pod_template.image = kImageTwo;
    pod_template.is_large = false;
    if (random_.Below(2) == 0) ++pod_template.generation;
    application.replicas = std::max(application.replicas, 1);
  }
  while (applications_.size() < kFewestApplications) AddApplication();
  for (auto& [name, application] : applications_) application.pod_template.is_large = false;
  SettleTaints();
  ++config_generation_;
}

void Workload::MakeUnhealthy() {
  const std::string missing(kImageMissing);
  applications_["bad-crash"] = {"Deployment", 2, {.image = std::string(kImageCrash)}};
  applications_["bad-image"] = {"ReplicationController", 2, {.image = missing}};
  applications_["bad-size"] = {"Pod", 1, {.image = std::string(kImageOne), .is_large = true}};
  SettleTaints();
  ++config_generation_;
}

std::vector<ManifestFile> Workload::Render() const {
  std::vector<ManifestFile> files;
  for (const auto& [name, application] : applications_) {
    files.push_back(MakeFile(name + ".yaml", RenderApplication(name, application)));
  }
  for (const std::string& host : hosts_) {
    if (has_known_hosts_) files.push_back(MakeFile(host + ".yaml", RenderNode(host, taints_)));
  }
  files.push_back(
      MakeFile("config.yaml",
               "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\ndata: {generation: \"" +
                   std::to_string(config_generation_) + "\"}\n"));
  return files;
}

FetchedCommit Workload::NewCommit() {
  FetchedCommit commit;
  ++commits_;
  commit.id = Sha256Hex("commit " + std::to_string(commits_)).substr(0, 40);
  commit.author = "Sim <sim@localhost>";
  commit.subject = "Change " + std::to_string(commits_);
  commit.files = Render();
  return commit;
}

FetchedCommit Workload::Commit() {
  FetchedCommit commit = NewCommit();
  for (auto& [name, application] : applications_) {
    const auto before = declared_.applications.find(name);
    const bool same = before != declared_.applications.end() && before->second == application;
    if (!same) application.changed_at = commits_;
    templates_by_name_[name].push_back(application.pod_template);
  }
  declared_ = {commits_, applications_, taints_, config_generation_};
  commits_by_id_[commit.id] = declared_;
  config_by_number_[commits_] = config_generation_;
  return commit;
}

FetchedCommit Workload::BrokenCommit() {
  const Applications wanted = applications_;
  const int config_generation = config_generation_;
  const std::map<std::string, TaintEffect> taints = taints_;
  const bool has_known_hosts = has_known_hosts_;
  for (auto& [name, application] : applications_) {
    ++application.pod_template.generation;
    if (application.kind != "Pod") application.replicas = (application.replicas + 2) % 6;
  }
  Change();
  if (!applications_.empty()) applications_.erase(applications_.begin());
  FetchedCommit commit = NewCommit();
  commit.files.push_back(MakeFile("zz-broken.yaml", BrokenText(random_.Below(3))));
  applications_ = wanted;
  config_generation_ = config_generation;
  taints_ = taints;
  has_known_hosts_ = has_known_hosts;
  return commit;
}

const Declaration* Workload::Find(const std::string& commit) const {
  const auto found = commits_by_id_.find(commit);
  return found == commits_by_id_.end() ? nullptr : &found->second;
}

int Workload::ConfigAt(int64_t number) const {
  const auto found = config_by_number_.find(number);
  return found == config_by_number_.end() ? 0 : found->second;
}

bool Workload::WasDeclared(const std::string& name, const SimTemplate& pod_template) const {
  const auto found = templates_by_name_.find(name);
  return found != templates_by_name_.end() &&
         std::find(found->second.begin(), found->second.end(), pod_template) != found->second.end();
}

}  // namespace reconcile
