#include <algorithm>
#include <iterator>

#include "schema/diff.h"
#include "schema/text.h"
#include "schema/validate.h"

namespace reconcile {

namespace {

constexpr size_t kMaxShownPathBytes = 400;

bool IsFrozen(const Object& object) {
  if (const auto* config_map = As<ConfigMap>(object)) return config_map->immutable;
  if (const auto* secret = As<Secret>(object)) return secret->immutable;
  return false;
}

// data, binaryData and immutable itself, of a ConfigMap or Secret that said `immutable: true`.
bool IsFrozenPath(const std::string& path) { return path.rfind("metadata", 0) != 0; }

// An address, once given, belongs to the Service (SEMANTICS 13.1); one never given may be.
bool ChangesClusterIp(const Object& before, const FieldChange& change) {
  const auto* service = As<Service>(before);
  return service != nullptr && change.path == "spec.clusterIP" && !service->spec.cluster_ip.empty();
}

// What of a Job may change while it runs; the rest made its pods. Source: pkg/apis/batch
// validation.
bool ChangesJob(const Object& before, const FieldChange& change) {
  constexpr std::string_view kFree[] = {
      "spec.parallelism",      "spec.activeDeadlineSeconds",   "spec.backoffLimit",
      "spec.maxFailedIndexes", "spec.ttlSecondsAfterFinished", "spec.suspend"};
  if (before.kind != Kind::kJob || !change.path.starts_with("spec.")) return false;
  return std::find(std::begin(kFree), std::end(kFree), change.path) == std::end(kFree);
}

}  // namespace

void ValidateUpdate(const Object& before, const Object& after, Problems* problems) {
  const Origin& origin = after.metadata.origin;
  FieldReporter reporter(origin.file, nullptr, problems,
                         Mark{origin.line, origin.line > 0 ? 1 : 0});
  reporter.subject = ToString(after.key());
  const FieldPath root;
  for (const TableChange& changed : DiffByTable(before, after)) {
    const FieldChange& change = changed.change;
    const bool frozen = IsFrozen(before) && IsFrozenPath(change.path);
    if (!changed.is_immutable && !frozen && !ChangesClusterIp(before, change) &&
        !ChangesJob(before, change)) {
      continue;
    }
    const std::string was = change.before.empty() ? "unset" : ShortText(change.before);
    const std::string now = change.after.empty() ? "unset" : ShortText(change.after);
    reporter.Error(
        root, CutText(change.path, kMaxShownPathBytes) + ": must not change (from " + was + " to " +
                  now + ")" + (frozen ? ": the object says immutable: true" : "") +
                  "; delete the object in one commit and declare it anew in the next, or "
                  "give it another name");
  }
}

}  // namespace reconcile
