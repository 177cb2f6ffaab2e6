#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "runtime/container_runtime.h"

namespace reconcile {

// PURE: what the Docker Engine API (docs.docker.com/engine/api/v1.41) answers, taken apart. Every
// parser takes bytes from outside: anything malformed is Internal, never a crash.

inline constexpr int kMaxReplyDepth = 64;
inline constexpr size_t kMaxListedContainers = 10'000;
inline constexpr size_t kMaxListedImages = 10'000;
inline constexpr size_t kMaxErrorBytes = 4'096;  // of the engine's words that are kept

// OK for 2xx and 304. Else the engine's words ({"message": ...}), with the code that says what a
// caller can do: 400 Invalid, 404 NotFound, 409 Conflict, 501 Invalid, 503 Unavailable, other
// Internal.
Status StatusOfReply(int http_code, std::string_view body);
// As above, but an engine that could not execute the program (some versions say 500 or 404 for
// that) is Invalid: the same start will fail again.
Status StatusOfStart(int http_code, std::string_view body);

struct EngineVersion {
  EngineInfo info;  // those fields that GET /version knows
  std::string newest_api;
  std::string oldest_api;
};
Result<EngineVersion> ParseEngineVersion(std::string_view body);
// The API version to speak with this engine. Invalid when it is older than 1.41.
Result<std::string> NegotiateApi(const EngineVersion& version);
// Adds what GET /info knows to `version.info`.
Result<EngineInfo> ParseInfo(const EngineVersion& version, std::string_view body);

// GET /containers/json: each as far as a list tells, from_list_alone. One that does not run is
// dead, with no more than its exit code.
Result<std::vector<ContainerInfo>> ParseContainerList(std::string_view body);
// The listed container when its inspection failed with `why`: an end that is not known is an error
// in the engine's words.
ContainerInfo WithoutInspection(ContainerInfo listed, const Status& why);

struct InspectedContainer {
  ContainerInfo info;
  bool terminal = false;   // its log is one raw stream, without frames
  bool has_input = false;  // it was made with a standard input
};
Result<InspectedContainer> ParseContainer(std::string_view body);
Result<std::string> ParseCreatedId(std::string_view body);
// GET /exec/ID/json: the exit code of a command that has ended; none while it runs.
Result<std::optional<int32_t>> ParseExecExitCode(std::string_view body);
// Likewise, what of it can be ended.
struct ExecProcess {
  bool has_ended = false;
  int64_t process_id = 0;  // 0: it has not begun
  std::string container_id;
};
Result<ExecProcess> ParseExecProcess(std::string_view body);
Result<ImageInfo> ParseImage(std::string_view body);
// GET /images/json: without in_use; of more than kMaxListedImages the largest.
Result<std::vector<HostImage>> ParseImageList(std::string_view body);
// GET /containers/ID/stats: memory and processes.
Result<ContainerUse> ParseContainerStats(std::string_view body);
// GET /containers/ID/json?size=1: bytes of its layer.
Result<int64_t> ParseLayerBytes(std::string_view body);
// One line of GET /events; none for an event that is not a container's.
Result<std::optional<EngineEvent>> ParseEvent(std::string_view line);
// One line of a pull or load: OK for progress, else the failure that it reports.
Status ParseProgressLine(std::string_view line);

}  // namespace reconcile
