#pragma once

#include <set>
#include <string>
#include <vector>

#include "schema/manifests.h"

namespace reconcile {

// The files of a source that its kustomizations may make Secrets of: what secretGenerators and
// patches name. Nothing of them is to be shown, whatever stands in them: a patch need not say that
// it is one of a Secret. Of a kustomization that cannot be read nobody knows what it names: then
// these are all files.
class SecretFiles {
 public:
  // `source_folder` is as ManifestReading's.
  SecretFiles(const std::vector<ManifestFile>& files, const std::string& source_folder);
  bool Has(const std::string& path) const { return all_ || paths_.contains(path); }

 private:
  bool all_ = false;
  std::set<std::string> paths_;
};

}  // namespace reconcile
