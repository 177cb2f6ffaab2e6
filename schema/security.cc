#include "schema/security.h"

#include <algorithm>
#include <utility>

namespace reconcile {

namespace {

// The securityContext of a pod and that of one of its containers; either may be unset.
class Contexts {
 public:
  Contexts(const PodSpec& spec, const Container& container)
      : pod_(spec.others.Find("securityContext")),
        container_(container.others.Find("securityContext")) {}

  const Value* Find(std::string_view name) const {
    const Value* own = container_ == nullptr ? nullptr : container_->Find(name);
    if (own != nullptr && !own->IsNull()) return own;
    return pod_ == nullptr ? nullptr : pod_->Find(name);
  }
  bool Bool(std::string_view name, bool unset) const {
    const Value* value = Find(name);
    return value == nullptr ? unset : *value == Value::Bool(true);
  }
  std::optional<int64_t> Int(std::string_view name) const {
    const Value* value = Find(name);
    return value != nullptr && value->IsInt() ? std::optional(value->AsInt()) : std::nullopt;
  }
  bool IsUnconfined(std::string_view profile) const {
    const Value* value = Find(profile);
    return value != nullptr && value->GetString("type") == "Unconfined";
  }
  std::string LocalProfile(std::string_view profile) const {
    const Value* value = Find(profile);
    const bool is_local = value != nullptr && value->GetString("type") == "Localhost";
    return is_local ? value->GetString("localhostProfile") : "";
  }

 private:
  const Value* pod_;
  const Value* container_;
};

std::vector<std::string> Words(const Value* map, std::string_view name) {
  std::vector<std::string> words;
  if (map == nullptr) return words;
  for (const Value& word : map->GetList(name)) {
    if (word.IsString()) words.push_back(word.AsString());
  }
  return words;
}

bool HasAdmin(const std::vector<std::string>& capabilities) {
  return std::any_of(capabilities.begin(), capabilities.end(), [](const std::string& name) {
    return name == "ALL" || name == "SYS_ADMIN" || name == "CAP_SYS_ADMIN";
  });
}

bool IsTrue(const PodSpec& spec, std::string_view name) {
  const Value* value = spec.others.Find(name);
  return value != nullptr && *value == Value::Bool(true);
}

// With '/' first, a '.' is a part of a name, as in net/ipv4/conf/eth0.1/forwarding.
std::string WithDots(std::string name) {
  const size_t first = name.find_first_of("./");
  if (first == std::string::npos || name[first] == '.') return name;
  for (char& c : name) c = c == '/' ? '.' : (c == '.' ? '/' : c);
  return name;
}

}  // namespace

SecurityContext EffectiveSecurityContext(const PodSpec& spec, const Container& container) {
  const Contexts contexts(spec, container);
  SecurityContext effective;
  effective.run_as_user = contexts.Int("runAsUser");
  effective.run_as_group = contexts.Int("runAsGroup");
  effective.run_as_non_root = contexts.Bool("runAsNonRoot", false);
  effective.privileged = contexts.Bool("privileged", false);
  effective.read_only_root = contexts.Bool("readOnlyRootFilesystem", false);
  effective.capabilities_added = Words(contexts.Find("capabilities"), "add");
  effective.capabilities_dropped = Words(contexts.Find("capabilities"), "drop");
  const bool has_all = effective.privileged || HasAdmin(effective.capabilities_added);
  effective.may_gain_rights = contexts.Bool("allowPrivilegeEscalation", has_all);
  effective.has_seccomp_profile = contexts.Find("seccompProfile") != nullptr;
  effective.is_seccomp_unconfined = contexts.IsUnconfined("seccompProfile");
  effective.seccomp_profile = contexts.LocalProfile("seccompProfile");
  effective.apparmor_profile = contexts.LocalProfile("appArmorProfile");
  // By this name engines ask for no profile at all.
  effective.is_apparmor_unconfined =
      contexts.IsUnconfined("appArmorProfile") || effective.apparmor_profile == "unconfined";
  const Value* proc = contexts.Find("procMount");
  effective.is_proc_unmasked = proc != nullptr && *proc == Value::String("Unmasked");
  if (const Value* pod = spec.others.Find("securityContext")) {
    for (const Value& group : pod->GetList("supplementalGroups")) {
      if (group.IsInt()) effective.supplemental_groups.push_back(group.AsInt());
    }
  }
  return effective;
}

StringMap SysctlsOf(const PodSpec& spec) {
  StringMap sysctls;
  const Value* context = spec.others.Find("securityContext");
  if (context == nullptr) return sysctls;
  for (const Value& sysctl : context->GetList("sysctls")) {
    sysctls[WithDots(sysctl.GetString("name"))] = sysctl.GetString("value");
  }
  return sysctls;
}

bool HasHostProcesses(const PodSpec& spec) { return IsTrue(spec, "hostPID"); }
bool HasHostIpc(const PodSpec& spec) { return IsTrue(spec, "hostIPC"); }
bool SharesProcesses(const PodSpec& spec) {
  return IsTrue(spec, "shareProcessNamespace") && !HasHostProcesses(spec);
}

}  // namespace reconcile
