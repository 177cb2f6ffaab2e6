#include "agent/container_rights.h"

#include <algorithm>
#include <sstream>

#include "schema/security.h"
#include "schema/volumes.h"

namespace reconcile {
namespace {

// Without the group that may follow.
std::string UserAlone(const std::string& image_user) {
  return image_user.substr(0, image_user.find(':'));
}

bool IsNumber(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return c >= '0' && c <= '9'; });
}

// The image's user is root's when it names none.
bool IsRoot(const std::string& image_user) {
  const std::string user = UserAlone(image_user);
  return user.find_first_not_of('0') == std::string::npos;
}

std::string PodAndContainer(const Pod& pod, const Container& container) {
  return " (pod: \"" + pod.metadata.name + "_" + pod.metadata.namespace_name + "(" +
         pod.metadata.uid + ")\", container: " + container.name + ")";
}

// "uid[:gid]"; empty when the image says both.
std::string UserOf(const SecurityContext& context, const std::string& image_user) {
  if (!context.run_as_user && !context.run_as_group) return "";
  std::string user = UserAlone(image_user);
  if (context.run_as_user) user = std::to_string(*context.run_as_user);
  if (user.empty()) user = "0";
  return context.run_as_group ? user + ":" + std::to_string(*context.run_as_group) : user;
}

}  // namespace

Status CheckNonRoot(const Pod& pod, const Container& container, const std::string& image_user) {
  const SecurityContext context = EffectiveSecurityContext(pod.spec, container);
  if (!context.run_as_non_root) return OkStatus();
  const std::string where = PodAndContainer(pod, container);
  if (context.run_as_user) {
    if (*context.run_as_user != 0) return OkStatus();
    return InvalidError("container's runAsUser breaks non-root policy" + where);
  }
  if (IsRoot(image_user)) {
    return InvalidError("container has runAsNonRoot and image will run as root" + where);
  }
  const std::string user = UserAlone(image_user);
  if (IsNumber(user)) return OkStatus();
  return InvalidError("container has runAsNonRoot and image has non-numeric user (" + user +
                      "), cannot verify user is non-root" + where);
}

Status CheckAppArmor(const Pod& pod, const Container& container, bool host_has_apparmor) {
  const std::string profile = EffectiveSecurityContext(pod.spec, container).apparmor_profile;
  if (profile.empty() || host_has_apparmor) return OkStatus();
  return InvalidError("cannot enforce the AppArmor profile \"" + profile +
                      "\": AppArmor is not enabled on the host" + PodAndContainer(pod, container));
}

std::string SeccompFileOf(const PodSpec& spec, const Container& container) {
  const std::string profile = EffectiveSecurityContext(spec, container).seccomp_profile;
  if (profile.empty()) return "";
  std::string path(kSeccompFolder);
  std::istringstream names(profile);
  for (std::string name; std::getline(names, name, '/');) {
    if (!name.empty() && name != ".") path += "/" + name;
  }
  return path;
}

ContainerRights RightsOf(const PodSpec& spec, const Container& container,
                         const std::string& image_user) {
  const SecurityContext context = EffectiveSecurityContext(spec, container);
  ContainerRights rights;
  rights.user = UserOf(context, image_user);
  for (const int64_t group : context.supplemental_groups) {
    rights.groups.push_back(std::to_string(group));
  }
  if (const std::optional<int64_t> group = FsGroupOf(spec)) {
    rights.groups.push_back(std::to_string(*group));
  }
  rights.privileged = context.privileged;
  rights.read_only_root = context.read_only_root;
  rights.capabilities_added = context.capabilities_added;
  rights.capabilities_dropped = context.capabilities_dropped;
  if (!context.may_gain_rights) rights.security_options.emplace_back("no-new-privileges");
  if (context.is_seccomp_unconfined) rights.security_options.emplace_back("seccomp=unconfined");
  if (context.is_apparmor_unconfined) rights.security_options.emplace_back("apparmor=unconfined");
  if (!context.apparmor_profile.empty()) {
    rights.security_options.push_back("apparmor=" + context.apparmor_profile);
  }
  rights.proc_unmasked = context.is_proc_unmasked;
  return rights;
}

ProcessView ProcessViewOf(const PodSpec& spec, bool in_sandbox) {
  if (HasHostProcesses(spec)) return ProcessView::kHosts;
  const bool shares = in_sandbox && SharesProcesses(spec);
  return shares ? ProcessView::kNetworkContainers : ProcessView::kOwn;
}

}  // namespace reconcile
