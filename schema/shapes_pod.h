#pragma once

// Shapes of what pods have and no code acts on yet, by subject. Included by tables_*.cc and
// shapes_*.cc alone. Source: Kubernetes' core/v1 API, 1.33.

#include "schema/shapes_shared.h"

namespace reconcile {

// shapes_pod.cc
Shape TolerationShape();
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
// shapes_volume.cc
Shape VolumeShape();
Shape VolumeMountShape();
Shape VolumeDeviceShape();
// A PersistentVolumeClaim to make for each pod (StatefulSets' volumeClaimTemplates).
Shape ClaimTemplateShape();

}  // namespace reconcile
