#include <set>

#include "base/check.h"
#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_kept.h"

namespace reconcile {

namespace {

constexpr size_t kMaxDataBytes = 1 << 20;
constexpr int32_t kFirstNodePort = 30000;
constexpr int32_t kLastNodePort = 32767;
constexpr int64_t kMaxAffinitySeconds = 86'400;

void ValidateTargetPort(const IntOrString& target, const FieldPath& path, FieldReporter* reporter) {
  if (target.is_string) {
    ReportIf(CheckPortName(target.text), path, reporter);
  } else {
    RequirePort(target.number, path, reporter);
  }
}

void ValidateNodePort(const ServicePort& port, ServiceType type, const FieldPath& path,
                      FieldReporter* reporter) {
  if (port.node_port == 0) return;
  if (type == ServiceType::kClusterIp) {
    reporter->Error(path, "only a Service of type NodePort or LoadBalancer has node ports");
  } else if (port.node_port < kFirstNodePort || port.node_port > kLastNodePort) {
    reporter->Error(path, "must be from 30000 to 32767, not " + std::to_string(port.node_port));
  }
}

void ValidateServicePorts(const ServiceSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  std::set<std::string> names;
  std::set<std::pair<int32_t, Protocol>> numbers;
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
    ValidateNodePort(port, spec.type, FieldPath(port_path, "nodePort"), reporter);
  }
}

void ValidateExternalName(const ServiceSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath name_path(path, "externalName");
  const Value* name = spec.others.Find("externalName");
  if (name == nullptr) {
    reporter->Error(name_path, "required by type \"ExternalName\"");
  } else {
    std::string_view text = name->AsString();
    if (text.ends_with('.')) text.remove_suffix(1);
    ReportIf(CheckDnsSubdomain(std::string(text)), name_path, reporter);
  }
  if (!spec.cluster_ip.empty()) {
    reporter->Error(FieldPath(path, "clusterIP"), "a Service of type \"ExternalName\" has none");
  }
}

void ValidateServiceExtras(const ServiceSpec& spec, const FieldPath& path,
                           FieldReporter* reporter) {
  const auto find = [&](std::string_view name) { return spec.others.Find(name); };
  ForEachItem(spec.others, path, "externalIPs", [&](const Value& address, const FieldPath& item) {
    RequireIpAddress(address, item, reporter);
  });
  const Value* affinity = find("sessionAffinity");
  if (find("sessionAffinityConfig") != nullptr &&
      (affinity == nullptr || affinity->AsString() != "ClientIP")) {
    reporter->Error(FieldPath(path, "sessionAffinityConfig"), "needs sessionAffinity \"ClientIP\"");
  }
  if (const Value* config = find("sessionAffinityConfig")) {
    const FieldPath config_path(path, "sessionAffinityConfig");
    WithField(*config, config_path, "clientIP", [&](const Value& client, const FieldPath& item) {
      RequireBetween(1, kMaxAffinitySeconds, client, item, "timeoutSeconds", reporter);
    });
  }
  const bool has_outside = spec.type == ServiceType::kNodePort ||
                           spec.type == ServiceType::kLoadBalancer ||
                           find("externalIPs") != nullptr;
  if (find("externalTrafficPolicy") != nullptr && !has_outside) {
    reporter->Error(
        FieldPath(path, "externalTrafficPolicy"),
        "only a Service of type NodePort or LoadBalancer, or with externalIPs, has one");
  }
  if (spec.type == ServiceType::kLoadBalancer) return;
  for (const char* name : {"loadBalancerClass", "loadBalancerSourceRanges"}) {
    if (find(name) == nullptr) continue;
    reporter->Error(FieldPath(path, name), "needs type \"LoadBalancer\"");
  }
}

// Returns how many bytes the values have.
size_t ValidateKeys(const StringMap& data, const FieldPath& path, FieldReporter* reporter) {
  size_t bytes = 0;
  for (const auto& [key, value] : data) {
    ReportIf(CheckConfigKey(key), FieldPath::Key(path, key), reporter);
    bytes += value.size();
  }
  return bytes;
}

void ValidateSize(size_t bytes, const FieldPath& path, FieldReporter* reporter) {
  if (bytes > kMaxDataBytes) {
    reporter->Error(path, "holds " + std::to_string(bytes) + " bytes; the limit is " +
                              std::to_string(kMaxDataBytes) + " (1 MiB)");
  }
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
  ValidateLabels(spec.selector, FieldPath(path, "selector"), reporter);
  ValidateServicePorts(spec, FieldPath(path, "ports"), reporter);
}

void Validate(const ConfigMap& config_map, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath data_path(root, "data");
  const FieldPath binary_path(root, "binaryData");
  const size_t bytes = ValidateKeys(config_map.data, data_path, reporter) +
                       ValidateKeys(config_map.binary_data, binary_path, reporter);
  for (const auto& [key, value] : config_map.binary_data) {
    if (config_map.data.count(key) > 0) {
      reporter->Error(FieldPath::Key(binary_path, key), "data has this key too");
    }
  }
  ValidateSize(bytes, config_map.data.empty() ? binary_path : data_path, reporter);
}

void Validate(const Secret& secret, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath data(root, "data");
  const FieldPath texts(root, "stringData");
  // Both become one map: what is said of a key stands where the key does, or where others do.
  const bool has_texts_only =
      reporter->Written(texts) != nullptr && reporter->Written(data) == nullptr;
  const FieldPath& path = has_texts_only ? texts : data;
  size_t bytes = 0;
  for (const auto& [key, value] : secret.data) {
    const FieldPath in_texts = FieldPath::Key(texts, key);
    const bool is_text = reporter->Written(in_texts) != nullptr;
    ReportIf(CheckConfigKey(key), is_text ? in_texts : FieldPath::Key(data, key), reporter);
    bytes += value.size();
  }
  ValidateSize(bytes, path, reporter);
  const auto require = [&](const std::string& key) {
    if (secret.data.count(key) > 0) return;
    reporter->Error(FieldPath::Key(path, key), "required by type " + Quoted(secret.type));
  };
  if (secret.type == "kubernetes.io/tls") {
    require("tls.crt");
    require("tls.key");
  } else if (secret.type == "kubernetes.io/dockerconfigjson") {
    require(".dockerconfigjson");
  } else if (secret.type == "kubernetes.io/dockercfg") {
    require(".dockercfg");
  } else if (secret.type == "kubernetes.io/ssh-auth") {
    require("ssh-privatekey");
  } else if (secret.type == "kubernetes.io/basic-auth") {
    if (secret.data.count("username") == 0) require("password");
  } else if (secret.type == "kubernetes.io/service-account-token") {
    reporter->Error(FieldPath(root, "type"),
                    Quoted(secret.type) + " is valid in Kubernetes, not yet supported here");
  }
}

}  // namespace reconcile
