#pragma once

#include <string>

#include "agent/env.h"
#include "agent/step.h"

namespace reconcile {

// What a container stands on when it is created.
struct ContainerBasis {
  std::string sandbox_id;  // empty: the container owns the pod's network, and
                           // waits for it
  int32_t sandbox_attempt = 0;
  std::string image_id;
  int32_t attempt = 0;
  int32_t crashes = 0;  // of the attempts before it, as far as they count
  WallTime pod_start;
  bool has_resolver = false;  // the pod's files have a resolv.conf
  std::string image_user;
  // Without a sandbox alone:
  std::string address;
  std::vector<std::string> image_entrypoint;
  std::vector<std::string> image_cmd;
};
// What a sandbox stands on.
struct SandboxBasis {
  std::string pause_image_id;
  std::string address;
  int32_t attempt = 0;
  int32_t crashes = 0;  // sandboxes lost before it
  WallTime pod_start;
  std::string ended_containers;  // kLabelEnded
  bool has_resolver = false;     // as above
};

// PURE. Everything that needs a new container when it changes, and nothing that a ConfigMap holds:
// the environment is fixed when a container is created (SEMANTICS 11.8). "<version>:<hex>".
std::string SpecHashOf(const Container& container);
// False when `label` names another spec. A label that another version of the hash wrote says
// nothing: an upgrade restarts no container.
bool SameSpec(const std::string& label, const Container& container);

// PURE. Score of the kernel's OOM killer (SEMANTICS 18.2).
int32_t OomScoreAdjust(const PodSpec& spec, const Container& container, int64_t host_memory_bytes);
// Docker's cpu shares of a request, CFS quota per 100 ms of a limit (0: none) (SEMANTICS 18.3).
int64_t CpuSharesOf(const ResourceRequirements& resources);
int64_t CpuQuotaOf(const ResourceRequirements& resources);

// PURE. What the container runs, as in Kubernetes: `command` in place of the image's entrypoint and
// cmd, `args` in place of its cmd. Empty when there is nothing to run.
std::vector<std::string> CommandOf(const Container& container, const ContainerBasis& basis,
                                   const EnvList& env);
// PURE. What to create. `env` is the container's resolved environment.
ContainerConfig MakeContainerConfig(const std::string& cluster_id, const Pod& pod,
                                    const Container& container, const ContainerBasis& basis,
                                    const EnvList& env, const HostFacts& host);
ContainerConfig MakeSandboxConfig(const std::string& cluster_id, const Pod& pod,
                                  const SandboxBasis& basis);

// What the pod calls itself, cut to 63 characters (SEMANTICS 8.10).
std::string HostnameOf(const Pod& pod);

}  // namespace reconcile
