#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/time.h"
#include "schema/names.h"
#include "schema/quantity.h"
#include "schema/text.h"
#include "schema/validate_kept.h"
#include "schema/validate_pod.h"

namespace reconcile {

namespace {

constexpr int64_t kMaxPriority = 1'000'000'000;  // those above are Kubernetes' own
constexpr std::string_view kRbacGroup = "rbac.authorization.k8s.io";

bool IsEmptyList(const Value& fields, std::string_view name) {
  const Value* list = fields.Find(name);
  return list == nullptr || !list->IsList() || list->AsList().empty();
}

void ValidateRule(const Value& rule, bool is_cluster_wide, const FieldPath& path,
                  FieldReporter* reporter) {
  if (!IsEmptyList(rule, "nonResourceURLs")) {
    if (!is_cluster_wide) {
      reporter->Error(FieldPath(path, "nonResourceURLs"), "only a ClusterRole has these");
    } else if (!IsEmptyList(rule, "resources") || !IsEmptyList(rule, "apiGroups")) {
      reporter->Error(path, "has resources and nonResourceURLs: make two rules of it");
    }
    return;
  }
  if (IsEmptyList(rule, "apiGroups")) {
    reporter->Error(FieldPath(path, "apiGroups"), "required; the core group is \"\"");
  }
  if (IsEmptyList(rule, "resources")) reporter->Error(FieldPath(path, "resources"), "required");
}

void ValidateSubject(const Value& subject, const FieldPath& path, FieldReporter* reporter) {
  const std::string_view kind = TextOf(subject, "kind");
  const std::string_view group = TextOf(subject, "apiGroup");
  const std::string_view name = TextOf(subject, "name");
  const FieldPath group_path(path, "apiGroup");
  const FieldPath namespace_path(path, "namespace");
  if (kind == "ServiceAccount") {
    if (!group.empty()) reporter->Error(group_path, "a ServiceAccount has none: leave this out");
    if (TextOf(subject, "namespace").empty()) {
      reporter->Error(namespace_path, "required for a ServiceAccount");
    }
    if (!name.empty()) ReportIf(CheckDnsSubdomain(name), FieldPath(path, "name"), reporter);
  } else if (!group.empty() && group != kRbacGroup) {
    reporter->Error(group_path, "must be " + Quoted(kRbacGroup) + ", not " + Quoted(group));
  }
}

// A percentage, or a number that is not negative.
void ValidateShare(const Value& share, const FieldPath& path, FieldReporter* reporter) {
  if (share.IsInt()) return RequireNotNegative(share.AsInt(), path, reporter);
  std::string_view text = share.AsString();
  const bool has_sign = text.ends_with('%');
  if (has_sign) text.remove_suffix(1);
  int percent = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool is_number = read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (!has_sign || !is_number || percent < 0) {
    reporter->Error(path, Quoted(share.AsString()) + " is neither a number nor a percentage");
  } else {
    RequireAtMost(100, percent, path, reporter);
  }
}

void ValidateRules(const OtherFields& role, bool is_cluster_wide, FieldReporter* reporter) {
  const FieldPath root;
  ForEachItem(role, root, "rules", [&](const Value& rule, const FieldPath& path) {
    ValidateRule(rule, is_cluster_wide, path, reporter);
  });
}

void ValidateBinding(const OtherFields& binding, bool is_cluster_wide, FieldReporter* reporter) {
  const FieldPath root;
  WithField(binding, root, "roleRef", [&](const Value& role, const FieldPath& path) {
    const std::string_view group = TextOf(role, "apiGroup");
    if (!group.empty() && group != kRbacGroup) {
      reporter->Error(FieldPath(path, "apiGroup"),
                      "must be " + Quoted(kRbacGroup) + ", not " + Quoted(group));
    }
    if (is_cluster_wide && TextOf(role, "kind") == "Role") {
      reporter->Error(FieldPath(path, "kind"), "a ClusterRoleBinding gives a ClusterRole");
    }
    const std::string_view name = TextOf(role, "name");
    if (!name.empty()) ReportIf(CheckPathSegment(name), FieldPath(path, "name"), reporter);
  });
  ForEachItem(binding, root, "subjects", [&](const Value& subject, const FieldPath& path) {
    ValidateSubject(subject, path, reporter);
  });
}

// The quantity of `resource` in the map `name`.
std::optional<Quantity> QuantityIn(const Value& item, std::string_view name,
                                   std::string_view resource) {
  const Value* map = item.Find(name);
  const Value* text = map == nullptr ? nullptr : map->Find(resource);
  if (text == nullptr || !text->IsString()) return std::nullopt;
  const Result<Quantity> quantity = Quantity::Parse(text->AsString());
  return quantity.ok() ? std::optional(*quantity) : std::nullopt;
}

// min <= defaultRequest <= default <= max, as far as they are there.
void ValidateOrder(const Value& item, const FieldPath& path, FieldReporter* reporter) {
  constexpr std::string_view kOrder[] = {"min", "defaultRequest", "default", "max"};
  for (size_t high = 1; high < std::size(kOrder); ++high) {
    const FieldPath high_path(path, kOrder[high]);
    WithField(item, path, kOrder[high], [&](const Value& map, const FieldPath&) {
      for (const Value::Member& member : map.AsMap()) {
        const std::optional<Quantity> most = QuantityIn(item, kOrder[high], member.key);
        for (size_t low = 0; most && low < high; ++low) {
          const std::optional<Quantity> least = QuantityIn(item, kOrder[low], member.key);
          if (!least || *least <= *most) continue;
          reporter->Error(FieldPath::Key(high_path, member.key),
                          "must be at least " + std::string(kOrder[low]) + ", " +
                              least->ToString() + ", not " + most->ToString());
          break;
        }
      }
    });
  }
}

void ValidateRatio(const Value& item, const FieldPath& path, FieldReporter* reporter) {
  WithField(item, path, "maxLimitRequestRatio", [&](const Value& map, const FieldPath& ratios) {
    for (const Value::Member& member : map.AsMap()) {
      const auto ratio = QuantityIn(item, "maxLimitRequestRatio", member.key);
      if (ratio && *ratio < Quantity::FromUnits(1)) {
        reporter->Error(FieldPath::Key(ratios, member.key),
                        "must be at least 1, not " + ratio->ToString());
      }
    }
  });
}

// One entry of a LimitRange. Source: ValidateLimitRange.
void ValidateLimits(const Value& item, const FieldPath& path, FieldReporter* reporter) {
  const std::string_view type = TextOf(item, "type");
  const bool is_known = type == "Container" || type == "Pod" || type == "PersistentVolumeClaim";
  if (!type.empty() && !is_known &&
      (type.find('/') == std::string_view::npos || !CheckQualifiedName(type).empty())) {
    reporter->Error(FieldPath(path, "type"),
                    Quoted(type) + " is none of \"Container\", \"Pod\", \"PersistentVolumeClaim\"");
  }
  if (type == "Pod") {
    for (const char* name : {"default", "defaultRequest"}) {
      WithField(item, path, name, [&](const Value&, const FieldPath& field) {
        reporter->Error(field, "has no place with type \"Pod\"");
      });
    }
  }
  if (type == "PersistentVolumeClaim" && !QuantityIn(item, "min", "storage") &&
      !QuantityIn(item, "max", "storage")) {
    reporter->Error(path, "needs min or max of storage");
  }
  ValidateOrder(item, path, reporter);
  ValidateRatio(item, path, reporter);
}

// What a quota can count besides objects by `count/...`. Source: IsStandardQuotaResourceName.
bool IsQuotaResource(std::string_view name) {
  constexpr std::string_view kKnown[] = {"cpu",
                                         "memory",
                                         "ephemeral-storage",
                                         "requests.cpu",
                                         "requests.memory",
                                         "requests.storage",
                                         "requests.ephemeral-storage",
                                         "limits.cpu",
                                         "limits.memory",
                                         "limits.ephemeral-storage"};
  return name.find('/') != std::string_view::npos || IsObjectCount(name) ||
         name.starts_with("hugepages-") || name.starts_with("requests.hugepages-") ||
         std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown);
}

void ValidateHardLimits(const Value& spec, const FieldPath& path, FieldReporter* reporter) {
  WithField(spec, path, "hard", [&](const Value& hard, const FieldPath& hard_path) {
    for (const Value::Member& member : hard.AsMap()) {
      const FieldPath item = FieldPath::Key(hard_path, member.key);
      if (!IsQuotaResource(member.key)) {
        reporter->Error(item, Quoted(member.key) +
                                  " is no resource that a quota counts; other objects are counted "
                                  "by count/<resource>.<group>");
      }
      const std::optional<Quantity> most = QuantityIn(spec, "hard", member.key);
      if (most && most->IsNegative()) {
        reporter->Error(item, "must be 0 or more");
      } else if (most && IsIntegerResource(member.key) && !IsWhole(*most)) {
        reporter->Error(item, "must be a whole number, not " + most->ToString());
      }
    }
  });
}

// Whether objects of the scope use the resource: scopes choose among pods. Of resources that are
// not Kubernetes' own, and of counted objects, nobody knows (IsStandardQuotaResourceName).
bool FitsScope(std::string_view resource, std::string_view scope) {
  constexpr std::string_view kOfPods[] = {"cpu",        "memory",        "requests.cpu",
                                          "limits.cpu", "limits.memory", "requests.memory"};
  if (resource == "pods" || resource.find('/') != std::string_view::npos) return true;
  return scope != "BestEffort" &&
         std::find(std::begin(kOfPods), std::end(kOfPods), resource) != std::end(kOfPods);
}

void RequireScope(std::string_view scope, const Value& spec, const FieldPath& path,
                  FieldReporter* reporter) {
  static const std::vector<std::string_view> scopes = {
      "Terminating",   "NotTerminating", "BestEffort",
      "NotBestEffort", "PriorityClass",  "CrossNamespacePodAffinity"};
  if (scope == "VolumeAttributesClass") return;  // of claims
  if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) {
    return reporter->Error(path, Quoted(scope) + " is none of " + QuotedList(scopes));
  }
  const Value* hard = spec.Find("hard");
  if (hard == nullptr) return;
  for (const Value::Member& member : hard->AsMap()) {
    if (FitsScope(member.key, scope)) continue;
    reporter->Error(path, Quoted(scope) + " does not go with the resource " + Quoted(member.key));
  }
}

// scopes and scopeSelector. Source: ValidateResourceQuotaSpec.
void ValidateScopes(const Value& spec, const FieldPath& path, FieldReporter* reporter) {
  std::set<std::string_view> seen;
  ForEachItem(spec, path, "scopes", [&](const Value& scope, const FieldPath& item) {
    RequireScope(scope.AsString(), spec, item, reporter);
    seen.insert(scope.AsString());
  });
  for (const auto& [one, other] :
       {std::pair("BestEffort", "NotBestEffort"), std::pair("Terminating", "NotTerminating")}) {
    if (!seen.contains(one) || !seen.contains(other)) continue;
    reporter->Error(FieldPath(path, "scopes"),
                    Quoted(one) + " and " + Quoted(other) + " exclude each other");
  }
  WithField(spec, path, "scopeSelector", [&](const Value& selector, const FieldPath& from) {
    ForEachItem(selector, from, "matchExpressions", [&](const Value& one, const FieldPath& item) {
      const std::string_view scope = TextOf(one, "scopeName");
      const std::string_view word = TextOf(one, "operator");
      if (scope.empty() || word.empty()) return;
      RequireScope(scope, spec, FieldPath(item, "scopeName"), reporter);
      const bool has_values = scope == "PriorityClass" || scope == "VolumeAttributesClass";
      if (!has_values && word != "Exists") {
        reporter->Error(FieldPath(item, "operator"),
                        "must be \"Exists\" for the scope " + Quoted(scope));
      }
      const bool wants_values = word == "In" || word == "NotIn";
      if (IsEmptyList(one, "values") == wants_values) {
        reporter->Error(
            FieldPath(item, "values"),
            (wants_values ? "required by operator " : "has no place with ") + Quoted(word));
      }
    });
  });
}

// RFC 3339 with six digits of the second, no more and no less. Source: metav1.MicroTime.
bool IsMicroTime(const std::string& text) {
  constexpr size_t kPoint = 19;
  constexpr size_t kDigits = 6;
  if (text.size() <= kPoint + kDigits + 1 || text[kPoint] != '.') return false;
  const std::string_view zone = std::string_view(text).substr(kPoint + 1);
  return zone.find_first_not_of("0123456789") == kDigits && ParseRfc3339(text).ok();
}

}  // namespace

void Validate(const Role& role, FieldReporter* reporter) {
  ValidateRules(role.others, false, reporter);
}

void Validate(const ClusterRole& role, FieldReporter* reporter) {
  ValidateRules(role.others, true, reporter);
}

void Validate(const RoleBinding& binding, FieldReporter* reporter) {
  ValidateBinding(binding.others, false, reporter);
}

void Validate(const ClusterRoleBinding& binding, FieldReporter* reporter) {
  ValidateBinding(binding.others, true, reporter);
}

void Validate(const PodDisruptionBudget& budget, FieldReporter* reporter) {
  const FieldPath root;
  WithField(budget.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    ValidateSelectorShape(spec, path, "selector", reporter);
    const auto check = [&](const Value& share, const FieldPath& item) {
      ValidateShare(share, item, reporter);
    };
    WithField(spec, path, "minAvailable", check);
    WithField(spec, path, "maxUnavailable", check);
    if (spec.Find("minAvailable") != nullptr && spec.Find("maxUnavailable") != nullptr) {
      reporter->Error(path, "has minAvailable and maxUnavailable; only one of them can be");
    }
  });
}

void Validate(const LimitRange& range, FieldReporter* reporter) {
  const FieldPath root;
  WithField(range.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    std::set<std::string_view> seen;
    ForEachItem(spec, path, "limits", [&](const Value& item, const FieldPath& item_path) {
      const std::string_view type = TextOf(item, "type");
      const FieldPath type_path(item_path, "type");
      if (!seen.insert(type).second) {
        reporter->Error(type_path, Quoted(type) + " is there already");
      }
      ValidateLimits(item, item_path, reporter);
    });
  });
}

void Validate(const ResourceQuota& quota, FieldReporter* reporter) {
  const FieldPath root;
  WithField(quota.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    ValidateHardLimits(spec, path, reporter);
    ValidateScopes(spec, path, reporter);
  });
}

void Validate(const Lease& lease, FieldReporter* reporter) {
  const FieldPath root;
  WithField(lease.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    RequireBetween(1, INT32_MAX, spec, path, "leaseDurationSeconds", reporter);
    RequireBetween(0, INT32_MAX, spec, path, "leaseTransitions", reporter);
    for (const char* name : {"acquireTime", "renewTime"}) {
      WithField(spec, path, name, [&](const Value& time, const FieldPath& item) {
        if (IsMicroTime(time.AsString())) return;
        reporter->Error(item, Quoted(time.AsString()) +
                                  " is no time in microseconds like 2026-01-31T12:00:00.000000Z");
      });
    }
  });
}

void Validate(const PriorityClass& priority, FieldReporter* reporter) {
  const FieldPath root;
  WithField(priority.others, root, "value", [&](const Value& value, const FieldPath& path) {
    RequireAtMost(kMaxPriority, value.AsInt(), path, reporter);
  });
  if (priority.metadata.name.starts_with("system-")) {
    const FieldPath metadata(root, "metadata");
    reporter->Error(FieldPath(metadata, "name"), "names that begin with \"system-\" are taken");
  }
}

}  // namespace reconcile
