#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/beast_api.h"

namespace reconcile {

// The connection that a stream is written to. The sockets' thread alone.
class ApiStreamWriter {
 public:
  virtual ~ApiStreamWriter() = default;
  // One at a time; `done` is not called when the connection breaks.
  // `patient`: its reader may take minutes, since who sends waits for it.
  virtual void WritePieces(std::vector<SharedBytes> pieces, bool patient,
                           std::function<void()> done) = 0;
  // Nothing was written so far, and this is the whole answer.
  virtual void AnswerInstead(const ApiResponse& answer) = 0;
  // Nothing follows; not clean: the reader has to see that it was cut off.
  virtual void EndAfterStream(bool clean) = 0;
};

// A response whose body comes piece by piece, on its way from the handler's loop to a connection.
// The sockets' thread alone; what comes from the loop is posted here. Ends the handler's stream
// when it goes.
class ApiStream final : public std::enable_shared_from_this<ApiStream> {
 public:
  ApiStream(std::weak_ptr<ApiStreamWriter> writer, ApiResponse answer, const ApiServerParts& parts);
  ~ApiStream();
  void Start();

 private:
  struct OnLoop;
  ApiSink Sink();
  // `replayed`: said while the stream was being started.
  void OnData(std::vector<SharedBytes> pieces, bool replayed);
  std::vector<SharedBytes> TakeWaiting(size_t* taken);
  void OnEnd(const Status& status);
  void TakeNoMore();
  void TellTaken(size_t bytes);
  void Pump();

  const std::weak_ptr<ApiStreamWriter> writer_;
  const ApiResponse answer_;
  const ApiServerParts& parts_;  // its connection's, which holds this
  EventLoop* const loop_;
  const std::shared_ptr<OnLoop> on_loop_;
  std::deque<SharedBytes> waiting_;  // not handed to the connection yet
  size_t unread_bytes_ = 0;          // and in what is being written
  size_t replayed_bytes_ = 0;        // among the unread ones
  size_t untold_bytes_ = 0;          // written, and the handler does not know yet
  bool head_due_ = false;
  bool head_written_ = false;
  bool writing_ = false;
  bool ended_ = false;
  bool closed_ = false;  // nothing of the loop is taken any more
  Status end_;
};

}  // namespace reconcile
