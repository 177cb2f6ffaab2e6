#include "schema/quantity.h"
#include "schema/text.h"
#include "schema/validate_kept.h"

namespace reconcile {

namespace {

// The sources that PersistentVolumeSpec may have (tables_volume_sources.cc).
constexpr std::string_view kVolumeSources[] = {"nfs",
                                               "hostPath",
                                               "local",
                                               "csi",
                                               "iscsi",
                                               "fc",
                                               "cephfs",
                                               "rbd",
                                               "cinder",
                                               "azureDisk",
                                               "azureFile",
                                               "glusterfs",
                                               "flexVolume",
                                               "portworxVolume",
                                               "vsphereVolume",
                                               "awsElasticBlockStore",
                                               "gcePersistentDisk",
                                               "photonPersistentDisk"};

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

}  // namespace

void ValidatePersistentVolume(const PersistentVolume& volume, FieldReporter* reporter) {
  const FieldPath root;
  WithField(volume.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    RequireOneOf(kVolumeSources, spec, path, reporter);
    if (spec.Find("capacity") != nullptr) RequireStorage(spec, path, "capacity", reporter);
    if (spec.Find("local") != nullptr && spec.Find("nodeAffinity") == nullptr) {
      reporter->Error(FieldPath(path, "nodeAffinity"), "required by a local volume");
    }
  });
}

void ValidatePersistentVolumeClaim(const PersistentVolumeClaim& claim, FieldReporter* reporter) {
  const FieldPath root;
  WithField(claim.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    ValidateSelectorShape(spec, path, "selector", reporter);
    WithField(spec, path, "resources", [&](const Value& resources, const FieldPath& item) {
      RequireStorage(resources, item, "requests", reporter);
    });
  });
}

}  // namespace reconcile
