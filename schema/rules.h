#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace reconcile {

// What kind of thing a Problem is: what people filter by, and what SARIF calls a rule.
enum class Rule : uint8_t {
  kInvalidValue,
  kSyntax,
  kLimit,
  kDuplicateKey,
  kNotAManifest,
  kUnknownKind,
  kUnknownField,
  kUnsupportedField,
  kMissingField,
  kWrongType,
  kDuplicateObject,
  kReference,
  kNotActedOn,
  kAdvice,
  kPassedOver,
  kKustomization,
};

struct RuleInfo {
  Rule rule;
  std::string_view id;       // "unknown-field"; stays the same from release to release
  std::string_view summary;  // one sentence
};
inline constexpr std::array kAllRules = {
    RuleInfo{Rule::kInvalidValue, "invalid-value", "A value breaks a rule of its field."},
    RuleInfo{Rule::kSyntax, "syntax", "The text cannot be read as YAML or JSON."},
    RuleInfo{Rule::kLimit, "limit", "A limit on what is read or reported is passed."},
    RuleInfo{Rule::kDuplicateKey, "duplicate-key", "A map has a key twice."},
    RuleInfo{Rule::kNotAManifest, "not-a-manifest", "A document is no Kubernetes object."},
    RuleInfo{Rule::kUnknownKind, "unknown-kind", "The kind is not known or not supported."},
    RuleInfo{Rule::kUnknownField, "unknown-field", "The kind has no such field."},
    RuleInfo{Rule::kUnsupportedField, "unsupported-field",
             "The field is valid in Kubernetes and not supported here."},
    RuleInfo{Rule::kMissingField, "missing-field", "A required field is missing."},
    RuleInfo{Rule::kWrongType, "wrong-type", "A value is of another type than its field."},
    RuleInfo{Rule::kDuplicateObject, "duplicate-object", "The same object is declared twice."},
    RuleInfo{Rule::kReference, "reference", "An object names another one that is not there."},
    RuleInfo{Rule::kNotActedOn, "not-acted-on",
             "A field or kind is accepted, and nothing follows from it."},
    RuleInfo{Rule::kAdvice, "advice", "Something is accepted, but not quite as it is written."},
    RuleInfo{Rule::kPassedOver, "passed-over", "A file is not read."},
    RuleInfo{Rule::kKustomization, "kustomization", "A kustomization or chart is not rendered."},
};

constexpr const RuleInfo& InfoOf(Rule rule) { return kAllRules[static_cast<size_t>(rule)]; }

}  // namespace reconcile
