#include <algorithm>

#include "cmd/describe.h"
#include "cmd/value_at.h"

namespace reconcile {
namespace {

const Value* StatusOfContainer(const Value& pod, const std::string& name) {
  for (const char* list : {"status.initContainerStatuses", "status.containerStatuses"}) {
    for (const Value& status : ListAt(pod, list)) {
      if (status.GetString("name") == name) return &status;
    }
  }
  return nullptr;
}

std::string WithMessage(const std::string& reason, const std::string& message) {
  return message.empty() ? reason : reason + ": " + message;
}

// "Running since 5m", "Waiting: ImagePullBackOff: no such image".
std::string StateText(const Value& state, const DescribeWriter& writer) {
  if (const Value* running = state.Find("running")) {
    const std::string since = running->GetString("startedAt");
    return since.empty() ? "Running" : "Running since " + since + " (" + writer.AgeOf(since) + ")";
  }
  if (const Value* waiting = state.Find("waiting")) {
    return WithMessage("Waiting, " + waiting->GetString("reason", "not begun"),
                       waiting->GetString("message"));
  }
  const Value* ended = state.Find("terminated");
  if (ended == nullptr) return "";
  std::string text = "Ended, " + ended->GetString("reason", "for a reason that is not known") +
                     ", exit code " + std::to_string(ended->GetInt("exitCode"));
  if (ended->GetInt("signal") != 0) text += ", signal " + std::to_string(ended->GetInt("signal"));
  if (const std::string at = ended->GetString("finishedAt"); !at.empty()) {
    text += ", " + writer.AgeOf(at) + " ago";
  }
  return WithMessage(text, ended->GetString("message"));
}

std::string PortsText(const Value& container) {
  std::string text;
  for (const Value& port : container.GetList("ports")) {
    text += (text.empty() ? "" : ", ") + std::to_string(port.GetInt("containerPort")) + "/" +
            port.GetString("protocol", "TCP");
    if (port.GetInt("hostPort") != 0) {
      text += " at the host's " + std::to_string(port.GetInt("hostPort"));
    }
    if (const std::string name = port.GetString("name"); !name.empty()) text += " (" + name + ")";
  }
  return text;
}

std::string WordsOf(const Value::List& words) {
  std::string text;
  for (const Value& word : words) text += (text.empty() ? "" : " ") + TextOf(word);
  return text;
}

// As kubectl writes it: "http-get http://:8080/healthz delay=0s timeout=1s period=10s".
std::string ProbeText(const Value* probe) {
  if (probe == nullptr) return "";
  std::string text;
  if (const Value* http = probe->Find("httpGet")) {
    std::string scheme = http->GetString("scheme", "HTTP");
    for (char& c : scheme) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    text = "http-get " + scheme + "://" + http->GetString("host") + ":" + TextAt(*http, "port") +
           http->GetString("path", "/");
  } else if (const Value* tcp = probe->Find("tcpSocket")) {
    text = "tcp-socket " + tcp->GetString("host") + ":" + TextAt(*tcp, "port");
  } else if (const Value* grpc = probe->Find("grpc")) {
    text = "grpc :" + TextAt(*grpc, "port") + " " + grpc->GetString("service");
  } else {
    text = "exec [" + WordsOf(ListAt(*probe, "exec.command")) + "]";
  }
  const auto seconds = [&](const char* name, int64_t otherwise) {
    return std::to_string(probe->GetInt(name, otherwise));
  };
  return text + " delay=" + seconds("initialDelaySeconds", 0) +
         "s timeout=" + seconds("timeoutSeconds", 1) + "s period=" + seconds("periodSeconds", 10) +
         "s #success=" + seconds("successThreshold", 1) +
         " #failure=" + seconds("failureThreshold", 3);
}

std::string SourceOfVariable(const Value& variable) {
  const Value* from = variable.Find("valueFrom");
  if (from == nullptr) return TextAt(variable, "value");
  if (const Value* key = from->Find("secretKeyRef")) {
    return "<key " + key->GetString("key") + " of Secret " + key->GetString("name") + ">";
  }
  if (const Value* key = from->Find("configMapKeyRef")) {
    return "<key " + key->GetString("key") + " of ConfigMap " + key->GetString("name") + ">";
  }
  if (const Value* field = from->Find("fieldRef")) return "(" + field->GetString("fieldPath") + ")";
  return "(" + TextAt(*from, "resourceFieldRef.resource") + ")";
}

std::vector<std::string> VariableLines(const Value& container) {
  std::vector<std::string> lines;
  for (const Value& from : container.GetList("envFrom")) {
    for (const auto& [name, kind] :
         {std::pair("secretRef", "Secret "), std::pair("configMapRef", "ConfigMap ")}) {
      const Value* source = from.Find(name);
      if (source != nullptr) {
        lines.push_back("all of " + std::string(kind) + source->GetString("name"));
      }
    }
  }
  for (const Value& variable : container.GetList("env")) {
    lines.push_back(variable.GetString("name") + "=" + SourceOfVariable(variable));
  }
  return lines;
}

std::vector<std::string> MountLines(const Value& container) {
  std::vector<std::string> lines;
  for (const Value& mount : container.GetList("volumeMounts")) {
    lines.push_back(mount.GetString("mountPath") + " from " + mount.GetString("name") +
                    (mount.GetBool("readOnly") ? " (ro" : " (rw") +
                    (mount.GetString("subPath").empty() ? "" : ", " + mount.GetString("subPath")) +
                    ")");
  }
  return lines;
}

// What it declares, and with `status` what became of it.
void DescribeContainer(const Value& container, const Value* status, DescribeWriter* writer) {
  writer->Begin(container.GetString("name"));
  writer->Field("Image", container.GetString("image"));
  writer->OptionalField("Ports", PortsText(container));
  writer->OptionalField("Command", WordsOf(container.GetList("command")));
  writer->OptionalField("Args", WordsOf(container.GetList("args")));
  if (status != nullptr) {
    writer->OptionalField("Container ID", status->GetString("containerID"));
    const Value* state = status->Find("state");
    if (state != nullptr) writer->OptionalField("State", StateText(*state, *writer));
    const Value* before = status->Find("lastState");
    if (before != nullptr) writer->OptionalField("Last State", StateText(*before, *writer));
    writer->Field("Ready", status->GetBool("ready") ? "True" : "False");
    writer->Field("Restart Count", std::to_string(status->GetInt("restartCount")));
  }
  const auto pairs = [&](const char* name, const char* path) {
    const Value* amounts = ValueAt(container, path);
    if (amounts != nullptr && amounts->IsMap() && !amounts->AsMap().empty()) {
      writer->Map(name, amounts);
    }
  };
  pairs("Limits", "resources.limits");
  pairs("Requests", "resources.requests");
  writer->OptionalField("Liveness", ProbeText(container.Find("livenessProbe")));
  writer->OptionalField("Readiness", ProbeText(container.Find("readinessProbe")));
  writer->OptionalField("Startup", ProbeText(container.Find("startupProbe")));
  if (const auto lines = VariableLines(container); !lines.empty()) {
    writer->Lines("Environment", lines);
  }
  if (const auto lines = MountLines(container); !lines.empty()) writer->Lines("Mounts", lines);
  writer->End();
}

void DescribeContainers(std::string_view title, const Value::List& containers, const Value* pod,
                        DescribeWriter* writer) {
  if (containers.empty()) return;
  writer->Begin(title);
  for (const Value& container : containers) {
    DescribeContainer(
        container, pod == nullptr ? nullptr : StatusOfContainer(*pod, container.GetString("name")),
        writer);
  }
  writer->End();
}

std::vector<std::string> VolumeLines(const Value& spec) {
  std::vector<std::string> lines;
  for (const Value& volume : spec.GetList("volumes")) {
    std::string text;
    for (const Value::Member& member : volume.AsMap()) {
      if (member.key == "name") continue;
      std::string which;
      for (const char* name : {"name", "secretName", "claimName", "path"}) {
        if (which.empty()) which = TextAt(member.value, name);
      }
      text = member.key + (which.empty() ? "" : " " + which);
    }
    lines.push_back(volume.GetString("name") + ": " + text);
  }
  return lines;
}

std::vector<std::string> TolerationLines(const Value& spec) {
  std::vector<std::string> lines;
  for (const Value& toleration : spec.GetList("tolerations")) {
    std::string text = toleration.GetString("key", "every taint");
    if (const std::string value = toleration.GetString("value"); !value.empty()) {
      text += "=" + value;
    }
    if (const std::string effect = toleration.GetString("effect"); !effect.empty()) {
      text += ":" + effect;
    }
    if (toleration.Find("tolerationSeconds") != nullptr) {
      text += " for " + std::to_string(toleration.GetInt("tolerationSeconds")) + "s";
    }
    lines.push_back(text);
  }
  return lines;
}

}  // namespace

std::string PodStateText(const Value& pod) {
  if (ValueAt(pod, "metadata.deletionTimestamp") != nullptr) return "Terminating";
  for (const char* list : {"status.initContainerStatuses", "status.containerStatuses"}) {
    for (const Value& status : ListAt(pod, list)) {
      const std::string waiting = TextAt(status, "state.waiting.reason");
      if (!waiting.empty() && waiting != "PodInitializing") return waiting;
      const std::string ended = TextAt(status, "state.terminated.reason");
      if (!ended.empty() && ended != "Completed") return ended;
    }
  }
  const std::string reason = TextAt(pod, "status.reason");
  return reason.empty() ? TextAt(pod, "status.phase") : reason;
}

std::string WhyPodIsNotReady(const Value& pod) {
  const Value* ready = ConditionOf(pod, "Ready");
  const bool is_done = TextAt(pod, "status.phase") == "Succeeded";
  if (is_done || (ready != nullptr && ready->GetString("status") == "True")) return "";
  const Value* scheduled = ConditionOf(pod, "PodScheduled");
  if (scheduled != nullptr && scheduled->GetString("status") == "False") {
    return scheduled->GetString("message", "it has no host yet");
  }
  for (const char* list : {"status.initContainerStatuses", "status.containerStatuses"}) {
    for (const Value& status : ListAt(pod, list)) {
      const std::string name = "container " + status.GetString("name");
      if (const Value* waiting = ValueAt(status, "state.waiting")) {
        std::string why = WithMessage(waiting->GetString("reason"), waiting->GetString("message"));
        const Value* before = ValueAt(status, "lastState.terminated");
        if (before != nullptr) {
          why += "; it ended before with exit code " + std::to_string(before->GetInt("exitCode")) +
                 " (" + before->GetString("reason") + ")";
        }
        return name + ": " + why;
      }
      const Value* ended = ValueAt(status, "state.terminated");
      if (ended != nullptr && ended->GetInt("exitCode") != 0) {
        return name + " ended with exit code " + std::to_string(ended->GetInt("exitCode")) + " (" +
               ended->GetString("reason") + ")";
      }
    }
  }
  const std::string message = TextAt(pod, "status.message");
  if (!message.empty() || ready == nullptr) return message;
  return ready->GetString("message", ready->GetString("reason"));
}

void DescribePod(const Value& pod, DescribeWriter* writer) {
  const std::string node = TextAt(pod, "spec.nodeName");
  const std::string host_ip = TextAt(pod, "status.hostIP");
  writer->Field("Node", node + (host_ip.empty() ? "" : "/" + host_ip));
  writer->OptionalField("Priority", TextAt(pod, "spec.priority"));
  const std::string account = TextAt(pod, "spec.serviceAccountName");
  writer->Field("Service Account", account.empty() ? "default" : account);
  writer->OptionalField("Start Time", TextAt(pod, "status.startTime"));
  writer->Field("Status", PodStateText(pod));
  writer->OptionalField("Why it is not ready", WhyPodIsNotReady(pod));
  writer->Field("IP", TextAt(pod, "status.podIP"));
  writer->OptionalField("QoS Class", TextAt(pod, "status.qosClass"));
  DescribeContainers("Init Containers", ListAt(pod, "spec.initContainers"), &pod, writer);
  DescribeContainers("Containers", ListAt(pod, "spec.containers"), &pod, writer);
  DescribeConditions(pod, writer);
  const Value* spec = pod.Find("spec");
  if (spec == nullptr) return;
  writer->Lines("Volumes", VolumeLines(*spec));
  writer->Map("Node-Selectors", spec->Find("nodeSelector"));
  writer->Lines("Tolerations", TolerationLines(*spec));
}

void DescribePodTemplate(const Value& workload, DescribeWriter* writer) {
  const Value* pods = ValueAt(workload, "spec.template");
  if (pods == nullptr) pods = ValueAt(workload, "spec.jobTemplate.spec.template");
  if (pods == nullptr) return;
  writer->Begin("Pod Template");
  writer->Map("Labels", ValueAt(*pods, "metadata.labels"));
  DescribeContainers("Init Containers", ListAt(*pods, "spec.initContainers"), nullptr, writer);
  DescribeContainers("Containers", ListAt(*pods, "spec.containers"), nullptr, writer);
  if (const Value* spec = pods->Find("spec")) {
    if (const auto lines = VolumeLines(*spec); !lines.empty()) writer->Lines("Volumes", lines);
  }
  writer->End();
}

}  // namespace reconcile
