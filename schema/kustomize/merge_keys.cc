#include "schema/kustomize/merge_keys.h"

#include <array>

namespace reconcile::kustomize {
namespace {

struct MergeRow {
  std::string_view parent;  // "*" is any
  std::string_view field;
  std::string_view first_key;  // "" for a list of scalars that is merged
  std::string_view second_key;
};

// A field that is not here is replaced whole: tolerations, command, args, envFrom, rules, subjects,
// items, accessModes ...
constexpr std::array kMergeRows = {
    MergeRow{"spec", "containers", "name", ""},
    MergeRow{"spec", "initContainers", "name", ""},
    MergeRow{"spec", "ephemeralContainers", "name", ""},
    MergeRow{"spec", "volumes", "name", ""},
    MergeRow{"spec", "imagePullSecrets", "name", ""},
    MergeRow{"", "imagePullSecrets", "name", ""},  // of a ServiceAccount
    MergeRow{"", "secrets", "name", ""},
    MergeRow{"spec", "hostAliases", "ip", ""},
    MergeRow{"spec", "topologySpreadConstraints", "topologyKey", "whenUnsatisfiable"},
    MergeRow{"spec", "resourceClaims", "name", ""},
    MergeRow{"spec", "schedulingGates", "name", ""},
    MergeRow{"spec", "ports", "port", "protocol"},  // of a Service
    MergeRow{"spec", "podCIDRs", "", ""},
    MergeRow{"spec", "taints", "key", "effect"},
    MergeRow{"containers", "ports", "containerPort", "protocol"},
    MergeRow{"initContainers", "ports", "containerPort", "protocol"},
    MergeRow{"ephemeralContainers", "ports", "containerPort", "protocol"},
    MergeRow{"*", "env", "name", ""},
    MergeRow{"*", "volumeMounts", "mountPath", ""},
    MergeRow{"*", "volumeDevices", "devicePath", ""},
    MergeRow{"metadata", "ownerReferences", "uid", ""},
    MergeRow{"metadata", "finalizers", "", ""},
    MergeRow{"status", "conditions", "type", ""},
    MergeRow{"status", "podIPs", "ip", ""},
    MergeRow{"status", "addresses", "type", ""},
    MergeRow{"", "webhooks", "name", ""},
};

}  // namespace

ListMerge MergeOfList(std::string_view group, std::string_view parent, std::string_view field) {
  const bool known = group.find('.') == std::string_view::npos || group.ends_with(".k8s.io");
  if (!known) return {};
  for (const MergeRow& row : kMergeRows) {
    if (row.field != field || (row.parent != "*" && row.parent != parent)) continue;
    ListMerge merge{true, {}};
    if (!row.first_key.empty()) merge.keys.push_back(row.first_key);
    if (!row.second_key.empty()) merge.keys.push_back(row.second_key);
    return merge;
  }
  return {};
}

}  // namespace reconcile::kustomize
