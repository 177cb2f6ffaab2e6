#pragma once

#include <string>
#include <vector>

#include "schema/pod.h"

namespace reconcile {

// What the pod asks for that its host would not give it yet, and without which its containers would
// do, see or be allowed something else than is written: "spec.volumes",
// "spec.containers[web].securityContext.privileged". Sorted as the tables are; empty for a pod that
// can be run. Which fields these are stands in the field tables (FieldInfo::NotRunWith), and for
// resources here: of devices and huge pages. Nobody starts a pod for which this is not empty.
std::vector<std::string> FieldsNotHonoured(const PodSpec& spec);

// The reason of conditions and Events about it, and their message: the fields, the first few by
// name, and what to do.
inline constexpr std::string_view kUnsupportedFields = "UnsupportedFields";
std::string NotHonouredMessage(const std::vector<std::string>& fields);

}  // namespace reconcile
