#pragma once

// Shapes that pods and other kinds have in common. Included by tables_*.cc and shapes_*.cc alone.
// Source: Kubernetes' core/v1 and meta/v1 APIs, 1.33.

#include <vector>

#include "schema/shapes.h"

namespace reconcile {

// One row of a struct's shape.
struct ShapeRow {
  std::string_view name;
  Shape shape;
  std::string_view doc;
  bool is_required = false;
  std::string_view default_text = "";
};
inline constexpr bool kRequired = true;
// A table of these fields, to be kept in a static; `key` tells the elements of a list apart.
ShapeTable MakeShapeTable(std::string_view name, const std::vector<ShapeRow>& rows,
                          std::string_view key = "");

// tables_kept.cc
Shape LabelSelectorShape();
Shape NodeSelectorShape();
Shape NodeSelectorTermShape();
Shape ObjectReferenceShape();  // core/v1
Shape LocalReferenceShape();   // {name}: an object of this namespace
Shape SecretReferenceShape();  // name and namespace of a Secret

// tables_storage.cc
Shape ClaimSpecShape();  // what a claim asks for: the spec of a PersistentVolumeClaim

// Who has a volume. A pod's sources name Secrets of its namespace, a PersistentVolume's those of
// any; in some the two have other fields as well.
enum class VolumeOwner { kPod, kPersistentVolume };
// One way to say what a volume is.
struct VolumeSourceRow {
  std::string_view name;
  Shape shape;
  std::string_view doc;
  bool is_vendors = false;  // a cloud's or a vendor's
};
// shapes_volume_remote.cc: volumes that other systems serve.
const std::vector<VolumeSourceRow>& RemoteVolumeSources(VolumeOwner owner);
Shape HostPathShape();

}  // namespace reconcile
