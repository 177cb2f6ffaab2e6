#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "source/manifest_source.h"

namespace reconcile {

// Images that simulated registries and programs know.
inline constexpr std::string_view kImageOne = "sim/app:1";       // runs on
inline constexpr std::string_view kImageTwo = "sim/app:2";       // runs on
inline constexpr std::string_view kImageCrash = "sim/crash:1";   // ends by itself after a while
inline constexpr std::string_view kImageMissing = "sim/none:1";  // cannot be pulled

// What the simulated people declare: a handful of applications that they keep changing. Makes real
// manifests, which the controller reads like anybody's.
class Workload {
 public:
  explicit Workload(uint64_t seed) : random_(seed) {}

  // Changes something small: replicas, image, environment, an application more or less.
  void Change();
  // Ends the experiments: only images that run, some replicas of everything.
  void MakeHealthy();
  FetchedCommit Commit();        // of what is declared now
  FetchedCommit BrokenCommit();  // one file of it does not parse

  // Declared replicas by "Kind name".
  std::map<std::string, int> DeclaredReplicas() const;

 private:
  struct Application {
    std::string kind;  // Deployment, ReplicationController or Pod
    int replicas = 1;
    std::string image;
    int generation = 0;  // in an environment variable: a change of the template
    bool uses_config = false;
  };
  std::string Render(const std::string& name, const Application& application) const;
  std::string PickImage();
  void AddApplication();
  ManifestFile MakeFile(const std::string& path, std::string text) const;

  SeededRandom random_;
  std::map<std::string, Application> applications_;
  int config_generation_ = 0;
  int commits_ = 0;
};

}  // namespace reconcile
