#include <algorithm>

#include "schema/names.h"
#include "schema/quantity.h"
#include "schema/text.h"
#include "schema/validate_kept.h"

namespace reconcile {

namespace {

// `storage` of the quantities `name`: there, and more than nothing.
void RequireStorage(const Value& holder, const FieldPath& path, std::string_view name,
                    FieldReporter* reporter) {
  const FieldPath list_path(path, name);
  const FieldPath storage_path = FieldPath::Key(list_path, "storage");
  const Value* quantities = holder.Find(name);
  const Value* storage = quantities == nullptr ? nullptr : quantities->Find("storage");
  if (storage == nullptr) return reporter->Error(storage_path, "required");
  const Result<Quantity> quantity = Quantity::Parse(storage->AsString());
  if (quantity.ok() && *quantity <= Quantity()) {
    reporter->Error(storage_path, "must be more than 0, not " + storage->AsString());
  }
}

// One pod alone, or others as well: not both.
void ValidateAccessModes(const Value& spec, const FieldPath& path, FieldReporter* reporter) {
  const Value::List& modes = spec.GetList("accessModes");
  const auto is_for_one_pod = [](const Value& mode) {
    return mode.IsString() && mode.AsString() == "ReadWriteOncePod";
  };
  if (modes.size() < 2 || std::none_of(modes.begin(), modes.end(), is_for_one_pod)) return;
  reporter->Error(FieldPath(path, "accessModes"),
                  "\"ReadWriteOncePod\" goes with no other access mode");
}

void ValidateClassName(const Value& spec, const FieldPath& path, FieldReporter* reporter) {
  const std::string_view name = TextOf(spec, "storageClassName");
  if (name.empty()) return;
  ReportIf(CheckDnsSubdomain(name), FieldPath(path, "storageClassName"), reporter);
}

}  // namespace

void Validate(const PersistentVolume& volume, FieldReporter* reporter) {
  const FieldPath root;
  WithField(volume.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    RequireOneOf(PersistentVolumeSourceNames(), spec, path, reporter);
    ValidateAccessModes(spec, path, reporter);
    ValidateClassName(spec, path, reporter);
    if (spec.Find("capacity") != nullptr) RequireStorage(spec, path, "capacity", reporter);
    if (spec.Find("local") != nullptr && spec.Find("nodeAffinity") == nullptr) {
      reporter->Error(FieldPath(path, "nodeAffinity"), "required by a local volume");
    }
  });
}

void Validate(const PersistentVolumeClaim& claim, FieldReporter* reporter) {
  const FieldPath root;
  WithField(claim.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    ValidateClaimSpec(spec, path, reporter);
  });
}

void ValidateClaimSpec(const Value& spec, const FieldPath& path, FieldReporter* reporter) {
  ValidateSelectorShape(spec, path, "selector", reporter);
  ValidateAccessModes(spec, path, reporter);
  ValidateClassName(spec, path, reporter);
  WithField(spec, path, "resources", [&](const Value& resources, const FieldPath& item) {
    RequireStorage(resources, item, "requests", reporter);
  });
}

}  // namespace reconcile
