#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// The keys that seal Secrets in the database, in a file of mode 0600 that lies outside the database
// and its backups. One key is kSecretKeyBytes raw bytes; while a new one takes its place (rotation)
// the file begins with kKeyringHeader and holds several, newest first.

inline constexpr std::string_view kKeyringHeader = "reconcile keyring 1\n";
inline constexpr size_t kMaxSecretKeys = 8;

// The keys in the file, newest first, one after the other. Makes one, durably, when there is no
// file. Invalid when it has another size or others may read it; Unavailable on I/O errors. A lost
// key means that the database cannot be opened: it is then rebuilt from Git.
Result<std::string> LoadOrCreateKeys(const std::string& path);

// The same of a file that must be there: NotFound.
Result<std::string> LoadKeys(const std::string& path);

// The keys in the bytes of such a file, which messages call `called`. Invalid when it is none.
Result<std::string> ParseKeys(std::string bytes, const std::string& called);

// A new random key.
Result<std::string> MakeSecretKey();
// Puts these keys into the file, durably and whole or not at all.
Status SaveKeys(const std::string& path, std::string_view keys);

}  // namespace reconcile
