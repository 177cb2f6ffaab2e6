#include <optional>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_kept.h"

namespace reconcile {

namespace {

constexpr std::string_view kBackends[] = {"service", "resource"};
constexpr std::string_view kPortForms[] = {"name", "number"};
constexpr int64_t kLastPort = 65535;
constexpr size_t kMaxControllerBytes = 250;

void ValidateIngressBackend(const Value& backend, const FieldPath& path, FieldReporter* reporter) {
  RequireOneOf(kBackends, backend, path, reporter);
  WithField(backend, path, "service", [&](const Value& service, const FieldPath& service_path) {
    const std::string_view name = TextOf(service, "name");
    if (!name.empty()) {
      ReportIf(CheckServiceName(name), FieldPath(service_path, "name"), reporter);
    }
    const FieldPath port_path(service_path, "port");
    const Value* port = service.Find("port");
    if (port == nullptr) return reporter->Error(port_path, "required: a name or a number");
    RequireOneOf(kPortForms, *port, port_path, reporter);
    RequireBetween(1, kLastPort, *port, port_path, "number", reporter);
    const std::string_view port_name = TextOf(*port, "name");
    if (!port_name.empty()) {
      ReportIf(CheckPortName(port_name), FieldPath(port_path, "name"), reporter);
    }
  });
}

// A name in DNS, or one with "*" for its first label.
void ValidateHost(std::string_view host, const FieldPath& path, FieldReporter* reporter) {
  if (IsIpAddress(std::string(host))) {
    return reporter->Error(path, Quoted(host) + " is an address; a host is a name in DNS");
  }
  if (host.starts_with("*.")) host.remove_prefix(2);
  ReportIf(CheckDnsSubdomain(host), path, reporter);
}

// Whether no part of a path that ends with "/" is empty, "." or "..".
bool IsPlainPath(const std::string& path) {
  for (const char* part : {"//", "/./", "/../"}) {
    const size_t at = path.find(part);
    // The "/" that the path itself may end with is no empty part.
    if (at != std::string::npos && !(part == std::string_view("//") && at + 2 == path.size())) {
      return false;
    }
  }
  return true;
}

void ValidateIngressPath(const Value& entry, const FieldPath& path, FieldReporter* reporter) {
  const std::string_view text = TextOf(entry, "path");
  const FieldPath text_path(path, "path");
  const bool is_free = TextOf(entry, "pathType") == "ImplementationSpecific";
  if (!text.starts_with('/') && !(is_free && text.empty())) {
    reporter->Error(text_path, "must begin with \"/\", not be " + Quoted(text));
  } else if (!is_free && !IsPlainPath(std::string(text) + '/')) {
    reporter->Error(text_path, Quoted(text) + " must not have \"//\", \"/./\" or \"/../\" in it");
  }
  WithField(entry, path, "backend", [&](const Value& backend, const FieldPath& backend_path) {
    ValidateIngressBackend(backend, backend_path, reporter);
  });
}

// The annotation that came before ingressClassName may say the same, and nothing else. Source:
// ValidateIngressCreate.
void ValidateClassName(const Ingress& ingress, const Value& spec, const FieldPath& path,
                       FieldReporter* reporter) {
  WithField(spec, path, "ingressClassName", [&](const Value& name, const FieldPath& item) {
    ReportIf(CheckDnsSubdomain(name.AsString()), item, reporter);
    const auto annotation = ingress.metadata.annotations.find("kubernetes.io/ingress.class");
    if (annotation == ingress.metadata.annotations.end() || annotation->second == name.AsString()) {
      return;
    }
    reporter->Error(item, "the annotation kubernetes.io/ingress.class says " +
                              Quoted(annotation->second) + ", this " + Quoted(name.AsString()) +
                              ": leave the annotation out");
  });
}

void ValidatePeer(const Value& peer, const FieldPath& path, FieldReporter* reporter) {
  ValidateSelectorShape(peer, path, "podSelector", reporter);
  ValidateSelectorShape(peer, path, "namespaceSelector", reporter);
  const bool has_pods = peer.Find("podSelector") != nullptr;
  const bool has_namespaces = peer.Find("namespaceSelector") != nullptr;
  const Value* block = peer.Find("ipBlock");
  if (block == nullptr) {
    if (!has_pods && !has_namespaces) {
      reporter->Error(path, "needs podSelector, namespaceSelector or ipBlock");
    }
    return;
  }
  if (has_pods || has_namespaces) reporter->Error(path, "ipBlock goes with no selector");
  const FieldPath block_path(path, "ipBlock");
  const auto read = [&](const Value& cidr, const FieldPath& cidr_path) {
    const std::optional<IpBlock> addresses = ReadIpBlock(cidr.AsString());
    if (!addresses) {
      reporter->Error(cidr_path, Quoted(cidr.AsString()) + " is no CIDR like 10.0.0.0/8");
    }
    return addresses;
  };
  std::optional<IpBlock> all;
  WithField(*block, block_path, "cidr",
            [&](const Value& cidr, const FieldPath& item) { all = read(cidr, item); });
  ForEachItem(*block, block_path, "except", [&](const Value& cidr, const FieldPath& item) {
    const std::optional<IpBlock> part = read(cidr, item);
    if (!all || !part || IsPartOf(*part, *all)) return;
    reporter->Error(
        item, Quoted(cidr.AsString()) + " is not a part of " + Quoted(TextOf(*block, "cidr")));
  });
}

void ValidatePolicyPort(const Value& entry, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath port_path(path, "port");
  const Value* port = entry.Find("port");
  if (port != nullptr && port->IsInt()) {
    RequireBetween(1, kLastPort, entry, path, "port", reporter);
  } else if (port != nullptr && port->IsString()) {
    ReportIf(CheckPortName(port->AsString()), port_path, reporter);
  }
  WithField(entry, path, "endPort", [&](const Value& end, const FieldPath& end_path) {
    if (port == nullptr || !port->IsInt()) {
      reporter->Error(end_path, "needs a port that is a number");
    } else if (end.AsInt() < port->AsInt() || end.AsInt() > kLastPort) {
      reporter->Error(end_path, "must be from " + std::to_string(port->AsInt()) +
                                    " to 65535, not " + std::to_string(end.AsInt()));
    }
  });
}

}  // namespace

void Validate(const Ingress& ingress, FieldReporter* reporter) {
  const FieldPath root;
  WithField(ingress.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    ValidateClassName(ingress, spec, path, reporter);
    const Value* rules = spec.Find("rules");
    const bool has_rules = rules != nullptr && rules->IsList() && !rules->AsList().empty();
    if (!has_rules && spec.Find("defaultBackend") == nullptr) {
      reporter->Error(path, "needs rules or a defaultBackend");
    }
    WithField(spec, path, "defaultBackend", [&](const Value& backend, const FieldPath& item) {
      ValidateIngressBackend(backend, item, reporter);
    });
    ForEachItem(spec, path, "rules", [&](const Value& rule, const FieldPath& rule_path) {
      const std::string_view host = TextOf(rule, "host");
      if (!host.empty()) ValidateHost(host, FieldPath(rule_path, "host"), reporter);
      WithField(rule, rule_path, "http", [&](const Value& http, const FieldPath& http_path) {
        ForEachItem(http, http_path, "paths", [&](const Value& entry, const FieldPath& item) {
          ValidateIngressPath(entry, item, reporter);
        });
      });
    });
    ForEachItem(spec, path, "tls", [&](const Value& tls, const FieldPath& tls_path) {
      ForEachItem(tls, tls_path, "hosts", [&](const Value& host, const FieldPath& host_path) {
        ValidateHost(host.AsString(), host_path, reporter);
      });
    });
  });
}

void Validate(const IngressClass& ingress_class, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "spec");
  const Value* spec = ingress_class.others.Find("spec");
  const std::string_view controller = spec == nullptr ? "" : TextOf(*spec, "controller");
  const FieldPath controller_path(path, "controller");
  ReportIf(CheckDomainPath(controller), controller_path, reporter);
  if (controller.size() > kMaxControllerBytes) {
    reporter->Error(controller_path, "must be at most 250 characters");
  }
  if (spec == nullptr) return;
  WithField(*spec, path, "parameters", [&](const Value& parameters, const FieldPath& item) {
    const bool is_local = TextOf(parameters, "scope") == "Namespace";
    const bool has_namespace = !TextOf(parameters, "namespace").empty();
    if (is_local == has_namespace) return;
    reporter->Error(FieldPath(item, "namespace"), is_local ? "required by scope \"Namespace\""
                                                           : "has no place with scope \"Cluster\"");
  });
}

void Validate(const NetworkPolicy& policy, FieldReporter* reporter) {
  const FieldPath root;
  WithField(policy.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    ValidateSelectorShape(spec, path, "podSelector", reporter);
    const auto check = [&](const char* rules, const char* peers) {
      ForEachItem(spec, path, rules, [&](const Value& rule, const FieldPath& rule_path) {
        ForEachItem(rule, rule_path, peers, [&](const Value& peer, const FieldPath& peer_path) {
          ValidatePeer(peer, peer_path, reporter);
        });
        ForEachItem(rule, rule_path, "ports", [&](const Value& port, const FieldPath& port_path) {
          ValidatePolicyPort(port, port_path, reporter);
        });
      });
    };
    check("ingress", "from");
    check("egress", "to");
  });
}

}  // namespace reconcile
