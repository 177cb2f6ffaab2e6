#include <charconv>
#include <optional>
#include <set>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_job.h"
#include "schema/validate_kept.h"

namespace reconcile {

namespace {

constexpr size_t kMaxRules = 20;  // of either policy
constexpr size_t kMaxConditions = 20;
constexpr size_t kMaxExitCodes = 255;
constexpr size_t kMaxIndexesBytes = 64 << 10;
constexpr size_t kMaxManagedByBytes = 63;

size_t CountIn(const Value& map, std::string_view name) { return map.GetList(name).size(); }

void RequireAtMostItems(size_t most, const Value& map, std::string_view name, const FieldPath& path,
                        FieldReporter* reporter) {
  if (CountIn(map, name) <= most) return;
  reporter->Error(FieldPath(path, name), "must be at most " + std::to_string(most));
}

bool HasContainer(const PodSpec& pod, std::string_view name) {
  for (const auto* containers : {&pod.containers, &pod.init_containers}) {
    for (const Container& container : *containers) {
      if (container.name == name) return true;
    }
  }
  return false;
}

void ValidateExitCodes(const Value& codes, const PodSpec& pod, const FieldPath& path,
                       FieldReporter* reporter) {
  WithField(codes, path, "containerName", [&](const Value& name, const FieldPath& item) {
    if (HasContainer(pod, name.AsString())) return;
    reporter->Error(item, "the template has no container " + Quoted(name.AsString()));
  });
  RequireAtMostItems(kMaxExitCodes, codes, "values", path, reporter);
  const bool is_in = TextOf(codes, "operator") == "In";
  std::set<int64_t> seen;
  ForEachItem(codes, path, "values", [&](const Value& value, const FieldPath& item) {
    const int64_t code = value.AsInt();
    if (is_in && code == 0) {
      reporter->Error(item, "must not be 0 with operator \"In\": 0 is no failure");
    }
    const bool is_ordered = seen.empty() || *seen.rbegin() <= code;
    if (!seen.insert(code).second) {
      reporter->Error(item, "duplicate exit code " + std::to_string(code));
    } else if (!is_ordered) {
      reporter->Error(item,
                      "must come before the exit codes that are higher: values are in "
                      "ascending order");
    }
  });
}

void ValidateFailureRule(const Value& rule, const JobSpec& spec, const FieldPath& path,
                         FieldReporter* reporter) {
  if (TextOf(rule, "action") == "FailIndex" && !spec.backoff_limit_per_index) {
    reporter->Error(FieldPath(path, "action"), "\"FailIndex\" needs backoffLimitPerIndex");
  }
  const bool has_codes = rule.Find("onExitCodes") != nullptr;
  const bool has_conditions = CountIn(rule, "onPodConditions") > 0;
  if (has_codes == has_conditions) {
    reporter->Error(path, std::string(has_codes ? "must not have more than" : "needs") +
                              " one of onExitCodes, onPodConditions");
  }
  WithField(rule, path, "onExitCodes", [&](const Value& codes, const FieldPath& item) {
    ValidateExitCodes(codes, spec.pod_template.spec, item, reporter);
  });
  RequireAtMostItems(kMaxConditions, rule, "onPodConditions", path, reporter);
  ForEachItem(rule, path, "onPodConditions", [&](const Value& condition, const FieldPath& item) {
    const std::string_view type = TextOf(condition, "type");
    if (!type.empty()) ReportIf(CheckQualifiedName(type), FieldPath(item, "type"), reporter);
  });
}

void ValidateFailurePolicy(const Value& policy, const JobSpec& spec, const FieldPath& path,
                           const FieldPath& spec_path, FieldReporter* reporter) {
  RequireAtMostItems(kMaxRules, policy, "rules", path, reporter);
  ForEachItem(policy, path, "rules", [&](const Value& rule, const FieldPath& item) {
    ValidateFailureRule(rule, spec, item, reporter);
  });
  if (spec.pod_template.spec.restart_policy == RestartPolicy::kOnFailure) {
    const FieldPath pod_template(spec_path, "template");
    const FieldPath pod_spec(pod_template, "spec");
    reporter->Error(FieldPath(pod_spec, "restartPolicy"),
                    "must be \"Never\" with a podFailurePolicy, not \"OnFailure\"");
  }
  if (TextOf(spec.others, "podReplacementPolicy") == "TerminatingOrFailed") {
    reporter->Error(FieldPath(spec_path, "podReplacementPolicy"),
                    "must be \"Failed\" with a podFailurePolicy");
  }
}

// The number of one end of a range, as Go's Atoi reads it.
std::optional<int32_t> ReadIndex(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int32_t index = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, index);
  if (read.ec != std::errc() || read.ptr != end || text.front() == '-') return std::nullopt;
  return index;
}

// How many indexes "1,3-5" names, all of them below `completions`, in ascending order; nothing when
// it is none of this.
std::optional<int64_t> CountIndexes(std::string_view text, int32_t completions) {
  int64_t count = 0;
  for (int64_t last = -1; !text.empty();) {
    const size_t comma = text.find(',');
    const std::string_view range = text.substr(0, comma);
    const size_t dash = range.find('-');
    const std::optional<int32_t> first = ReadIndex(range.substr(0, dash));
    const std::optional<int32_t> end =
        dash == std::string_view::npos ? first : ReadIndex(range.substr(dash + 1));
    if (!first || !end || *first <= last || *end >= completions) return std::nullopt;
    if (dash != std::string_view::npos && *first >= *end) return std::nullopt;
    count += *end - *first + 1;
    last = *end;
    if (comma == std::string_view::npos) return count;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;  // it ends with a comma
  }
  return count;
}

void ValidateSuccessRule(const Value& rule, int32_t completions, const FieldPath& path,
                         FieldReporter* reporter) {
  const Value* indexes = rule.Find("succeededIndexes");
  const Value* count = rule.Find("succeededCount");
  if (indexes == nullptr && count == nullptr) {
    return reporter->Error(path, "needs succeededIndexes or succeededCount");
  }
  int64_t most = completions;
  WithField(rule, path, "succeededIndexes", [&](const Value& text, const FieldPath& item) {
    const std::optional<int64_t> named = CountIndexes(text.AsString(), completions);
    if (text.AsString().size() > kMaxIndexesBytes) {
      reporter->Error(item, "must be at most " + std::to_string(kMaxIndexesBytes) + " bytes");
    } else if (!named) {
      reporter->Error(item, Quoted(text.AsString()) +
                                " is no list of indexes like \"1,3-5\", ascending and below "
                                "completions, " +
                                std::to_string(completions));
    } else {
      most = *named;
    }
  });
  WithField(rule, path, "succeededCount", [&](const Value& number, const FieldPath& item) {
    RequireNotNegative(number.AsInt(), item, reporter);
    RequireAtMost(most, number.AsInt(), item, reporter);
  });
}

void ValidateSuccessPolicy(const Value& policy, int32_t completions, const FieldPath& path,
                           FieldReporter* reporter) {
  RequireAtMostItems(kMaxRules, policy, "rules", path, reporter);
  ForEachItem(policy, path, "rules", [&](const Value& rule, const FieldPath& item) {
    ValidateSuccessRule(rule, completions, item, reporter);
  });
}

}  // namespace

void ValidateJobPolicies(const JobSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  WithField(spec.others, path, "podFailurePolicy", [&](const Value& policy, const FieldPath& item) {
    ValidateFailurePolicy(policy, spec, item, path, reporter);
  });
  WithField(spec.others, path, "successPolicy", [&](const Value& policy, const FieldPath& item) {
    if (spec.completion_mode != CompletionMode::kIndexed) {
      reporter->Error(item, "only with completionMode \"Indexed\"");
    } else if (spec.completions) {
      ValidateSuccessPolicy(policy, *spec.completions, item, reporter);
    }
  });
  WithField(spec.others, path, "managedBy", [&](const Value& name, const FieldPath& item) {
    ReportIf(CheckDomainPath(name.AsString()), item, reporter);
    if (name.AsString().size() > kMaxManagedByBytes) {
      reporter->Error(item, "must be at most 63 characters");
    }
  });
}

}  // namespace reconcile
