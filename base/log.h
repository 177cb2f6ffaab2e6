#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reconcile {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Structured log fields: name, value. Values are escaped so that a record is always one line
// (FAULTS 22).
using LogFields = std::vector<std::pair<std::string_view, std::string>>;

// One record to standard error: time, level, message, fields. Thread-safe. Never give it a secret.
void Log(LogLevel level, std::string_view message, const LogFields& fields = {});
inline void LogDebug(std::string_view message, const LogFields& fields = {}) {
  Log(LogLevel::kDebug, message, fields);
}
inline void LogInfo(std::string_view message, const LogFields& fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarning(std::string_view message, const LogFields& fields = {}) {
  Log(LogLevel::kWarning, message, fields);
}
inline void LogError(std::string_view message, const LogFields& fields = {}) {
  Log(LogLevel::kError, message, fields);
}

// Records below `level` are dropped. Default: kInfo.
void SetLogLevel(LogLevel level);

}  // namespace reconcile
