#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/docker_api.h"
#include "runtime/docker_streams.h"
#include "runtime/log_outlet.h"
#include "runtime/log_place.h"

namespace reconcile {

inline constexpr int kMaxLogRetries = 10;  // in a row, without a line in between

// Reads one container's log.
//
// It follows by reading the end of the log again and again, until the container has ended, and not
// by the engine's own follow: where json-file rotates, that one (20.10) drops lines without a word,
// cuts lines into pieces, or stalls. A read that does not follow holds the files open and is exact.
// Each pass asks for a few more lines than are expected to be new and finds its place among them;
// so every line comes once. When the place is gone from the whole log, or the engine has died,
// lines may be missing: a line on standard error marks that gap. The log of a terminal has no
// entries and is followed by the engine.
//
// While the reader takes nothing, nothing is read from the socket.
class DockerLogReader : public std::enable_shared_from_this<DockerLogReader> {
 public:
  // `done` is called once, last, unless cancelled. `api` must outlive the reading.
  DockerLogReader(DockerApi* api, std::string id, LogOptions options, LogOutlet::OnData on_data,
                  std::function<void(Status)> done);
  void Start();
  void Cancel();
  void Taken(size_t bytes);

 private:
  void Inspect();
  void OnInspected(const HttpReply& reply);
  void Read();
  void OnBytes(std::string_view bytes);
  // Moves what was received on to the outlet while that has room, then ends the pass.
  void Work();
  Status TakeBytes(std::string_view bytes);
  void OnFrame(LogStream stream, std::string_view payload);
  void Deliver(LogStream stream, std::string_view text);
  void EndPass(Status status);
  void EndFollowedPass(const Status& status);
  void LookElsewhere();
  int64_t RetryPauseMs() const;
  void Retry(const Status& why, int64_t pause_ms);
  void InspectAfter(int64_t delay_ms);
  void Finish(Status status);

  bool by_passes() const { return options_.follow && !terminal_; }

  DockerApi* const api_;
  const std::string id_;
  const LogOptions options_;
  std::function<void(Status)> done_;
  LogOutlet outlet_;
  uint64_t call_ = 0;
  bool finished_ = false;
  bool working_ = false;
  bool terminal_ = false;
  bool running_ = true;  // when last inspected
  int retries_ = 0;

  // The pass under way.
  std::deque<std::string> received_;     // not looked at yet; as much as the connection's credit
  std::optional<Status> end_of_stream_;  // the engine has sent everything
  FrameReader frames_;

  // Following.
  bool first_pass_ = true;
  int64_t tail_lines_ = -1;  // to ask for; -1: all
  bool damaged_ = false;     // this pass met bytes that are no frames
  int damages_ = 0;          // passes in a row that met an entry that cannot be read
  bool gap_ = false;         // to be marked before the next line
  int64_t pause_ms_ = 0;     // before the next pass
  int64_t broken_streams_;   // the engine's, when last looked at
  LogPlace place_;
};

}  // namespace reconcile
