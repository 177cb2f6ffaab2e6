#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "schema/manifests.h"

namespace reconcile::kustomize {

// A repository, as far as the kustomizations of a source reach into it. Paths are canonical, as
// ManifestFile has them: of what lies beside or above the source's folder they begin with "../".
// No link is followed: they are taken for what they are.
class Reach {
 public:
  // kNothing also for what lies outside the repository and for what must not be read.
  enum class Type { kNothing, kFile, kFolder, kLink };

  virtual ~Reach() = default;
  // An error ends the reading of the source.
  virtual Result<Type> Look(const std::string& path) = 0;
  // Adds the file or link at `path` to the files of the source, unless it is among them. Its bytes;
  // of a link, what it points to.
  virtual Result<std::shared_ptr<const std::string>> Take(const std::string& path) = 0;
};

// Named limits on what is followed.
struct ReachLimits {
  size_t max_reached_names = 20'000;  // written in kustomizations, those of bases too
  size_t max_reached_looks = 400'000;
  size_t max_kustomization_bytes = 16 << 20;  // of kustomization files
};

// Takes what kustomizations name, and what the kustomizations that they bring in name, wherever it
// lies in the repository: files of all names, and the links on the way. `kustomizations` are the
// kustomization files that the source has already. What cannot be followed is passed over: the
// rendering says at which line. `source_folder` is as PathResolver's. Invalid when a limit is
// passed.
Status FollowKustomizations(const std::vector<ManifestFile>& kustomizations,
                            const std::string& source_folder, Reach* reach,
                            const ReachLimits& limits = {});

}  // namespace reconcile::kustomize
