#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "schema/cluster_state.h"
#include "schema/workload.h"

namespace reconcile {

// A Deployment that asks for it has its pods replaced, as its strategy says, when the content of a
// ConfigMap or Secret that its template takes variables or files from changes: what their content
// is stands in an annotation of the pods that it makes, so that other content is another template.
// PURE.
//
// Of ConfigMaps the annotation has a digest of the data. Of Secrets a digest would be tried out
// with the values that people choose, wherever pods are seen: it has the object's uid and how often
// its content was changed. A Secret that was deleted and made anew counts as changed, so does every
// one once a database was lost and rebuilt.

inline constexpr std::string_view kRestartOnChange = "reconcile.dev/restart-on-change";
inline constexpr std::string_view kConfigAnnotation = "reconcile.dev/config";

// Whether an object's own annotation asks for it.
bool RestartsOnChange(const ObjectMeta& metadata);

// The template of the pods that the Deployment makes; the one that is declared, where it does not
// ask or its pods use neither. Shares with the Deployment what is the same.
std::shared_ptr<const PodTemplateSpec> TemplateOf(
    const std::shared_ptr<const Deployment>& deployment, const ClusterState& state);

}  // namespace reconcile
