#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "runtime/container_runtime.h"

namespace reconcile {

inline constexpr size_t kMaxStreamLineBytes = 1 << 20;
inline constexpr size_t kMaxLogFrameBytes = 4 << 20;

// Cuts a stream of bytes, as it arrives, into lines. Empty lines are skipped.
class LineSplitter {
 public:
  using OnLine = std::function<void(std::string_view)>;
  // Invalid when a line grows beyond kMaxStreamLineBytes.
  Status Feed(std::string_view bytes, const OnLine& on_line);
  // The last line, when the stream ended without a newline.
  void Finish(const OnLine& on_line);

 private:
  std::string rest_;
};

// The outcome of a pull or load: the engine answers 200 and says in the stream that it failed.
class ProgressReader {
 public:
  void Feed(std::string_view bytes);
  Status Finish();  // the first failure reported

 private:
  void Take(std::string_view line);
  LineSplitter lines_;
  Status failure_;
};

// Docker's multiplexed log stream: frames of {stream, 0, 0, 0, length (big endian)} and payload
// (Engine API, "ContainerAttach", Stream format). `on_frame` gets whole payloads.
class FrameReader {
 public:
  using OnFrame = std::function<void(LogStream, std::string_view)>;
  // Internal when the bytes are no frames, a frame is longer than kMaxLogFrameBytes, or the engine
  // says in one that it cannot read on.
  Status Feed(std::string_view bytes, const OnFrame& on_frame);
  // Internal when the stream ended inside a frame.
  Status Finish() const;

 private:
  std::string rest_;
};

inline constexpr size_t kMaxUpgradeHeadBytes = 16 << 10;
inline constexpr size_t kMaxUpgradeBodyBytes = 64 << 10;  // of a refusal

// The engine's answer to an UpgradeRequest, as it arrives: from its end on the connection is the
// stream (Engine API, "ContainerAttach", Hijacking).
class UpgradeReader {
 public:
  enum class State { kMore, kOpen, kRefused };
  // kOpen: `*rest` is what already belongs to the stream.
  State Feed(std::string_view bytes, std::string* rest);
  const Status& refusal() const { return refusal_; }

 private:
  State Refuse(Status why);
  State FeedBody(std::string_view bytes);

  std::string head_;
  std::string body_;  // of a refusal
  bool head_ended_ = false;
  int code_ = 0;
  size_t body_bytes_ = 0;
  Status refusal_;
};

// The stamp that the engine puts before a line when asked for timestamps.
struct LogStamp {
  int64_t seconds = 0;
  int32_t nanoseconds = 0;
  friend auto operator<=>(const LogStamp&, const LogStamp&) = default;
};
struct StampedLine {
  LogStamp stamp;
  std::string_view text;  // behind the stamp and its blank; borrows from the line
};
// None when the line does not begin with a stamp.
std::optional<StampedLine> SplitStamp(std::string_view line);

}  // namespace reconcile
