#include <algorithm>
#include <iterator>

#include "schema/diff.h"
#include "schema/quantity.h"
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

// An address, once given, belongs to the Service while its type needs one (SEMANTICS 13.1); one
// never given may be.
bool ChangesClusterIp(const Object& before, const Object& after, const FieldChange& change) {
  const auto* service = As<Service>(before);
  if (service == nullptr || change.path != "spec.clusterIP") return false;
  const bool is_needed = service->spec.type != ServiceType::kExternalName &&
                         As<Service>(after)->spec.type != ServiceType::kExternalName;
  return is_needed && !service->spec.cluster_ip.empty();
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

std::string RequestedStorage(const Object& claim) {
  const Value* value = static_cast<const KeptObject&>(claim).others.Find("spec");
  for (const char* step : {"resources", "requests", "storage"}) {
    if (value != nullptr) value = value->Find(step);
  }
  return value == nullptr ? "" : value->AsString();
}

// What of a claim may change: it may ask for more, be bound once, and have other attributes.
// Source: ValidatePersistentVolumeClaimUpdate.
bool MayChangeInClaim(const Object& before, const FieldChange& change) {
  if (before.kind != Kind::kPersistentVolumeClaim) return false;
  return change.path == "spec.resources.requests[storage]" ||
         change.path == "spec.volumeAttributesClassName" ||
         (change.path == "spec.volumeName" && change.before.empty());
}

void RequireGrowth(const Object& before, const Object& after, FieldReporter* reporter) {
  if (before.kind != Kind::kPersistentVolumeClaim) return;
  const std::string was = RequestedStorage(before);
  const std::string now = RequestedStorage(after);
  const Result<Quantity> old_size = Quantity::Parse(was);
  const Result<Quantity> new_size = Quantity::Parse(now);
  if (!old_size.ok() || !new_size.ok() || *new_size >= *old_size) return;
  const FieldPath root;
  reporter->Error(root, "spec.resources.requests[storage]: must not shrink (from " + was + " to " +
                            now + "): volumes only grow");
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
    if (MayChangeInClaim(before, change)) continue;
    if (!changed.is_immutable && !frozen && !ChangesClusterIp(before, after, change) &&
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
  RequireGrowth(before, after, &reporter);
}

}  // namespace reconcile
