#include <algorithm>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_pod.h"

namespace reconcile {

namespace {

// The API server lets it pass; the kubelet looks for the name among the container's own ports, and
// fails.
void WarnOfUnknownPort(const Value* port, const Container& container, const FieldPath& path,
                       FieldReporter* reporter) {
  if (port == nullptr || !port->IsString() || !CheckPortName(port->AsString()).empty()) return;
  const bool is_known =
      std::any_of(container.ports.begin(), container.ports.end(),
                  [&](const ContainerPort& each) { return each.name == port->AsString(); });
  if (is_known) return;
  reporter->Warn(path, "the container has no port named " + Quoted(port->AsString()) +
                           ", so that this always fails: name one of its ports, or give a number");
}

void ValidateOneAction(const Value& action, std::string_view kind, const Container& container,
                       const FieldPath& path, FieldReporter* reporter) {
  if (kind == "sleep") return;
  const FieldPath action_path(path, kind);
  if (kind == "exec") {
    if (action.GetList("command").empty()) {
      reporter->Error(FieldPath(action_path, "command"), "required");
    }
    return;
  }
  const FieldPath port_path(action_path, "port");
  ValidatePortValue(action.Find("port"), port_path, reporter);
  WarnOfUnknownPort(action.Find("port"), container, port_path, reporter);
  ForEachIn(action, "httpHeaders", action_path, [&](const Value& header, const FieldPath& item) {
    const std::string name = header.GetString("name");
    if (!name.empty()) ReportIf(CheckHttpHeaderName(name), FieldPath(item, "name"), reporter);
  });
}

void ValidateAction(const Value& handler, std::initializer_list<std::string_view> kinds,
                    const Container& container, const FieldPath& path, FieldReporter* reporter) {
  RequireOneOf(handler, kinds, false, path, reporter);
  for (const std::string_view kind : kinds) {
    const Value* action = handler.Find(kind);
    if (action != nullptr) ValidateOneAction(*action, kind, container, path, reporter);
  }
}

// The API server takes a tcpSocket, and the kubelet has nothing that runs it.
void ValidateHook(const Value& hook, const Container& container, int64_t pod_grace_seconds,
                  const FieldPath& path, FieldReporter* reporter) {
  ValidateAction(hook, {"exec", "httpGet", "sleep", "tcpSocket"}, container, path, reporter);
  if (hook.Find("tcpSocket") != nullptr) {
    reporter->Warn(FieldPath(path, "tcpSocket"),
                   "no hook can be run so, here and in Kubernetes, and this always fails: use "
                   "exec, httpGet or sleep");
  }
  const Value* sleep = hook.Find("sleep");
  if (sleep == nullptr) return;
  const int64_t seconds = sleep->GetInt("seconds");
  if (seconds >= 0 && seconds <= pod_grace_seconds) return;
  const FieldPath sleep_path(path, "sleep");
  reporter->Error(FieldPath(sleep_path, "seconds"),
                  "must be from 0 to the pod's terminationGracePeriodSeconds, which are " +
                      std::to_string(pod_grace_seconds) + ", not " + std::to_string(seconds));
}

// Kubernetes fills in its defaults for 0.
void ValidateProbe(const Value& probe, std::string_view name, const Container& container,
                   const FieldPath& container_path, FieldReporter* reporter) {
  const FieldPath path(container_path, name);
  ValidateAction(probe, {"exec", "httpGet", "tcpSocket", "grpc"}, container, path, reporter);
  for (const std::string_view field : {"initialDelaySeconds", "periodSeconds", "timeoutSeconds",
                                       "successThreshold", "failureThreshold"}) {
    RequireNotNegative(probe.GetInt(field), FieldPath(path, field), reporter);
  }
  if (name != "readinessProbe" && probe.GetInt("successThreshold") > 1) {
    reporter->Error(FieldPath(path, "successThreshold"), "must be 1 in a " + std::string(name));
  }
  const FieldPath grace(path, "terminationGracePeriodSeconds");
  const Value* seconds = probe.Find("terminationGracePeriodSeconds");
  if (seconds == nullptr) return;
  if (name == "readinessProbe") {
    reporter->Error(grace, "must not be given in a readinessProbe: it stops nothing");
  } else if (seconds->AsInt() <= 0) {
    reporter->Error(grace, "must be more than 0, not " + std::to_string(seconds->AsInt()));
  }
}

}  // namespace

void ValidatePortValue(const Value* port, const FieldPath& path, FieldReporter* reporter) {
  if (port == nullptr) return;
  if (port->IsInt()) {
    if (port->AsInt() < 1 || port->AsInt() > 65535) {
      reporter->Error(path, "must be a port from 1 to 65535, not " + std::to_string(port->AsInt()));
    }
  } else if (port->IsString() && !port->AsString().empty()) {
    ReportIf(CheckPortName(port->AsString()), path, reporter);
  }
}

void ValidateProbes(const Container& container, ContainerRole role, int64_t pod_grace_seconds,
                    const FieldPath& path, FieldReporter* reporter) {
  for (const std::string_view name : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    const Value* probe = container.others.Find(name);
    if (probe == nullptr) continue;
    if (role == ContainerRole::kInit) {
      reporter->Error(FieldPath(path, name),
                      "must not be given in an init container, unless its restartPolicy is Always");
    } else {
      ValidateProbe(*probe, name, container, path, reporter);
    }
  }
  const Value* lifecycle = container.others.Find("lifecycle");
  if (lifecycle == nullptr) return;
  const FieldPath lifecycle_path(path, "lifecycle");
  if (role == ContainerRole::kInit) {
    return reporter->Error(
        lifecycle_path,
        "must not be given in an init container, unless its restartPolicy is Always");
  }
  for (const std::string_view name : {"postStart", "preStop"}) {
    const Value* hook = lifecycle->Find(name);
    if (hook == nullptr) continue;
    const FieldPath hook_path(lifecycle_path, name);
    ValidateHook(*hook, container, pod_grace_seconds, hook_path, reporter);
  }
}

}  // namespace reconcile
