#include <set>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate.h"

namespace reconcile {

namespace {

constexpr std::string_view kKnownResources[] = {"cpu", "memory"};

bool IsKubernetesResource(const std::string& name) {
  return name == "ephemeral-storage" || name == "storage" || name.rfind("hugepages-", 0) == 0 ||
         name.find('/') != std::string::npos;
}

void ValidateResourceName(const std::string& name, const FieldPath& path, FieldReporter* reporter) {
  for (std::string_view known : kKnownResources) {
    if (name == known) return;
  }
  if (IsKubernetesResource(name)) {
    reporter->Error(path, "valid in Kubernetes, not yet supported here (cpu and memory are)");
    return;
  }
  const std::string_view nearest = NearestWord(name, {"cpu", "memory"});
  reporter->Error(path, "unknown resource " + Quoted(name) + "; " +
                            (IsSimilar(name, nearest) ? "did you mean " + Quoted(nearest) + "?"
                                                      : "\"cpu\" and \"memory\" are known"));
}

void ValidateResourceList(const ResourceList& list, const FieldPath& path,
                          FieldReporter* reporter) {
  for (const auto& [name, quantity] : list) {
    const FieldPath entry = FieldPath::Key(path, name);
    ValidateResourceName(name, entry, reporter);
    if (quantity.IsNegative()) {
      reporter->Error(entry, "must be 0 or more, not " + quantity.ToString());
    } else if (name == "memory" && quantity.Milli() % 1000 != 0) {
      reporter->Warn(entry, quantity.ToString() +
                                " is a fraction of a byte: \"m\" means thousandths; did you mean "
                                "\"M\" or \"Mi\"?");
    }
  }
}

void ValidateResources(const ResourceRequirements& resources, const FieldPath& path,
                       FieldReporter* reporter) {
  const FieldPath requests_path(path, "requests");
  ValidateResourceList(resources.limits, FieldPath(path, "limits"), reporter);
  ValidateResourceList(resources.requests, requests_path, reporter);
  for (const auto& [name, request] : resources.requests) {
    const auto limit = resources.limits.find(name);
    if (limit == resources.limits.end() || request <= limit->second) continue;
    reporter->Error(FieldPath::Key(requests_path, name),
                    "must not be more than the limit: " + request.ToString() + " > " +
                        limit->second.ToString());
  }
}

void ValidatePorts(const std::vector<ContainerPort>& ports, const FieldPath& path,
                   FieldReporter* reporter) {
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const FieldPath port_path = FieldPath::Item(path, i);
    if (ports[i].container_port != 0) {
      RequirePort(ports[i].container_port, FieldPath(port_path, "containerPort"), reporter);
    }
    if (ports[i].name.empty()) continue;
    const FieldPath name_path(port_path, "name");
    ReportIf(CheckPortName(ports[i].name), name_path, reporter);
    if (!names.insert(ports[i].name).second) {
      reporter->Error(name_path, "duplicate port name " + Quoted(ports[i].name));
    }
  }
}

void ValidateContainer(const Container& container, const FieldPath& path, FieldReporter* reporter) {
  if (!container.name.empty()) {
    ReportIf(CheckDnsLabel(container.name), FieldPath(path, "name"), reporter);
  }
  const std::string& image = container.image;
  if (!image.empty() && (image.front() <= ' ' || image.back() <= ' ')) {
    reporter->Error(FieldPath(path, "image"),
                    Quoted(image) + " must not begin or end with white space");
  }
  ValidatePorts(container.ports, FieldPath(path, "ports"), reporter);
  ValidateEnvironment(container, path, reporter);
  ValidateResources(container.resources, FieldPath(path, "resources"), reporter);
}

}  // namespace

void ValidatePodSpec(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath containers(path, "containers");
  std::set<std::string> names;
  for (size_t i = 0; i < spec.containers.size(); ++i) {
    const Container& container = spec.containers[i];
    const FieldPath container_path = FieldPath::Item(containers, i, container.name);
    ValidateContainer(container, container_path, reporter);
    if (!container.name.empty() && !names.insert(container.name).second) {
      reporter->Error(FieldPath(container_path, "name"),
                      "duplicate container name " + Quoted(container.name));
    }
  }
  const FieldPath grace(path, "terminationGracePeriodSeconds");
  RequireNotNegative(spec.termination_grace_period_seconds, grace, reporter);
  RequireAtMost(kMaxGracePeriodSeconds, spec.termination_grace_period_seconds, grace, reporter);
  ValidateLabels(spec.node_selector, FieldPath(path, "nodeSelector"), reporter);
}

}  // namespace reconcile
