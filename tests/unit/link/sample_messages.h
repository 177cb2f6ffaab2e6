#pragma once

#include "link/messages.h"

namespace reconcile {

// Messages with something in every field.
Assignment SampleAssignment();
Report SampleReport();
Inventory SampleInventory();

}  // namespace reconcile
