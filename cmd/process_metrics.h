#pragma once

#include "base/metrics.h"

namespace reconcile {

// Reads this process's own figures out of /proc; what cannot be read is left out. Any thread.
void ReadProcessMetrics(MetricReadings* readings);

}  // namespace reconcile
