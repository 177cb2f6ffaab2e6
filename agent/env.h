#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "link/messages.h"
#include "schema/volumes.h"

namespace reconcile {

// Where a container's environment comes from. Borrows.
struct EnvSources {
  const Assignment& assignment;  // ConfigMaps and Secrets
  const Pod& pod;
  std::string node_name;
  std::string host_ip;
  std::string pod_ip;
  ResourceList allocatable = {};  // of the node: in place of limits that are not set
};

using EnvList = std::vector<std::pair<std::string, std::string>>;

struct ResolvedEnv {
  EnvList variables;                  // each name once, in order of its first mention
  std::vector<std::string> warnings;  // of envFrom keys that are no names (SEMANTICS 11.4)
  size_t links_left_out = 0;          // Services for which there was no room (service_links.h)
};

// PURE. What tells of Services, then envFrom in order, then env in order, later wins (SEMANTICS
// 11.1); values are fixed from here on. Invalid names the ConfigMap, Secret, key or field that is
// missing: the container waits.
Result<ResolvedEnv> ResolveEnv(const EnvSources& sources, const Container& container);

// PURE. A container's limit or request, divided by the divisor and rounded up (SEMANTICS 11.6).
// `own`: the container that is meant where none is named. Invalid names what there is not.
Result<std::string> ResourceText(const EnvSources& sources, const ResourceSelector& selector,
                                 const std::string& own);
// PURE. A field of the pod as a file of a downwardAPI volume has it: also all labels or all
// annotations, a line each, key="value" (SEMANTICS 11.5).
Result<std::string> VolumeFieldText(const EnvSources& sources, const std::string& path);

// PURE. Replaces $(NAME) by the variable's value (SEMANTICS 11.2): an unknown name stays as it
// stands, $$ is a dollar sign, an unterminated $( is literal. Not recursive.
std::string ExpandReferences(std::string_view text, const EnvList& variables);

// PURE. $(NAME) in the command of a probe or a hook is what the container's env says literally, as
// the kubelet has it (SEMANTICS 11.2): nothing for what comes from elsewhere.
void ExpandLiterals(const Container& container, std::vector<std::string>* command);

// Any printable ASCII except '=' (SEMANTICS 11.4).
bool IsEnvName(std::string_view name);

}  // namespace reconcile
