#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "schema/manifest_pack.h"
#include "schema/manifests.h"

namespace reconcile {

// What a source's kustomizations make, and which of its files are left to be read one by one.
//
// A source whose folder has a kustomization is what that renders, and nothing else: as `kubectl
// apply -k`, Argo CD and Flux have it. Otherwise each topmost folder with a kustomization is
// rendered, unless another one uses it or it is a Component, and everything else is read file by
// file: as Flux generates a kustomization where there is none. What lies in such a folder, and what
// a kustomization uses, is never read as it is. A folder with a Chart.yaml is an error at that
// file.
struct KustomizedManifests {
  struct Item {
    std::string file;  // where its document begins
    ReadItem read;     // its mark is in that file
  };
  std::vector<Item> items;

  // Whether the file at `path` is a manifest to be read as it is.
  bool LeavesOut(const std::string& path) const;

  bool whole = false;  // the source's folder is a kustomization: no file is read as it is
  std::set<std::string> folders;  // rendered, or charts: nothing below is read as it is
  std::set<std::string> used;     // by kustomizations
};

// PURE. Costs a look at each path when there is no kustomization. Each object is finished
// (FinishObject); nothing is kept.
KustomizedManifests RenderKustomizations(const std::vector<ManifestFile>& files,
                                         const std::string& default_namespace,
                                         const ManifestLimits& limits,
                                         const ManifestReading& reading);

}  // namespace reconcile
