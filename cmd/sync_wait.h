#pragma once

#include <string>

#include "base/value.h"
#include "cmd/api_client.h"

namespace reconcile {

// Whether the controller is at anything but the reading of other sources than `name` ("" is all).
bool IsBusyWith(const std::string& name, const Value& status);
// The status when the controller has read, planned and stored; whatever it is after a minute.
Result<Value> WaitUntilRead(const std::string& name, ApiClient* client);
// Has the controller look at `name` ("" is all) and waits for it; its status then.
Result<Value> SyncAndWait(const std::string& name, ApiClient* client);
// A line for each source that `name` means ("" is all). kExitFailed when the newest commit of one
// is not in force, or the controller is still at work.
int PrintSynced(const std::string& name, const Value& status);

}  // namespace reconcile
