#pragma once

#include <optional>
#include <string>

#include "cmd/api_client.h"
#include "cmd/log_lines.h"
#include "cmd/log_targets.h"

namespace reconcile {

// Each holds one of the streams that the controller's socket has room for (kMaxOpenStreams), and
// so does the watch.
inline constexpr int kDefaultFollowedLogs = 20;
inline constexpr int kMostFollowedLogs = 30;

// How lines are shown.
struct LogShown {
  std::optional<bool> prefix;  // none: where there are several logs
  bool color = false;
  bool for_terminal = false;
  bool timestamps = false;
  LineFilter filter;
};

struct LogReading {
  std::string socket_path;
  std::string namespace_name;
  std::string selector;  // of labels
  LogChoice choice;
  ApiClient::Query query;  // of each log, without container and follow
  LogShown shown;
  bool follow = false;
  int max_followed = kDefaultFollowedLogs;
};

// Each writes logs to standard output, and what went wrong with one of them to standard error;
// gives the command's exit code: that of the first failure.
int ReadLogsOfPod(const LogReading& reading, const std::string& pod);
int ReadLogsOfPods(const LogReading& reading);  // one after the other
// Goes on for ever, while the controller answers.
int FollowLogsOfPods(const LogReading& reading);

}  // namespace reconcile
