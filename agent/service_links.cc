#include "agent/service_links.h"

#include <algorithm>
#include <map>

namespace reconcile {
namespace {

char UpperCase(char c) {
  if (c == '-') return '_';
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// "web-api" -> "WEB_API".
std::string VariableName(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), UpperCase);
  return name;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

EnvList LinksOf(const Service& service) {
  const std::string& address = service.spec.cluster_ip;
  const std::string name = VariableName(service.metadata.name);
  EnvList links = {{name + "_SERVICE_HOST", address},
                   {name + "_SERVICE_PORT", std::to_string(service.spec.ports[0].port)}};
  for (const ServicePort& port : service.spec.ports) {
    if (port.name.empty()) continue;
    links.emplace_back(name + "_SERVICE_PORT_" + VariableName(port.name),
                       std::to_string(port.port));
  }
  for (const ServicePort& port : service.spec.ports) {
    const std::string number = std::to_string(port.port);
    const std::string protocol = LowerCase(ToString(port.protocol));
    const std::string url = protocol + "://" + address + ":" + number;
    if (&port == &service.spec.ports.front()) links.emplace_back(name + "_PORT", url);
    const std::string prefix =
        name + "_PORT_" + number + "_" + std::string(ToString(port.protocol));
    links.emplace_back(prefix, url);
    links.emplace_back(prefix + "_PROTO", protocol);
    links.emplace_back(prefix + "_PORT", number);
    links.emplace_back(prefix + "_ADDR", address);
  }
  return links;
}

bool IsLinkable(const Service& service) {
  return !service.spec.cluster_ip.empty() && !IsHeadless(service) && !service.spec.ports.empty();
}

bool WantsLinks(const Pod& pod) {
  const Value* wanted = pod.spec.others.Find("enableServiceLinks");
  return wanted == nullptr || wanted->type() != Value::Type::kBool || wanted->AsBool();
}

}  // namespace

std::string LinksLeftOutMessage(const std::string& container, size_t left_out) {
  return "Container " + container + " has no variables for " + std::to_string(left_out) +
         " Services of its namespace: more than " + std::to_string(kMaxServiceLinkBytes >> 10) +
         " KiB of them is not given. Find Services by DNS, with enableServiceLinks: false";
}

ServiceLinks ServiceLinksFor(const Assignment& assignment, const Pod& pod) {
  const bool all = WantsLinks(pod);
  std::map<std::string, const Service*> linked;  // by name
  for (const auto& service : assignment.services) {
    const ObjectMeta& metadata = service->metadata;
    if (!IsLinkable(*service)) continue;
    const bool is_masters = metadata.name == "kubernetes" && metadata.namespace_name == "default";
    const bool is_own = all && metadata.namespace_name == pod.metadata.namespace_name;
    if (is_own) {
      linked[metadata.name] = service.get();
    } else if (is_masters) {
      linked.emplace(metadata.name, service.get());  // unless the namespace has one of its own
    }
  }
  ServiceLinks links;
  size_t bytes = 0;
  for (const auto& [name, service] : linked) {
    EnvList more = LinksOf(*service);
    size_t size = 0;
    for (const auto& [variable, value] : more) size += variable.size() + value.size() + 2;
    if (bytes + size > kMaxServiceLinkBytes) {
      ++links.left_out;
      continue;
    }
    bytes += size;
    std::move(more.begin(), more.end(), std::back_inserter(links.variables));
  }
  return links;
}

}  // namespace reconcile
