#pragma once

#include "schema/workload.h"

namespace reconcile {

// A LabelSelector that stands in PodSpec::others or in a KeptObject, where it was checked already
// (LabelSelectorShape).
LabelSelector SelectorOf(const Value& value);

}  // namespace reconcile
