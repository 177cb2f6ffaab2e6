#include "schema/names.h"
#include "schema/security.h"
#include "schema/text.h"
#include "schema/validate_pod.h"

namespace reconcile {

namespace {

constexpr int64_t kMaxId = 2'147'483'647;
constexpr size_t kMaxProfileBytes = 4095;

void RequireId(const Value& context, std::string_view name, const FieldPath& path,
               FieldReporter* reporter) {
  const Value* id = context.Find(name);
  if (id == nullptr || !id->IsInt() || (id->AsInt() >= 0 && id->AsInt() <= kMaxId)) return;
  reporter->Error(FieldPath(path, name),
                  "must be from 0 to 2147483647, not " + std::to_string(id->AsInt()));
}

// What is wrong with a profile of the host's; "" nothing. As Kubernetes: the file of a seccomp
// profile lies below the host's folder of them (pkg/apis/core/validation,
// validateLocalDescendingPath), an AppArmor profile is a name.
std::string WrongWithProfile(std::string_view field, const std::string& name) {
  if (name.size() > kMaxProfileBytes) {
    return "must be no longer than " + std::to_string(kMaxProfileBytes) + " bytes";
  }
  if (field == "appArmorProfile") {
    const bool is_padded = name.front() == ' ' || name.back() == ' ';
    return is_padded ? "must not be padded with spaces" : "";
  }
  if (name.front() == '/') return "must be a relative path";
  const bool goes_up = ("/" + name + "/").find("/../") != std::string::npos;
  return goes_up ? "must not contain '..'" : "";
}

void ValidateProfile(const Value& context, std::string_view name, const FieldPath& path,
                     FieldReporter* reporter) {
  const Value* profile = context.Find(name);
  if (profile == nullptr) return;
  const FieldPath profile_path(path, name);
  const FieldPath local(profile_path, "localhostProfile");
  const bool is_local = profile->GetString("type") == "Localhost";
  const bool has_name = !profile->GetString("localhostProfile").empty();
  if (is_local && !has_name) reporter->Error(local, "required with type \"Localhost\"");
  if (!is_local && has_name) reporter->Error(local, "only with type \"Localhost\"");
  if (!is_local || !has_name) return;
  ReportIf(WrongWithProfile(name, profile->GetString("localhostProfile")), local, reporter);
}

bool Adds(const Value& context, std::string_view capability) {
  const Value* capabilities = context.Find("capabilities");
  if (capabilities == nullptr) return false;
  for (const Value& added : capabilities->GetList("add")) {
    if (added.IsString() && added.AsString() == capability) return true;
  }
  return false;
}

}  // namespace

void ValidateSecurityContext(const Container& container, const FieldPath& container_path,
                             FieldReporter* reporter) {
  const Value* context = container.others.Find("securityContext");
  if (context == nullptr) return;
  const FieldPath path(container_path, "securityContext");
  RequireId(*context, "runAsUser", path, reporter);
  RequireId(*context, "runAsGroup", path, reporter);
  ValidateProfile(*context, "seccompProfile", path, reporter);
  ValidateProfile(*context, "appArmorProfile", path, reporter);
  if (context->GetBool("allowPrivilegeEscalation", true)) return;
  const FieldPath escalation(path, "allowPrivilegeEscalation");
  if (context->GetBool("privileged")) {
    reporter->Error(escalation, "must not be false when privileged is true");
  }
  if (Adds(*context, "CAP_SYS_ADMIN")) {
    reporter->Error(escalation, "must not be false when CAP_SYS_ADMIN is added");
  }
}

void ValidatePodSecurity(const PodSpec& spec, const FieldPath& pod_path, FieldReporter* reporter) {
  const Value* shares = spec.others.Find("shareProcessNamespace");
  if (HasHostProcesses(spec) && shares != nullptr && *shares == Value::Bool(true)) {
    reporter->Error(FieldPath(pod_path, "shareProcessNamespace"), "must not be set with hostPID");
  }
  const Value* context = spec.others.Find("securityContext");
  if (context == nullptr) return;
  const FieldPath path(pod_path, "securityContext");
  for (const std::string_view name : {"runAsUser", "runAsGroup", "fsGroup"}) {
    RequireId(*context, name, path, reporter);
  }
  ForEachIn(*context, "supplementalGroups", path, [&](const Value& id, const FieldPath& id_path) {
    if (id.IsInt() && (id.AsInt() < 0 || id.AsInt() > kMaxId)) {
      reporter->Error(id_path, "must be from 0 to 2147483647, not " + std::to_string(id.AsInt()));
    }
  });
  ForEachIn(*context, "sysctls", path, [&](const Value& sysctl, const FieldPath& item) {
    const std::string name = sysctl.GetString("name");
    if (!name.empty()) ReportIf(CheckSysctlName(name), FieldPath(item, "name"), reporter);
  });
  ValidateProfile(*context, "seccompProfile", path, reporter);
  ValidateProfile(*context, "appArmorProfile", path, reporter);
}

}  // namespace reconcile
