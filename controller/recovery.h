#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller/core.h"

namespace reconcile {

// Rebuilding the model from what agents run, after its database was lost, or replaced by an older
// copy (DESIGN 1: it does not lose what runs). All PURE.
//
// What an agent runs is the truth about its node: its pods go into the model as they are, with
// their uids, and with the ReplicaSets of Deployments that own them; pods of the model that were on
// that node before this lineage began and are not there any more are gone. Other owners are not
// rebuilt: their pods lose the reference and whoever selects them adopts them. Services come with
// the addresses that hosts know. Nothing here stops a container.

// On what was learned and has found no owner yet.
inline constexpr char kRecoveredAnnotation[] = "reconcile.dev/recovered";

struct Learned {
  // Pods of an inventory that the model cannot hold, by node: another pod of their name runs.
  std::map<std::string, std::set<std::string>> surplus_uids;
  std::vector<Reason> reasons;
};

// Takes inventories of this cluster's nodes into `state` and `writes`. Taking one twice changes
// nothing.
Learned TakeInventories(const std::vector<const Inventory*>& inventories, ClusterState* state,
                        WriteSet* writes, Now now);

// Names and uids that an object creates from this incarnation on were never used before: earlier
// ones were counted by a lineage that this one knows only in part. It depends on nothing that the
// other lineage's may be equal to, a clock that went back least of all: it lies somewhere between
// 2^49 and 2^50, by the lineage's random name, and what is counted from one never gets there.
int64_t FirstIncarnation(const Cluster& cluster);

// Whether anything of `state` has the annotation.
bool HasRecovered(const ClusterState& state);

// Once every source's commit is in the model: gives what has the annotation and is still nobody's
// to the source that has most to do with its namespace, and takes the annotation off what found an
// owner. Returns the sources that got something. Does nothing without sources.
std::set<std::string> GiveRecovered(const std::set<std::string>& sources, ClusterState* state,
                                    WriteSet* writes);

}  // namespace reconcile
