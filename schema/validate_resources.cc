#include <algorithm>
#include <optional>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_pod.h"

// Resources of containers, and what names them.

namespace reconcile {

namespace {

constexpr std::string_view kKnownResources[] = {"cpu", "memory"};

bool IsHugePages(std::string_view name) { return name.starts_with("hugepages-"); }

bool IsDevice(std::string_view name) {
  return IsHugePages(name) || name.find('/') != std::string_view::npos;
}

// Whether containers may together have limits of more than a node has, as of CPU: then a request
// may be lower than the limit. Source: IsOvercommitAllowed.
bool MayOvercommit(std::string_view name) {
  if (IsHugePages(name)) return false;
  return name.find('/') == std::string_view::npos || name.find("kubernetes.io/") != name.npos;
}

void ValidateResourceName(const std::string& name, const FieldPath& path, FieldReporter* reporter) {
  for (std::string_view known : kKnownResources) {
    if (name == known) return;
  }
  if (name == "ephemeral-storage") {
    return reporter->Warn(path,
                          "accepted, not acted on: disk space is neither counted nor limited");
  }
  if (name == "storage") {
    return reporter->Error(path,
                           "a container has no \"storage\": claims of volumes have; its own disk "
                           "space is \"ephemeral-storage\"");
  }
  if (IsDevice(name)) {
    ReportIf(CheckQualifiedName(name), path, reporter);
    return reporter->Warn(path,
                          "accepted, not acted on: devices and huge pages are not given to "
                          "containers yet, and pods that ask for them are not started");
  }
  const std::string_view nearest = NearestWord(name, {"cpu", "memory"});
  reporter->Error(path, "unknown resource " + Quoted(name) + "; " +
                            (IsSimilar(name, nearest) ? "did you mean " + Quoted(nearest) + "?"
                                                      : "\"cpu\" and \"memory\" are known"));
}

void ValidateResourceList(const ResourceList& list, const FieldPath& path,
                          FieldReporter* reporter) {
  for (const auto& [name, quantity] : list) {
    const FieldPath entry = FieldPath::Key(path, name);
    ValidateResourceName(name, entry, reporter);
    if (quantity.IsNegative()) {
      reporter->Error(entry, "must be 0 or more, not " + quantity.ToString());
    } else if (IsIntegerResource(name) && !IsWhole(quantity)) {
      reporter->Error(entry, "must be a whole number, not " + quantity.ToString());
    } else if (name == "memory" && quantity.Milli() % 1000 != 0) {
      reporter->Warn(entry, quantity.ToString() +
                                " is a fraction of a byte: \"m\" means thousandths; did you mean "
                                "\"M\" or \"Mi\"?");
    }
  }
}

// Source: validateResourceRequirements.
void ValidateRequests(const ResourceRequirements& resources, const FieldPath& path,
                      FieldReporter* reporter) {
  const FieldPath requests_path(path, "requests");
  for (const auto& [name, request] : resources.requests) {
    const FieldPath entry = FieldPath::Key(requests_path, name);
    const auto limit = resources.limits.find(name);
    if (limit == resources.limits.end()) {
      if (MayOvercommit(name)) continue;
      reporter->Error(
          entry, "needs a limit that is the same: " + Quoted(name) + " cannot be overcommitted");
    } else if (request > limit->second) {
      reporter->Error(entry, "must not be more than the limit: " + request.ToString() + " > " +
                                 limit->second.ToString());
    } else if (request < limit->second && !MayOvercommit(name)) {
      reporter->Error(entry, "must be the same as the limit, " + limit->second.ToString() +
                                 ", not " + request.ToString() + ": " + Quoted(name) +
                                 " cannot be overcommitted");
    }
  }
}

void RequireCompanyOfHugePages(const ResourceRequirements& resources, const FieldPath& path,
                               FieldReporter* reporter) {
  bool has_pages = false;
  bool has_company = false;
  for (const auto* list : {&resources.limits, &resources.requests}) {
    for (const auto& [name, quantity] : *list) {
      has_pages = has_pages || IsHugePages(name);
      has_company = has_company || name == "cpu" || name == "memory";
    }
  }
  if (!has_pages || has_company) return;
  reporter->Error(path, "huge pages need cpu or memory beside them");
}

// limits.cpu, requests.hugepages-2Mi and so on; without the part before the ".", or nothing.
std::optional<std::string_view> ResourceOfField(std::string_view text) {
  for (const std::string_view list : {"limits.", "requests."}) {
    if (!text.starts_with(list)) continue;
    const std::string_view name = text.substr(list.size());
    const bool is_known = name == "cpu" || name == "memory" || name == "ephemeral-storage";
    if (is_known || IsHugePages(name)) return name;
  }
  return std::nullopt;
}

}  // namespace

bool IsWhole(const Quantity& quantity) { return Quantity::FromUnits(quantity.Units()) == quantity; }

// Source: integerResources in Kubernetes' core/helper.
bool IsObjectCount(std::string_view name) {
  constexpr std::string_view kCounted[] = {"pods",
                                           "services",
                                           "replicationcontrollers",
                                           "resourcequotas",
                                           "secrets",
                                           "configmaps",
                                           "persistentvolumeclaims",
                                           "services.nodeports",
                                           "services.loadbalancers"};
  return std::find(std::begin(kCounted), std::end(kCounted), name) != std::end(kCounted);
}

// Source: IsIntegerResourceName, IsExtendedResourceName.
bool IsIntegerResource(std::string_view name) {
  if (IsObjectCount(name)) return true;
  return name.find('/') != std::string_view::npos && !MayOvercommit(name) &&
         !name.starts_with("requests.");
}

void ValidateResources(const ResourceRequirements& resources,
                       const std::set<std::string>& pod_claims, const FieldPath& path,
                       FieldReporter* reporter) {
  ValidateResourceList(resources.limits, FieldPath(path, "limits"), reporter);
  ValidateResourceList(resources.requests, FieldPath(path, "requests"), reporter);
  ValidateRequests(resources, path, reporter);
  RequireCompanyOfHugePages(resources, path, reporter);
  // The server refuses this only where it gives devices by claims at all; elsewhere it drops them.
  const FieldPath claims(path, "claims");
  const Value::List& list = ListIn(resources.others, "claims");
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string name = list[i].GetString("name");
    if (name.empty() || pod_claims.contains(name)) continue;
    const FieldPath item = FieldPath::Item(claims, i, name);
    reporter->Warn(FieldPath(item, "name"), "the pod has no resourceClaims entry " + Quoted(name));
  }
}

void ValidateResourceField(const Value& field, bool is_in_volume, const FieldPath& path,
                           FieldReporter* reporter) {
  if (is_in_volume && field.GetString("containerName").empty()) {
    reporter->Error(FieldPath(path, "containerName"), "required in a volume");
  }
  const std::string resource = field.GetString("resource");
  if (resource.empty()) return;
  const std::optional<std::string_view> name = ResourceOfField(resource);
  if (!name) {
    return reporter->Error(FieldPath(path, "resource"),
                           Quoted(resource) +
                               " is not one of limits.NAME and requests.NAME for cpu, memory, "
                               "ephemeral-storage, hugepages-SIZE");
  }
  static const std::vector<std::string_view> of_cpu = {"1m", "1"};
  static const std::vector<std::string_view> of_bytes = {
      "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};
  const std::vector<std::string_view>& allowed = *name == "cpu" ? of_cpu : of_bytes;
  const std::string divisor = field.GetString("divisor", "1");
  if (divisor == "0" || std::find(allowed.begin(), allowed.end(), divisor) != allowed.end()) return;
  reporter->Error(FieldPath(path, "divisor"),
                  Quoted(divisor) + " is none of " + QuotedList(allowed));
}

}  // namespace reconcile
