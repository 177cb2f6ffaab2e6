#include "cmd/forward_target.h"

#include <array>
#include <optional>

#include "api/port_forward_session.h"

namespace reconcile {
namespace {

struct NamedKind {
  std::string_view word;
  std::string_view plural;
  std::string_view group;
};
constexpr std::array<NamedKind, 13> kKinds = {{{"pod", "pods", ""},
                                               {"pods", "pods", ""},
                                               {"po", "pods", ""},
                                               {"service", "services", ""},
                                               {"services", "services", ""},
                                               {"svc", "services", ""},
                                               {"deployment", "deployments", "apps"},
                                               {"deploy", "deployments", "apps"},
                                               {"statefulset", "statefulsets", "apps"},
                                               {"sts", "statefulsets", "apps"},
                                               {"daemonset", "daemonsets", "apps"},
                                               {"ds", "daemonsets", "apps"},
                                               {"replicaset", "replicasets", "apps"}}};

// Of the ports that the pod's containers name.
std::optional<uint16_t> NamedPort(const Value& pod, const std::string& name) {
  const Value* spec = pod.Find("spec");
  if (spec == nullptr) return std::nullopt;
  for (const Value& container : spec->GetList("containers")) {
    for (const Value& port : container.GetList("ports")) {
      if (port.GetString("name") == name)
        return static_cast<uint16_t>(port.GetInt("containerPort"));
    }
  }
  return std::nullopt;
}

Result<uint16_t> OwnPort(const Value& pod, const std::string& remote) {
  if (const auto number = ParsePort(remote)) return *number;
  if (const auto named = NamedPort(pod, remote)) return *named;
  return NotFoundError("no container of the pod names a port '" + remote + "'");
}

}  // namespace

Result<ForwardedPort> ParseForwardedPort(std::string_view word) {
  const size_t colon = word.find(':');
  const bool two = colon != std::string_view::npos;
  const std::string_view local = two ? word.substr(0, colon) : word;
  ForwardedPort port;
  port.remote = std::string(two ? word.substr(colon + 1) : word);
  const auto number = ParsePort(local);
  const bool any = two && local.empty();
  if (port.remote.empty() || port.remote.find(':') != std::string::npos ||
      (two && !any && !number)) {
    return InvalidError("'" + std::string(word) + "' is no port: write LOCAL:REMOTE, as 8080:80");
  }
  if (number) port.local = *number;
  return port;
}

Result<ForwardTarget> ParseForwardTarget(std::string_view word) {
  const size_t slash = word.find('/');
  if (slash == std::string_view::npos && !word.empty()) {
    return ForwardTarget{"pods", "", std::string(word)};
  }
  for (const NamedKind& kind : kKinds) {
    if (word.substr(0, slash) != kind.word || slash + 1 == word.size()) continue;
    return ForwardTarget{std::string(kind.plural), std::string(kind.group),
                         std::string(word.substr(slash + 1))};
  }
  return InvalidError("'" + std::string(word) +
                      "': name a pod, or service/NAME, deployment/NAME, statefulset/NAME, "
                      "daemonset/NAME, replicaset/NAME");
}

Result<std::string> PodSelectorOf(const ForwardTarget& target, const Value& object) {
  const std::string what = target.plural + " " + target.name;
  const Value* spec = object.Find("spec");
  const Value* selector = spec == nullptr ? nullptr : spec->Find("selector");
  if (selector != nullptr && target.plural != "services") {
    if (!selector->GetList("matchExpressions").empty()) {
      return InvalidError(what + " selects its pods by expressions: name one of them instead");
    }
    selector = selector->Find("matchLabels");
  }
  if (selector == nullptr || !selector->IsMap() || selector->AsMap().empty()) {
    return InvalidError(what + " selects no pods");
  }
  std::string text;
  for (const Value::Member& label : selector->AsMap()) {
    text += (text.empty() ? "" : ",") + label.key + "=" + selector->GetString(label.key);
  }
  return text;
}

Result<uint16_t> PortIn(const Value& pod, const Value* service, const std::string& remote) {
  if (service == nullptr) return OwnPort(pod, remote);
  const Value* spec = service->Find("spec");
  if (spec != nullptr) {
    for (const Value& port : spec->GetList("ports")) {
      const std::string number = std::to_string(port.GetInt("port"));
      if (remote != number && (remote.empty() || remote != port.GetString("name"))) continue;
      const Value* target = port.Find("targetPort");
      if (target == nullptr) return OwnPort(pod, number);
      return OwnPort(
          pod, target->IsInt() ? std::to_string(target->AsInt()) : port.GetString("targetPort"));
    }
  }
  return NotFoundError("the service has no port '" + remote + "'");
}

}  // namespace reconcile
