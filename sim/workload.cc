#include "sim/workload.h"

#include "base/ids.h"

namespace reconcile {
namespace {

constexpr size_t kMostApplications = 5;
constexpr int kMostReplicas = 5;

std::string TemplateOf(const std::string& indent, const std::string& image, int generation,
                       bool uses_config) {
  std::string text = indent + "terminationGracePeriodSeconds: 3\n" + indent + "containers:\n" +
                     indent + "- name: main\n" + indent + "  image: " + image + "\n" + indent +
                     "  imagePullPolicy: IfNotPresent\n" + indent + "  env:\n" + indent +
                     "  - {name: GENERATION, value: \"" + std::to_string(generation) + "\"}\n";
  if (uses_config) {
    text += indent + "  envFrom:\n" + indent + "  - configMapRef: {name: config}\n";
  }
  text += indent + "  resources: {requests: {cpu: 100m, memory: 32Mi}}\n";
  return text;
}

}  // namespace

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
  application.image = kImageOne;
  application.uses_config = random_.Below(2) == 0;
  applications_[name] = application;
}

void Workload::Change() {
  const uint64_t what = random_.Below(10);
  if (applications_.size() < 2 || (what < 2 && applications_.size() < kMostApplications)) {
    AddApplication();
    return;
  }
  auto chosen = applications_.begin();
  std::advance(chosen, static_cast<int64_t>(random_.Below(applications_.size())));
  Application& application = chosen->second;
  if (what == 2) {
    applications_.erase(chosen);
  } else if (what < 6 && application.kind != "Pod") {
    application.replicas = static_cast<int>(random_.Below(kMostReplicas + 1));
  } else if (what < 9 && application.kind == "ReplicationController") {
    application.replicas = 1;  // its pods keep their template for life, as in Kubernetes
  } else if (what < 8) {
    application.image = PickImage();
  } else if (what == 8) {
    ++application.generation;
  } else {
    ++config_generation_;
  }
}

void Workload::MakeHealthy() {
  while (applications_.size() < 3) AddApplication();
  for (auto& [name, application] : applications_) {
    const bool runs = application.image == kImageOne || application.image == kImageTwo;
    if (!runs) application.image = kImageTwo;
    if (application.replicas == 0) application.replicas = 1;
  }
}

std::string Workload::Render(const std::string& name, const Application& application) const {
  const std::string pod =
      TemplateOf("      ", application.image, application.generation, application.uses_config);
  if (application.kind == "Pod") {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\nspec:\n" +
           TemplateOf("  ", application.image, application.generation, application.uses_config);
  }
  const bool deployment = application.kind == "Deployment";
  const std::string labels = "{app: " + name + "}";
  return std::string("apiVersion: ") + (deployment ? "apps/v1" : "v1") +
         "\nkind: " + application.kind + "\nmetadata: {name: " + name +
         "}\nspec:\n  replicas: " + std::to_string(application.replicas) +
         "\n  selector: " + (deployment ? "{matchLabels: " + labels + "}" : labels) +
         "\n  template:\n    metadata: {labels: " + labels + "}\n    spec:\n" + pod;
}

ManifestFile Workload::MakeFile(const std::string& path, std::string text) const {
  const std::string id = Sha256Hex(text).substr(0, 40);
  return {path, id, std::make_shared<std::string>(std::move(text))};
}

FetchedCommit Workload::Commit() {
  FetchedCommit commit;
  ++commits_;
  commit.id = Sha256Hex("commit " + std::to_string(commits_)).substr(0, 40);
  commit.author = "Sim <sim@localhost>";
  commit.subject = "Change " + std::to_string(commits_);
  for (const auto& [name, application] : applications_) {
    commit.files.push_back(MakeFile(name + ".yaml", Render(name, application)));
  }
  commit.files.push_back(
      MakeFile("config.yaml",
               "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\ndata: {generation: \"" +
                   std::to_string(config_generation_) + "\"}\n"));
  return commit;
}

FetchedCommit Workload::BrokenCommit() {
  FetchedCommit commit = Commit();
  commit.files.push_back(
      MakeFile("zz-broken.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: [\n"));
  return commit;
}

std::map<std::string, int> Workload::DeclaredReplicas() const {
  std::map<std::string, int> declared;
  for (const auto& [name, application] : applications_) {
    declared[application.kind + " " + name] = application.replicas;
  }
  return declared;
}

}  // namespace reconcile
