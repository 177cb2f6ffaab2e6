#include "schema/validate_pod.h"

#include <set>

#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {

namespace {

// Host ports are the pod's: no two containers may have the same.
void ValidateHostPort(const ContainerPort& port, bool has_host_network,
                      std::set<std::string>* host_ports, const FieldPath& path,
                      FieldReporter* reporter) {
  if (port.host_port == 0) return;
  const FieldPath host_path(path, "hostPort");
  RequirePort(port.host_port, host_path, reporter);
  if (has_host_network && port.host_port != port.container_port) {
    reporter->Error(host_path, "must equal containerPort with hostNetwork");
  }
  const std::string used = std::string(ToString(port.protocol)) + " " + port.host_ip + " " +
                           std::to_string(port.host_port);
  if (!host_ports->insert(used).second) {
    reporter->Error(host_path,
                    "the host's port " + std::to_string(port.host_port) + " is asked for twice");
  }
}

// What the containers of one pod are checked against.
struct PodScope {
  VolumeNames volumes;
  std::set<std::string> container_names;
  std::set<std::string> host_ports;
  std::set<std::string> resource_claims;
  bool has_host_network = false;
  int64_t grace_seconds = 0;
};

void ValidatePorts(const std::vector<ContainerPort>& ports, PodScope* scope, const FieldPath& path,
                   FieldReporter* reporter) {
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const FieldPath port_path = FieldPath::Item(path, i);
    if (ports[i].container_port != 0) {
      RequirePort(ports[i].container_port, FieldPath(port_path, "containerPort"), reporter);
    }
    ValidateHostPort(ports[i], scope->has_host_network, &scope->host_ports, port_path, reporter);
    if (ports[i].name.empty()) continue;
    const FieldPath name_path(port_path, "name");
    ReportIf(CheckPortName(ports[i].name), name_path, reporter);
    if (!names.insert(ports[i].name).second) {
      reporter->Error(name_path, "duplicate port name " + Quoted(ports[i].name));
    }
  }
}

ContainerRole RoleOf(const Container& container, bool is_init) {
  if (!is_init) return ContainerRole::kMain;
  const Value* policy = container.others.Find("restartPolicy");
  const bool is_sidecar = policy != nullptr && policy->AsString() == "Always";
  return is_sidecar ? ContainerRole::kSidecar : ContainerRole::kInit;
}

void ValidateContainer(const Container& container, bool is_init, PodScope* scope,
                       const FieldPath& path, FieldReporter* reporter) {
  if (!container.name.empty()) {
    ReportIf(CheckDnsLabel(container.name), FieldPath(path, "name"), reporter);
    if (!scope->container_names.insert(container.name).second) {
      reporter->Error(FieldPath(path, "name"),
                      "duplicate container name " + Quoted(container.name));
    }
  }
  const std::string& image = container.image;
  if (!image.empty() && (image.front() <= ' ' || image.back() <= ' ')) {
    reporter->Error(FieldPath(path, "image"),
                    Quoted(image) + " must not begin or end with white space");
  }
  ValidatePorts(container.ports, scope, FieldPath(path, "ports"), reporter);
  ValidateEnvironment(container, path, reporter);
  ValidateResources(container.resources, scope->resource_claims, FieldPath(path, "resources"),
                    reporter);
  ValidateMounts(container, scope->volumes, path, reporter);
  ValidateProbes(container, RoleOf(container, is_init), scope->grace_seconds, path, reporter);
  ValidateSecurityContext(container, path, reporter);
}

void ValidateContainers(const std::vector<Container>& containers, bool is_init, PodScope* scope,
                        const FieldPath& path, FieldReporter* reporter) {
  for (size_t i = 0; i < containers.size(); ++i) {
    ValidateContainer(containers[i], is_init, scope, FieldPath::Item(path, i, containers[i].name),
                      reporter);
  }
}

void ValidateNames(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  for (const std::string_view field : {"serviceAccountName", "priorityClassName"}) {
    const Value* name = spec.others.Find(field);
    if (name == nullptr || name->AsString().empty()) continue;
    ReportIf(CheckDnsSubdomain(name->AsString()), FieldPath(path, field), reporter);
  }
  const Value* deadline = spec.others.Find("activeDeadlineSeconds");
  if (deadline != nullptr && deadline->AsInt() < 1) {
    reporter->Error(FieldPath(path, "activeDeadlineSeconds"), "must be 1 or more");
  }
}

}  // namespace

void ValidatePodSpec(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  ValidatePodSpec(spec, {}, path, reporter);
}

void ValidatePodSpec(const PodSpec& spec, const VolumeNames& claims, const FieldPath& path,
                     FieldReporter* reporter) {
  PodScope scope{.volumes = claims, .container_names = {}, .host_ports = {}, .resource_claims = {}};
  scope.has_host_network = spec.host_network;
  scope.grace_seconds = spec.termination_grace_period_seconds;
  for (const Value& claim : ListIn(spec.others, "resourceClaims")) {
    scope.resource_claims.insert(claim.GetString("name"));
  }
  ValidateVolumes(spec, path, &scope.volumes, reporter);
  const FieldPath containers(path, "containers");
  const FieldPath init_containers(path, "initContainers");
  ValidateContainers(spec.containers, false, &scope, containers, reporter);
  ValidateContainers(spec.init_containers, true, &scope, init_containers, reporter);
  const FieldPath grace(path, "terminationGracePeriodSeconds");
  RequireNotNegative(spec.termination_grace_period_seconds, grace, reporter);
  RequireAtMost(kMaxGracePeriodSeconds, spec.termination_grace_period_seconds, grace, reporter);
  ValidateLabels(spec.node_selector, FieldPath(path, "nodeSelector"), reporter);
  if (!spec.node_name.empty()) {
    ReportIf(CheckDnsSubdomain(spec.node_name), FieldPath(path, "nodeName"), reporter);
  }
  ValidateNames(spec, path, reporter);
  ValidatePodSecurity(spec, path, reporter);
  ValidatePodNetwork(spec, path, reporter);
  ValidatePlacement(spec, path, reporter);
}

}  // namespace reconcile
