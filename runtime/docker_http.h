#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/event_loop.h"
#include "base/status.h"

namespace reconcile {

// Which bound a call counts against. Long ones (a graceful stop, a pull) must not keep short ones
// waiting, and streams last as long as their reader wants.
enum class HttpLane { kQuick, kLong, kStream };

inline constexpr int kMaxLongCalls = 256;
inline constexpr int kMaxStreams = 256;
inline constexpr size_t kMaxWaitingCalls = 10'000;        // of all lanes, not yet begun
inline constexpr size_t kMaxUnreadStreamBytes = 1 << 20;  // of one stream; then it is paused
inline constexpr size_t kMaxErrorReplyBytes = 64 << 10;   // of a stream's refusal

struct HttpReply {
  Status transport;  // not OK: there is no whole reply, and `code` may be 0
  int code = 0;
  std::string body;        // empty for a stream that was accepted
  bool timed_out = false;  // why `transport` is not OK
};

struct HttpCall {
  std::string method;  // GET, POST, DELETE
  std::string path;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::string> headers;  // further ones of a POST, "Name: value"
  HttpLane lane = HttpLane::kQuick;
  int64_t timeout_ms = 0;       // from its beginning to the end of the reply; 0: none
  int64_t idle_timeout_ms = 0;  // without a byte; rounded up to seconds; 0: none
  // For streams: called when a 2xx reply begins, and with its bytes as they come; the body is not
  // collected. Return false to end the call (`done` follows with an OK transport).
  std::function<void()> on_open;
  std::function<bool(std::string_view)> on_data;
  // The receiver says by Taken() when it is through with bytes; else they count as taken when
  // on_data returns. With kMaxUnreadStreamBytes not taken, nothing more is read from the socket.
  bool acknowledges = false;
  std::function<void(HttpReply)> done;  // exactly once unless cancelled
};

// HTTP/1.1 over a Unix socket by libcurl multi, on one thread of its own. All callbacks run on
// `loop`, which must outlive this; after the destructor none does. Loop thread only.
class DockerHttp {
 public:
  DockerHttp(EventLoop* loop, std::string socket_path, int max_parallel_calls,
             size_t max_reply_bytes);
  ~DockerHttp();
  DockerHttp(const DockerHttp&) = delete;
  DockerHttp& operator=(const DockerHttp&) = delete;

  // An id for Cancel, never 0.
  uint64_t Start(HttpCall call);
  // After this none of the call's callbacks is called. No effect when it is done.
  void Cancel(uint64_t id);
  // Of a call that acknowledges. No effect when it is done.
  void Taken(uint64_t id, size_t bytes);

  class Thread;  // the curl side
  // What the curl side reports; runs on the loop.
  void OnOpen(uint64_t id);
  void OnData(uint64_t id, const std::string& bytes);
  void OnDone(uint64_t id, HttpReply reply);

 private:
  struct Callbacks {
    std::function<void()> on_open;
    std::function<bool(std::string_view)> on_data;
    bool acknowledges = false;
    std::function<void(HttpReply)> done;
  };

  EventLoop* const loop_;
  std::map<uint64_t, std::shared_ptr<Callbacks>> calls_;
  uint64_t next_id_ = 1;
  // Points to nothing once this object is destroyed; posted results look at it first.
  std::shared_ptr<DockerHttp*> self_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace reconcile
