#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// Seals files with the host's key, AES-256-GCM: "RCS1", nonce (12 bytes), cipher text, tag (16
// bytes). The file's name is authenticated with it, so that one sealed file cannot stand in for
// another. Thread-compatible.
class FileSealer {
 public:
  // `key_file` holds 32 random bytes, mode 0600; it is made by the first Seal.
  explicit FileSealer(std::string key_file) : key_file_(std::move(key_file)) {}
  ~FileSealer();
  FileSealer(const FileSealer&) = delete;
  FileSealer& operator=(const FileSealer&) = delete;

  Result<std::string> Seal(std::string_view name, std::string_view bytes);
  // Invalid when it was not sealed by this host under this name, or was altered.
  Result<std::string> Open(std::string_view name, std::string_view sealed);

 private:
  Status LoadKey(bool make);

  std::string key_file_;
  std::string key_;  // empty until it is loaded
};

}  // namespace reconcile
