#pragma once

#include <string>

#include "cmd/config.h"
#include "cmd/doctor_checks.h"

namespace reconcile {

// Looks at this host; changes nothing of it. Blocks for a few seconds at most.
DoctorFacts GatherDoctorFacts(const Config& config);

}  // namespace reconcile
