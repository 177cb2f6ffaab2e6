#include "schema/tables_kept.h"

namespace reconcile {

namespace {

constexpr std::string_view kVendorsOnly =
    "this storage is a cloud's or a vendor's, and has no driver here";

Shape LocalShape() {
  static const ShapeTable table = MakeShapeTable(
      "LocalVolumeSource",
      {{"path", StringShape(), "The disk, partition or folder on the node.", kRequired},
       {"fsType", StringShape(), "The file system of a disk."}});
  return StructOf(table);
}

std::vector<VolumeSourceRow> AllSources() {
  std::vector<VolumeSourceRow> sources = {
      {"hostPath", HostPathShape(), "A path on the host, for tests on one host."},
      {"local", LocalShape(), "A disk or folder of one node."}};
  const auto& remote = RemoteVolumeSources(VolumeOwner::kPersistentVolume);
  sources.insert(sources.end(), remote.begin(), remote.end());
  return sources;
}

}  // namespace

const std::vector<std::string_view>& PersistentVolumeSourceNames() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const VolumeSourceRow& source : AllSources()) all.push_back(source.name);
    return all;
  }();
  return names;
}

void AddVolumeSources(ShapeTable* spec) {
  for (const VolumeSourceRow& source : AllSources()) {
    FieldInfo& field = spec->Field(source.name, source.shape, source.doc).Immutable();
    if (source.is_vendors) field.Accepted(kVendorsOnly);
  }
}

}  // namespace reconcile
