#pragma once

#include <string>

#include "base/status.h"

namespace reconcile {

// The key that seals Secrets in the database: kSecretKeyBytes raw bytes in a file of mode 0600 that
// lies outside the database and its backups. Makes one, durably, when there is none. Invalid when
// the file has another size or others may read it; Unavailable on I/O errors. A lost key means that
// the database cannot be opened: it is then rebuilt from Git.
Result<std::string> LoadOrCreateKey(const std::string& path);

}  // namespace reconcile
