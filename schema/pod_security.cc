#include "schema/pod_security.h"

#include <algorithm>
#include <array>
#include <functional>

#include "schema/security.h"
#include "schema/sidecar.h"
#include "schema/text.h"
#include "schema/volumes.h"

// Source: kubernetes.io/docs/concepts/security/pod-security-standards, and the texts of
// k8s.io/pod-security-admission.

namespace reconcile {
namespace {

constexpr std::array<std::string_view, 13> kBaselineCapabilities = {
    "AUDIT_WRITE", "CHOWN",      "DAC_OVERRIDE",    "FOWNER", "FSETID",
    "KILL",        "MKNOD",      "SETFCAP",         "SETGID", "SETPCAP",
    "SETUID",      "SYS_CHROOT", "NET_BIND_SERVICE"};
constexpr std::array<std::string_view, 12> kSafeSysctls = {
    "kernel.shm_rmid_forced",           "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",        "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",     "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",      "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",          "net.ipv4.tcp_wmem"};
constexpr std::array<std::string_view, 8> kRestrictedVolumes = {
    "configMap", "csi",       "downwardAPI", "emptyDir",
    "ephemeral", "projected", "secret",      "persistentVolumeClaim"};

template <size_t N>
bool IsOneOf(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view WithoutPrefix(std::string_view capability) {
  return capability.starts_with("CAP_") ? capability.substr(4) : capability;
}

// Names in quotes: `container "a"`, `volumes "a", "b"`.
std::string Named(const std::string& what, const std::vector<std::string>& names) {
  std::string text = what + (names.size() > 1 ? "s" : "");
  for (size_t i = 0; i < names.size(); ++i) text += (i > 0 ? ", " : " ") + Quoted(names[i]);
  return text;
}

class Judge {
 public:
  explicit Judge(const PodSpec& spec) : spec_(spec) {}

  void Baseline() {
    HostNamespaces();
    ByContainer("privileged", "must not set securityContext.privileged=true",
                [](const auto& own) { return own.privileged; });
    Capabilities();
    if (!restricted_) Volumes();
    HostPorts();
    ByContainer("forbidden AppArmor profile", "must not set AppArmor profile type to Unconfined",
                [](const auto& own) { return own.is_apparmor_unconfined; });
    if (!restricted_) {
      ByContainer("seccompProfile",
                  "must not set securityContext.seccompProfile.type to \"Unconfined\"",
                  [](const auto& own) { return own.is_seccomp_unconfined; });
    }
    ByContainer("procMount", "must not set securityContext.procMount to \"Unmasked\"",
                [](const auto& own) { return own.is_proc_unmasked; });
    Sysctls();
  }
  void Restricted() {
    restricted_ = true;
    Baseline();
    Volumes();
    ByContainer("allowPrivilegeEscalation != false",
                "must set securityContext.allowPrivilegeEscalation=false",
                [](const auto& own) { return own.may_gain_rights; });
    ByContainer(
        "unrestricted capabilities",
        "must set securityContext.capabilities.drop=[\"ALL\"]; must not include others than "
        "\"NET_BIND_SERVICE\" in securityContext.capabilities.add",
        [](const SecurityContext& own) {
          const auto& dropped = own.capabilities_dropped;
          const auto& added = own.capabilities_added;
          return std::find(dropped.begin(), dropped.end(), "ALL") == dropped.end() ||
                 std::any_of(added.begin(), added.end(), [](const std::string& name) {
                   return WithoutPrefix(name) != "NET_BIND_SERVICE";
                 });
        });
    ByContainer("runAsNonRoot != true", "must set securityContext.runAsNonRoot=true",
                [](const auto& own) { return !own.run_as_non_root; });
    ByContainer("runAsUser=0", "must not set runAsUser=0",
                [](const auto& own) { return own.run_as_user == 0; });
    ByContainer(
        "seccompProfile",
        "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or "
        "\"Localhost\"",
        [](const auto& own) { return !own.has_seccomp_profile || own.is_seccomp_unconfined; });
  }
  std::vector<std::string> Take() { return std::move(violations_); }

 private:
  void ByContainer(const std::string& what, const std::string& rule,
                   const std::function<bool(const SecurityContext&)>& breaks) {
    std::vector<std::string> names;
    for (const Container* container : AllContainersOf(spec_)) {
      if (breaks(EffectiveSecurityContext(spec_, *container))) names.push_back(container->name);
    }
    if (!names.empty()) Add(what, Named("container", names) + " " + rule);
  }
  void Add(const std::string& what, const std::string& why) {
    violations_.push_back(what + " (" + why + ")");
  }

  void HostNamespaces() {
    std::string which;
    for (const auto& [is_hosts, name] : {std::pair(spec_.host_network, "hostNetwork=true"),
                                         std::pair(HasHostProcesses(spec_), "hostPID=true"),
                                         std::pair(HasHostIpc(spec_), "hostIPC=true")}) {
      if (is_hosts) which += (which.empty() ? "" : ", ") + std::string(name);
    }
    if (!which.empty()) Add("host namespaces", which);
  }
  void Capabilities() {
    for (const Container* container : AllContainersOf(spec_)) {
      std::vector<std::string> names;
      for (const std::string& name :
           EffectiveSecurityContext(spec_, *container).capabilities_added) {
        if (!IsOneOf(WithoutPrefix(name), kBaselineCapabilities)) names.push_back(Quoted(name));
      }
      if (names.empty()) continue;
      std::string list;
      for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
      Add("non-default capabilities", Named("container", {container->name}) + " must not include " +
                                          list + " in securityContext.capabilities.add");
    }
  }
  void Volumes() {
    const Value* volumes = spec_.others.Find("volumes");
    if (volumes == nullptr || !volumes->IsList()) return;
    std::vector<std::string> names;
    for (const Value& volume : volumes->AsList()) {
      if (!volume.IsMap()) continue;
      for (const Value::Member& member : volume.AsMap()) {
        const bool is_source = member.key != "name" && !member.value.IsNull();
        const bool is_kept_out =
            restricted_ ? !IsOneOf(member.key, kRestrictedVolumes) : member.key == "hostPath";
        if (is_source && is_kept_out) names.push_back(volume.GetString("name"));
      }
    }
    if (names.empty()) return;
    Add(restricted_ ? "restricted volume types" : "hostPath volumes", Named("volume", names));
  }
  void HostPorts() {
    for (const Container* container : AllContainersOf(spec_)) {
      for (const ContainerPort& port : container->ports) {
        if (port.host_port == 0) continue;
        Add("hostPort", Named("container", {container->name}) + " uses hostPort " +
                            std::to_string(port.host_port));
      }
    }
  }
  void Sysctls() {
    std::string names;
    for (const auto& [name, value] : SysctlsOf(spec_)) {
      if (!IsOneOf(name, kSafeSysctls)) names += (names.empty() ? "" : ", ") + name;
    }
    if (!names.empty()) Add("forbidden sysctls", names);
  }

  const PodSpec& spec_;
  bool restricted_ = false;
  std::vector<std::string> violations_;
};

std::string_view ToString(PodSecurityLevel level) {
  switch (level) {
    case PodSecurityLevel::kPrivileged:
      return "privileged";
    case PodSecurityLevel::kBaseline:
      return "baseline";
    case PodSecurityLevel::kRestricted:
      return "restricted";
  }
  return "";
}

}  // namespace

PodSecurityLevel PodSecurityLevelOf(const Namespace* space) {
  if (space == nullptr) return PodSecurityLevel::kPrivileged;
  const auto label = space->metadata.labels.find(std::string(kPodSecurityLabel));
  if (label == space->metadata.labels.end() || label->second == "privileged") {
    return PodSecurityLevel::kPrivileged;
  }
  return label->second == "baseline" ? PodSecurityLevel::kBaseline : PodSecurityLevel::kRestricted;
}

std::vector<std::string> PodSecurityViolations(PodSecurityLevel level, const PodSpec& spec) {
  Judge judge(spec);
  switch (level) {
    case PodSecurityLevel::kPrivileged:
      break;
    case PodSecurityLevel::kBaseline:
      judge.Baseline();
      break;
    case PodSecurityLevel::kRestricted:
      judge.Restricted();
      break;
  }
  return judge.Take();
}

std::string PodSecurityMessage(const std::string& space, PodSecurityLevel level,
                               const std::vector<std::string>& violations) {
  std::string text = "no pod is started: the namespace " + Quoted(space) +
                     " forbids it, as it violates PodSecurity \"" + std::string(ToString(level)) +
                     ":latest\": ";
  for (size_t i = 0; i < violations.size(); ++i) text += (i > 0 ? ", " : "") + violations[i];
  return text + "; change the pod, or the label " + std::string(kPodSecurityLabel) +
         " of the Namespace";
}

}  // namespace reconcile
