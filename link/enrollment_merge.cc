#include "link/enrollment_merge.h"

#include <algorithm>

namespace reconcile {
namespace {

Status CheckFit(const EnrollmentState& here, const EnrollmentState& saved) {
  if (here.cluster_id != saved.cluster_id) {
    return ConflictError("it is the CA of cluster " + here.cluster_id +
                         ", and the saved one is of cluster " + saved.cluster_id);
  }
  for (const AuthorityRecord& ours : here.authorities) {
    for (const AuthorityRecord& theirs : saved.authorities) {
      if (ours.number != theirs.number || ours.fingerprint == theirs.fingerprint) continue;
      return ConflictError("it is another CA (" + ours.fingerprint +
                           ") of the same cluster than the saved one (" + theirs.fingerprint +
                           "): one of them was made anew");
    }
  }
  return OkStatus();
}

void MergeToken(const TokenRecord& saved, TokenRecord* here) {
  here->uses = std::max(here->uses, saved.uses);
  const bool earlier = here->revoked.ms == 0 || saved.revoked < here->revoked;
  if (saved.revoked.ms != 0 && earlier) here->revoked = saved.revoked;
}

NodeRecord MergeNode(const NodeRecord& a, const NodeRecord& b) {
  const auto place = [](const NodeRecord& node) {
    return std::pair(node.min_generation, node.generation);
  };
  const bool a_is_later = place(a) >= place(b);
  NodeRecord merged = a_is_later ? a : b;
  const NodeRecord& other = a_is_later ? b : a;
  if (merged.revoked.ms != 0) {
    merged.min_generation = std::max(merged.min_generation, other.generation + 1);
    merged.expires = std::max(merged.expires, other.expires);
  }
  return merged;
}

Status MergeNodes(const EnrollmentState& saved, EnrollmentState* merged) {
  for (const auto& [name, node] : saved.nodes) {
    const auto known = merged->nodes.find(name);
    if (known != merged->nodes.end()) {
      known->second = MergeNode(known->second, node);
      continue;
    }
    if (merged->nodes.size() < kMaxNodeRecords) {
      merged->nodes[name] = node;
    } else if (node.min_generation != 0) {  // refuses earlier certificates: not to be forgotten
      return ConflictError("together with the saved list more than " +
                           std::to_string(kMaxNodeRecords) +
                           " nodes would be remembered, which is the limit");
    }
  }
  return OkStatus();
}

}  // namespace

Result<EnrollmentState> MergeEnrollment(const EnrollmentState& here, const EnrollmentState& saved) {
  RETURN_IF_ERROR(CheckFit(here, saved));
  EnrollmentState merged = here;
  if (saved.trust_generation > here.trust_generation) {
    merged.authorities = saved.authorities;
    merged.trust_generation = saved.trust_generation;
  }
  merged.newest_lineage_ms = std::max(here.newest_lineage_ms, saved.newest_lineage_ms);
  for (auto& [id, token] : merged.tokens) {
    const auto known = saved.tokens.find(id);
    if (known != saved.tokens.end()) MergeToken(known->second, &token);
  }
  RETURN_IF_ERROR(MergeNodes(saved, &merged));
  return merged;
}

}  // namespace reconcile
