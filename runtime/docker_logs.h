#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/docker_api.h"
#include "runtime/docker_streams.h"

namespace reconcile {

inline constexpr int kMaxLogReconnects = 10;  // in a row, without a line in between

// Reads one container's log. A followed stream that ends while the container still runs (the engine
// restarted; Docker 20.10 also ends or stalls streams when it rotates the file) is opened again
// from the last stamp seen, and a line on standard error marks the possible gap.
class DockerLogReader : public std::enable_shared_from_this<DockerLogReader> {
 public:
  using OnData = std::function<bool(LogStream, std::string_view)>;

  // `done` is called once, last, unless cancelled. `api` must outlive the reading.
  DockerLogReader(DockerApi* api, std::string id, LogOptions options, OnData on_data,
                  std::function<void(Status)> done);
  void Start();
  void Cancel();

 private:
  void Inspect();
  void OnInspected(const HttpReply& reply);
  void Open();
  bool OnBytes(std::string_view bytes);
  void OnEnd(const HttpReply& reply);
  void OnFrame(LogStream stream, std::string_view payload);
  void Deliver(LogStream stream, std::string_view text);
  void Retry(const Status& why);
  void Finish(Status status);

  DockerApi* const api_;
  const std::string id_;
  const LogOptions options_;
  OnData on_data_;
  std::function<void(Status)> done_;
  uint64_t call_ = 0;
  bool finished_ = false;
  bool opened_once_ = false;
  bool must_reopen_ = false;  // there may be lines behind the last one read
  bool terminal_ = false;
  bool stamped_ = false;    // the engine puts stamps before the lines
  bool wants_more_ = true;  // on_data returned true so far
  bool gap_ = false;        // to be marked before the next line
  int reconnects_ = 0;
  Status damage_;  // what made us end the stream
  FrameReader frames_;
  std::optional<LogStamp> last_;
};

}  // namespace reconcile
