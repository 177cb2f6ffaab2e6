#pragma once

#include <string>
#include <string_view>

#include "runtime/container_runtime.h"
#include "runtime/docker_streams.h"
#include "runtime/image_reference.h"

namespace reconcile {

// PURE: what is asked of the Docker Engine API. Paths are without the version's prefix.

inline constexpr int kLogMaxSizeMegabytes = 10;
inline constexpr int kLogMaxFiles = 5;
inline constexpr int64_t kCpuPeriodUs = 100'000;

// Percent-encodes everything but unreserved characters (RFC 3986).
std::string EscapeUrl(std::string_view text);
// Invalid for names that Docker refuses, and for those that would break a path.
Status ValidateConfig(const ContainerConfig& config);
std::string CreatePath(const ContainerConfig& config);
std::string CreateBody(const ContainerConfig& config);
std::string ExecBody(const std::vector<std::string>& command, const StreamOptions& options);
// A terminal's container has no standard error of its own.
std::string AttachPath(const std::string& id, const StreamOptions& options, bool terminal);
// A whole POST that asks the engine to take its connection over.
std::string UpgradeRequest(const std::string& path, const std::string& body);
std::string ListPath(const std::string& cluster_id);
// Events of containers of `cluster_id`, from `since_seconds` (Unix time) on.
std::string EventsPath(const std::string& cluster_id, int64_t since_seconds);
std::string PullPath(const ImageReference& reference);
// The value of X-Registry-Auth: base64url of JSON.
std::string RegistryAuth(const RegistryLogin& login);
// `since` is exact to the nanosecond; `tail` < 0 means all.
std::string LogsPath(const std::string& id, bool follow, bool timestamps, int64_t tail,
                     const std::optional<LogStamp>& since);

}  // namespace reconcile
