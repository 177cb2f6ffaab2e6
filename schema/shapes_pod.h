#pragma once

// Shapes of what pods have and no code acts on yet, by subject. Included by tables_*.cc and
// shapes_*.cc alone. Source: Kubernetes' core/v1 API, 1.33.

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
ShapeTable MakeShapeTable(std::string_view name, std::initializer_list<ShapeRow> rows,
                          std::string_view key = "");

// shapes_pod.cc
Shape PodLabelSelectorShape();
Shape PodLocalReferenceShape();  // {name}: an object of this namespace
Shape TolerationShape();
Shape DnsConfigShape();
Shape HostAliasShape();
Shape ResourceFieldShape();  // resourceFieldRef
Shape ResizePolicyShape();
Shape PodResourceClaimShape();
Shape ReadinessGateShape();
Shape ResourcesShape();  // limits and requests
// shapes_affinity.cc
Shape AffinityShape();
Shape TopologySpreadShape();
// shapes_probe.cc
Shape ProbeShape();
Shape LifecycleShape();
// shapes_security.cc
Shape SecurityContextShape();  // of a container
Shape PodSecurityContextShape();
// shapes_volume.cc, shapes_volume_remote.cc
Shape VolumeShape();
Shape VolumeMountShape();
Shape VolumeDeviceShape();
// Volumes that other systems serve: adds a row for each source.
void AddRemoteVolumeSources(ShapeTable* volume);
// What a claim asks for: the spec of a PersistentVolumeClaim.
Shape ClaimTemplateSpecShape();
// A PersistentVolumeClaim to make for each pod (StatefulSets' volumeClaimTemplates).
Shape ClaimTemplateShape();

}  // namespace reconcile
