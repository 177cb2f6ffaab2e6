#pragma once

#include <string>

#include "base/status.h"

namespace reconcile {

inline constexpr size_t kMaxSecretFileBytes = 1 << 20;

// A regular file with a secret or a certificate, read anew each time: what it holds is kept nowhere
// else. Invalid, with its name, when it cannot be read, is empty or larger than
// kMaxSecretFileBytes. Blocks on a local file.
Result<std::string> ReadSecretFile(const std::string& path);

// Its first line, without the end that editors put there.
Result<std::string> ReadSecretLine(const std::string& path);

}  // namespace reconcile
