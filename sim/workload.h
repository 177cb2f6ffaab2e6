#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "schema/core.h"
#include "source/manifest_source.h"

namespace reconcile {

// Images that simulated registries and programs know.
inline constexpr std::string_view kImageOne = "sim/app:1";       // runs on
inline constexpr std::string_view kImageTwo = "sim/app:2";       // runs on
inline constexpr std::string_view kImageCrash = "sim/crash:1";   // ends by itself after a while
inline constexpr std::string_view kImageMissing = "sim/none:1";  // cannot be pulled
inline constexpr std::string_view kImageInit = "sim/init:1";     // ends well after a moment
inline constexpr int32_t kCrashExitCode = 1;                     // no other container ends with it

// Names of a pod's containers.
inline constexpr char kMainName[] = "main";
inline constexpr char kInitName[] = "init";
inline constexpr char kSidecarName[] = "sidecar";

// What is run in `main` after its start and before its stop signal, and its pods' grace period.
inline constexpr std::string_view kPostStartCommand = "/begin";
inline constexpr std::string_view kPreStopCommand = "/finish";
inline constexpr int64_t kSimGraceMs = 3'000;

// The id under which every simulated engine has an image.
std::string SimImageId(std::string_view reference);

// How a pod that is declared so fares.
enum class Fate { kRuns, kCrashes, kNotPulled, kTooLarge };

// What people say of an application's pods; the rest of the manifest is the same for all.
struct SimTemplate {
  std::string image;
  int generation = 0;  // in the environment variable GENERATION
  // The environment variable `generation` comes from the ConfigMap, and so does the file.
  bool uses_config = false;
  bool is_probed = false;  // has probes of every kind
  bool is_large = false;   // asks for more than any host has
  bool has_inits = false;  // an init container and then a sidecar come before `main`
  bool has_hooks = false;  // kPostStartCommand and kPreStopCommand run in `main`
  // Of the hosts' taint: for ever, for some time, or not at all.
  enum class Tolerance { kNone, kForever, kAWhile } tolerance = Tolerance::kNone;
  friend auto operator<=>(const SimTemplate&, const SimTemplate&) = default;
};
Fate FateOf(const SimTemplate& pod_template);
// The taint that people give to hosts, and how long pods of Tolerance::kAWhile stay under it.
inline constexpr char kSimTaint[] = "sim/away";
inline constexpr int64_t kSimTolerationMs = 40'000;
// How long pods of ours stay where such a taint is; nothing: for ever.
std::optional<int64_t> StayUnderSimTaint(const SimTemplate& pod_template);
// Reads it back out of a pod of the model. Nothing when no manifest of ours says such a thing.
std::optional<SimTemplate> ReadTemplate(const PodSpec& spec);

struct Application {
  std::string kind;  // Deployment, ReplicationController or Pod
  int replicas = 1;
  SimTemplate pod_template;
  int64_t changed_at = 0;  // number of the commit since which it is declared so
  friend bool operator==(const Application&, const Application&) = default;
};

// All that one good commit declares.
struct Declaration {
  int64_t number = 0;                               // of the commit: grows by one with each
  std::map<std::string, Application> applications;  // by name
  std::map<std::string, TaintEffect> taints;        // by host: of kSimTaint
  int config_generation = 0;                        // what the ConfigMap holds
};

// What the simulated people declare: a handful of applications that they keep changing. Makes real
// manifests, which the controller reads like anybody's, and remembers what each commit said.
class Workload {
 public:
  // People give taints to some of `hosts`, never to all of them.
  explicit Workload(uint64_t seed, std::vector<std::string> hosts = {}, bool has_hooks = false)
      : random_(seed), hosts_(std::move(hosts)), has_hooks_(has_hooks) {}

  // Changes something small: replicas, image, environment, an application more or less.
  void Change();
  // Ends the experiments: only what runs, some replicas of everything, some of it newly made.
  void MakeHealthy();
  // Leaves what does not run as it is, and adds one application of each unhappy fate.
  void MakeUnhealthy();
  FetchedCommit Commit();  // of what is declared now
  // Changes and removes much, too, but one file has an error: nothing of it may be taken.
  FetchedCommit BrokenCommit();

  bool has_hooks() const { return has_hooks_; }
  const Declaration& declared() const { return declared_; }  // by the newest good commit
  // What a commit declared; nullptr when it is none of ours or broken.
  const Declaration* Find(const std::string& commit) const;
  // What the ConfigMap held by the commit of this number; the first value when it is none of ours.
  int ConfigAt(int64_t number) const;
  // Whether a ReplicationController of this name was ever declared with such pods: they keep their
  // template for life, as in Kubernetes.
  bool WasDeclared(const std::string& name, const SimTemplate& pod_template) const;

 private:
  using Applications = std::map<std::string, Application>;
  void ChangeOnce();
  void ChangeTaints();
  void SettleTaints();
  void ChangeApplication(Application* application, uint64_t what);
  std::string PickImage();
  void AddApplication();
  std::vector<ManifestFile> Render() const;
  FetchedCommit NewCommit();

  SeededRandom random_;
  std::vector<std::string> hosts_;
  bool has_hooks_;             // some applications have
  Applications applications_;  // as people want it next
  std::map<std::string, TaintEffect> taints_;
  bool has_known_hosts_ = false;  // manifests of them are there from the first taint on
  int config_generation_ = 0;
  int commits_ = 0;
  Declaration declared_;
  std::map<std::string, Declaration> commits_by_id_;
  std::map<int64_t, int> config_by_number_;
  std::map<std::string, std::vector<SimTemplate>> templates_by_name_;
};

}  // namespace reconcile
