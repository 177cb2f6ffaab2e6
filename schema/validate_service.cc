#include <algorithm>
#include <set>
#include <utility>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_kept.h"

// What is checked of a Service. Source: Kubernetes pkg/apis/core/validation, ValidateService.

namespace reconcile {

namespace {

constexpr int32_t kMaxAffinitySeconds = 86'400;

void ValidateTargetPort(const IntOrString& target, const FieldPath& path, FieldReporter* reporter) {
  if (target.is_string) {
    ReportIf(CheckPortName(target.text), path, reporter);
  } else {
    RequirePort(target.number, path, reporter);
  }
}

// Node ports taken so far: one number serves each protocol once.
using NodePorts = std::set<std::pair<int32_t, Protocol>>;

void ValidateNodePort(const ServicePort& port, ServiceType type, NodePorts* taken,
                      const FieldPath& path, FieldReporter* reporter) {
  if (port.node_port == 0) return;
  if (!taken->emplace(port.node_port, port.protocol).second) {
    reporter->Error(path, "duplicate node port " + std::to_string(port.node_port) + "/" +
                              std::string(ToString(port.protocol)));
  }
  if (type == ServiceType::kClusterIp) {
    reporter->Error(path, "only a Service of type NodePort or LoadBalancer has node ports");
  } else if (port.node_port < kFirstNodePort || port.node_port > kLastNodePort) {
    reporter->Error(path, "must be from 30000 to 32767, not " + std::to_string(port.node_port));
  }
}

void ValidateServicePorts(const ServiceSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  std::set<std::string> names;
  std::set<std::pair<int32_t, Protocol>> numbers;
  NodePorts node_ports;
  for (size_t i = 0; i < spec.ports.size(); ++i) {
    const ServicePort& port = spec.ports[i];
    const FieldPath port_path = FieldPath::Item(path, i);
    const FieldPath name_path(port_path, "name");
    if (port.name.empty() && spec.ports.size() > 1) {
      reporter->Error(name_path, "required when there are several ports");
    } else if (!port.name.empty()) {
      ReportIf(CheckDnsLabel(port.name), name_path, reporter);
      if (!names.insert(port.name).second) {
        reporter->Error(name_path, "duplicate port name " + Quoted(port.name));
      }
    }
    const FieldPath number_path(port_path, "port");
    if (port.port != 0) RequirePort(port.port, number_path, reporter);
    if (port.port != 0 && !numbers.emplace(port.port, port.protocol).second) {
      reporter->Error(number_path, "duplicate port " + std::to_string(port.port) + "/" +
                                       std::string(ToString(port.protocol)));
    }
    if (port.target_port && port.port != 0) {
      ValidateTargetPort(*port.target_port, FieldPath(port_path, "targetPort"), reporter);
    }
    ValidateNodePort(port, spec.type, &node_ports, FieldPath(port_path, "nodePort"), reporter);
    if (const Value* protocol = port.others.Find("appProtocol")) {
      ReportIf(CheckQualifiedName(protocol->AsString()), FieldPath(port_path, "appProtocol"),
               reporter);
    }
  }
}

void ValidateExternalName(const ServiceSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath name_path(path, "externalName");
  if (spec.external_name.empty()) {
    reporter->Error(name_path, "required by type \"ExternalName\"");
  } else {
    std::string_view text = spec.external_name;
    if (text.ends_with('.')) text.remove_suffix(1);
    ReportIf(CheckDnsSubdomain(std::string(text)), name_path, reporter);
  }
  if (!spec.cluster_ip.empty()) {
    reporter->Error(FieldPath(path, "clusterIP"), "a Service of type \"ExternalName\" has none");
  }
}

// sessionAffinity and its config.
void ValidateAffinity(const ServiceSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  if (!spec.session_affinity_timeout_seconds) return;
  const FieldPath config_path(path, "sessionAffinityConfig");
  if (spec.session_affinity != SessionAffinity::kClientIp) {
    reporter->Error(config_path, "needs sessionAffinity \"ClientIP\"");
  }
  const int32_t seconds = *spec.session_affinity_timeout_seconds;
  if (seconds >= 1 && seconds <= kMaxAffinitySeconds) return;
  const FieldPath client_path(config_path, "clientIP");
  reporter->Error(FieldPath(client_path, "timeoutSeconds"),
                  "must be from 1 to " + std::to_string(kMaxAffinitySeconds) + ", not " +
                      std::to_string(seconds));
}

// clusterIPs and ipFamilies. Source: ValidateServiceClusterIPsRelatedFields.
void ValidateFamilies(const ServiceSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  std::set<std::string_view> families;
  ForEachItem(spec.others, path, "ipFamilies", [&](const Value& family, const FieldPath& item) {
    if (families.insert(family.AsString()).second) return;
    reporter->Error(item, "duplicate family " + Quoted(family.AsString()));
  });
  WithField(spec.others, path, "clusterIPs", [&](const Value& addresses, const FieldPath& item) {
    const Value::List& list = addresses.AsList();
    if (list.empty() || list[0].IsNull() || spec.cluster_ip.empty()) return;
    if (list[0].AsString() == spec.cluster_ip) return;
    reporter->Error(FieldPath::Item(item, 0), "must be clusterIP, " + Quoted(spec.cluster_ip) +
                                                  ", not " + Quoted(list[0].AsString()));
  });
}

// What only a Service has that clients outside the cluster reach.
void ValidateOutside(const ServiceSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath addresses_path(path, "externalIPs");
  for (size_t i = 0; i < spec.external_ips.size(); ++i) {
    RequireReachableAddress(spec.external_ips[i], FieldPath::Item(addresses_path, i), reporter);
  }
  const bool is_balanced = spec.type == ServiceType::kLoadBalancer;
  const bool has_outside =
      is_balanced || spec.type == ServiceType::kNodePort || !spec.external_ips.empty();
  if (spec.external_traffic_policy != TrafficPolicy::kUnset && !has_outside) {
    reporter->Error(
        FieldPath(path, "externalTrafficPolicy"),
        "only a Service of type NodePort or LoadBalancer, or with externalIPs, has one");
  }
  const bool is_local = spec.external_traffic_policy == TrafficPolicy::kLocal;
  if (spec.health_check_node_port != 0 && !(is_balanced && is_local)) {
    reporter->Error(FieldPath(path, "healthCheckNodePort"),
                    "needs type \"LoadBalancer\" and externalTrafficPolicy \"Local\"");
  }
  if (is_balanced) return;
  const std::pair<const char*, bool> fields[] = {
      {"loadBalancerClass", spec.others.Find("loadBalancerClass") != nullptr},
      {"loadBalancerSourceRanges", !spec.load_balancer_source_ranges.empty()},
      {"allocateLoadBalancerNodePorts", spec.allocate_load_balancer_node_ports.has_value()}};
  for (const auto& [name, is_set] : fields) {
    if (is_set) reporter->Error(FieldPath(path, name), "needs type \"LoadBalancer\"");
  }
}

void ValidateServiceExtras(const ServiceSpec& spec, const FieldPath& path,
                           FieldReporter* reporter) {
  ValidateAffinity(spec, path, reporter);
  ValidateFamilies(spec, path, reporter);
  ValidateOutside(spec, path, reporter);
  const FieldPath ranges_path(path, "loadBalancerSourceRanges");
  for (size_t i = 0; i < spec.load_balancer_source_ranges.size(); ++i) {
    // Spaces around it are forgiven, as they were in the annotation that came before the field;
    // those of Go's strings.TrimSpace.
    const std::string& range = spec.load_balancer_source_ranges[i];
    if (ReadIpBlock(Trimmed(range, " \t\r\n\v\f"))) continue;
    reporter->Error(FieldPath::Item(ranges_path, i), Quoted(range) + " is no CIDR like 10.0.0.0/8");
  }
  WithField(spec.others, path, "trafficDistribution", [&](const Value& word, const FieldPath& at) {
    static const std::vector<std::string_view> words = {"PreferClose", "PreferSameZone",
                                                        "PreferSameNode"};
    if (std::find(words.begin(), words.end(), word.AsString()) != words.end()) return;
    reporter->Error(at, Quoted(word.AsString()) + " is none of " + QuotedList(words));
  });
}

}  // namespace

void Validate(const Service& service, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "spec");
  const ServiceSpec& spec = service.spec;
  const FieldPath ip_path(path, "clusterIP");
  const bool is_headless = spec.cluster_ip == "None";
  const bool is_name = spec.type == ServiceType::kExternalName;
  if (spec.ports.empty() && !is_headless && !is_name) {
    reporter->Error(FieldPath(path, "ports"), "required, unless clusterIP is \"None\"");
  }
  if (is_name) ValidateExternalName(spec, path, reporter);
  ValidateServiceExtras(spec, path, reporter);
  if (is_headless && spec.type != ServiceType::kClusterIp && !is_name) {
    reporter->Error(ip_path, "\"None\" needs type \"ClusterIP\"");
  } else if (!is_headless && !spec.cluster_ip.empty() && !IsIpAddress(spec.cluster_ip)) {
    reporter->Error(ip_path, Quoted(spec.cluster_ip) + " is neither \"None\" nor an IP address");
  }
  WarnOfAddress(spec.cluster_ip, ip_path, reporter);
  ValidateLabels(spec.selector, FieldPath(path, "selector"), reporter);
  ValidateServicePorts(spec, FieldPath(path, "ports"), reporter);
}

}  // namespace reconcile
