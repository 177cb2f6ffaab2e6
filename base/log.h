#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reconcile {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
// kText: 2026-11-21T01:49:59.123Z I message name="value" ...
// kJson: {"time":"2026-11-21T01:49:59.123Z","level":"info","message":"...","name":"value",...}
enum class LogFormat { kText, kJson };

// Structured log fields: name, value. Values are escaped so that a record is always one line
// (FAULTS 22).
// Names are the same wherever they mean the same; docs/operations.md lists those that people search
// by.
using LogFields = std::vector<std::pair<std::string_view, std::string>>;
// The object that a record is of: "Pod/default/web-1", "Node/host-1".
inline constexpr std::string_view kObjectField = "object";
std::string LogObject(std::string_view kind, std::string_view namespace_name,
                      std::string_view name);

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
// Both before there are threads. Default: kText. `node` becomes a field of every JSON record that
// names no other: of a process that is one host's.
void SetLogFormat(LogFormat format);
void SetLogNode(const std::string& node);

// PURE: a JSON record from its message on, without the brace before it: what Log writes behind time
// and level.
std::string JsonRecord(std::string_view message, const LogFields& fields, const std::string& node);

}  // namespace reconcile
