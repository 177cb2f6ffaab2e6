#pragma once

#include <string>

#include "api/user_registry.h"
#include "base/status.h"
#include "cmd/config.h"

namespace reconcile {

// This user as the API knows users.
std::string ApiUserName();

// Replaces a file by one of mode 0600: it holds a key.
Status WritePrivateFile(const std::string& path, const std::string& text);

// A kubeconfig for who runs `up`, an administrator: kubeconfig in the data folder, of mode 0600,
// anew at each start. Nothing when the API is not served.
Status WriteOwnersKubeconfig(const Config& config, UserRegistry* users);

}  // namespace reconcile
