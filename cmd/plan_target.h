#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "controller/controller.h"

namespace reconcile {

// What --dry-run is told; empty where it is not.
struct PlanRequest {
  std::string path;  // repository or folder
  std::string revision;
  std::string folder;  // inside the repository, or below `path`
  std::string source;
};

// What is read, and as which source's newest commit it is planned.
struct PlanTarget {
  std::string source;
  std::string path;
  std::string revision;  // "": the work tree, or the HEAD of a bare repository
  std::string folder;    // below `path`
};

// Fills in what `request` leaves out from the controller's sources. The source is the one that is
// named, the only one, or the one whose repository `path` lies in; several that fit are told apart
// by their folders. At a repository's root the source's own folder is read, deeper `path` itself;
// of a bare repository, the source's revision. Invalid, with a list of the sources, when it does
// not follow which is meant. Looks at local files; blocks.
Result<PlanTarget> ChoosePlanTarget(const PlanRequest& request,
                                    const std::vector<SourceConfig>& sources);

// "Plan of commit 3f9a1c20b7de of /srv/manifests": what was read. `commit` empty: the work tree.
// `base`: of a range, what comes before. Text from outside is escaped.
std::string PlannedText(const PlanTarget& target, const std::string& commit,
                        const std::string& base);

// Whether somebody in folder `here` may take the plan for one of that folder: `request` names no
// path, and `here` is in another repository on this machine than what is read.
bool IsPlanOfElsewhere(const PlanRequest& request, const PlanTarget& target,
                       const std::string& here);

}  // namespace reconcile
