#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/core.h"

namespace reconcile {

// What a pod says of the nodes it runs on, read from PodSpec::others (shapes_affinity.cc), where it
// was checked already.

// kUnknown, written by a newer release, holds nowhere.
enum class NodeOperator { kIn, kNotIn, kExists, kDoesNotExist, kGreater, kLess, kUnknown };
struct NodeRequirement {
  std::string key;
  NodeOperator op = NodeOperator::kUnknown;
  std::vector<std::string> values;
  int64_t limit = 0;  // of kGreater and kLess: the node's value is compared as a number
};
// Everything in a term must hold; a term of nothing holds nowhere. Source: component-helpers
// scheduling/corev1/nodeaffinity, isEmptyNodeSelectorTerm.
struct NodeSelectorTerm {
  std::vector<NodeRequirement> labels;
  std::vector<NodeRequirement> fields;  // of metadata.name alone
};
struct PreferredNodeTerm {
  int32_t weight = 0;  // 1 to 100
  NodeSelectorTerm term;
};
// spec.affinity.nodeAffinity (SEMANTICS 19.6).
struct NodeAffinity {
  // One of them must hold; without the list any node will do, and of an empty one none.
  std::optional<std::vector<NodeSelectorTerm>> required;
  std::vector<PreferredNodeTerm> preferred;
};
// None when the pod says nothing about nodes.
std::optional<NodeAffinity> NodeAffinityOf(const PodSpec& spec);
// The same as one text: equal for pods that say the same, "" for those that say nothing.
std::string NodeAffinityText(const PodSpec& spec);

// Requirements are as those of label selectors, and Gt and Lt hold where the label is a whole
// number beyond the limit.
bool Matches(const NodeRequirement& requirement, const std::string* value);  // null: not there
bool Matches(const NodeSelectorTerm& term, const Node& node);
// The first requirement of the term that does not hold; null when it matches, or has none.
const NodeRequirement* FirstUnmet(const NodeSelectorTerm& term, const Node& node);
// "disk In (hdd, ssd)"; of many values the first few.
std::string ToString(const NodeRequirement& requirement);

}  // namespace reconcile
