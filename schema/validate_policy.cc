#include <charconv>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_kept.h"

namespace reconcile {

namespace {

constexpr std::string_view kTargets[] = {"value", "averageValue", "averageUtilization"};
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

void ValidateMetric(const Value& metric, const FieldPath& path, FieldReporter* reporter) {
  struct Source {
    std::string_view type;
    std::string_view field;
  };
  constexpr Source kSources[] = {{"Resource", "resource"},
                                 {"ContainerResource", "containerResource"},
                                 {"Pods", "pods"},
                                 {"Object", "object"},
                                 {"External", "external"}};
  const std::string_view type = TextOf(metric, "type");
  for (const Source& source : kSources) {
    const FieldPath field_path(path, source.field);
    const Value* field = metric.Find(source.field);
    if (type == source.type && field == nullptr) {
      reporter->Error(field_path, "required by type " + Quoted(type));
    } else if (!type.empty() && type != source.type && field != nullptr) {
      reporter->Error(field_path, "has no place with type " + Quoted(type));
    }
    if (field == nullptr) continue;
    WithField(*field, field_path, "target", [&](const Value& target, const FieldPath& item) {
      RequireOneOf(kTargets, target, item, reporter);
      RequireBetween(1, INT32_MAX, target, item, "averageUtilization", reporter);
    });
  }
}

void ValidateBehavior(const Value& behavior, const FieldPath& path, FieldReporter* reporter) {
  for (const char* direction : {"scaleUp", "scaleDown"}) {
    WithField(behavior, path, direction, [&](const Value& rules, const FieldPath& rules_path) {
      RequireBetween(0, 3600, rules, rules_path, "stabilizationWindowSeconds", reporter);
      ForEachItem(rules, rules_path, "policies", [&](const Value& policy, const FieldPath& item) {
        RequireBetween(1, INT32_MAX, policy, item, "value", reporter);
        RequireBetween(1, 1800, policy, item, "periodSeconds", reporter);
      });
    });
  }
}

}  // namespace

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

void ValidateAutoscaler(const HorizontalPodAutoscaler& autoscaler, FieldReporter* reporter) {
  const FieldPath root;
  WithField(autoscaler.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    RequireBetween(1, INT32_MAX, spec, path, "maxReplicas", reporter);
    const Value* most = spec.Find("maxReplicas");
    const Value* least = spec.Find("minReplicas");
    RequireBetween(0, INT32_MAX, spec, path, "minReplicas", reporter);
    if (most != nullptr && least != nullptr && least->AsInt() > most->AsInt()) {
      reporter->Error(FieldPath(path, "maxReplicas"), "must be at least minReplicas, " +
                                                          std::to_string(least->AsInt()) +
                                                          ", not " + std::to_string(most->AsInt()));
    }
    ForEachItem(spec, path, "metrics", [&](const Value& metric, const FieldPath& item) {
      ValidateMetric(metric, item, reporter);
    });
    WithField(spec, path, "behavior", [&](const Value& behavior, const FieldPath& item) {
      ValidateBehavior(behavior, item, reporter);
    });
  });
}

void ValidateBudget(const PodDisruptionBudget& budget, FieldReporter* reporter) {
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

void ValidateLimitRange(const LimitRange& range, FieldReporter* reporter) {
  const FieldPath root;
  WithField(range.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    std::vector<std::string_view> seen;
    ForEachItem(spec, path, "limits", [&](const Value& item, const FieldPath& item_path) {
      const std::string_view type = TextOf(item, "type");
      const FieldPath type_path(item_path, "type");
      for (std::string_view before : seen) {
        if (before == type) reporter->Error(type_path, Quoted(type) + " is there already");
      }
      seen.push_back(type);
      if (type == "PersistentVolumeClaim" && item.Find("min") == nullptr &&
          item.Find("max") == nullptr) {
        reporter->Error(item_path, "needs min or max of storage");
      }
    });
  });
}

void ValidatePriorityClass(const PriorityClass& priority, FieldReporter* reporter) {
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
