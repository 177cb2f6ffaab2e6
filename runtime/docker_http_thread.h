#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/docker_http.h"

namespace reconcile {

struct CurlEasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct CurlMultiDeleter {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct CurlListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// What the thread needs of a call; the callbacks stay on the loop's side.
struct HttpRequest {
  uint64_t id = 0;
  std::string method;
  std::string path;
  std::string body;
  std::string content_type;
  std::vector<std::string> headers;
  HttpLane lane = HttpLane::kQuick;
  int64_t timeout_ms = 0;
  int64_t idle_timeout_ms = 0;
  bool streams = false;
};

// The curl side of DockerHttp: owns the thread and every handle. The public methods are called from
// the loop's thread; they hand a command over and wake the thread.
class DockerHttp::Thread {
 public:
  Thread(EventLoop* loop, std::shared_ptr<DockerHttp*> owner, std::string socket_path,
         int max_parallel_calls, size_t max_reply_bytes);
  ~Thread();  // ends everything under way and joins

  // False when too many calls wait already.
  [[nodiscard]] bool Start(HttpRequest request);
  void Cancel(uint64_t id);
  // The loop has taken `bytes` of a stream.
  void Consumed(uint64_t id, size_t bytes);

 private:
  struct Command {
    enum class Kind { kStart, kCancel, kConsumed } kind = Kind::kStart;
    HttpRequest request;
    uint64_t id = 0;
    size_t bytes = 0;
  };
  struct Mailbox {
    std::mutex mutex;
    std::deque<Command> commands;  // guarded by mutex
    bool stop = false;             // guarded by mutex
  };
  struct Transfer {
    Thread* thread = nullptr;
    HttpRequest request;
    std::unique_ptr<CURL, CurlEasyDeleter> handle;
    std::unique_ptr<curl_slist, CurlListDeleter> headers;
    std::string collected;
    size_t unread = 0;  // bytes of a stream posted and not yet consumed
    bool headers_ended = false;
    bool opened = false;  // a stream that the engine accepted
    bool paused = false;
    bool too_large = false;
  };
  static constexpr size_t kLanes = 3;

  void Send(Command command);
  void Run();
  bool TakeCommands();  // false: stop
  void Obey(Command command);
  void BeginWaiting(size_t lane);
  void Begin(HttpRequest request);
  void Configure(Transfer* transfer);
  void TakeFinished();
  void Finish(CURL* handle, CURLcode code);
  HttpReply ReplyOf(Transfer* transfer, CURLcode code) const;
  Status TransportStatus(const Transfer& transfer, CURLcode code) const;
  void Remove(uint64_t id);
  void EndHeaders(Transfer* transfer);
  static size_t OnHeader(char* bytes, size_t size, size_t count, void* user);
  static size_t OnBytes(char* bytes, size_t size, size_t count, void* user);
  size_t Take(Transfer* transfer, std::string_view bytes);
  template <typename Action>
  void PostToOwner(Action action);

  EventLoop* const loop_;
  const std::shared_ptr<DockerHttp*> owner_;  // read on the loop only
  const std::string socket_path_;
  const size_t max_reply_bytes_;
  const std::array<size_t, kLanes> lane_limits_;
  std::atomic<size_t> waiting_{0};
  Mailbox mailbox_;
  std::unique_ptr<CURLM, CurlMultiDeleter> multi_;

  // The thread's alone.
  std::array<std::deque<HttpRequest>, kLanes> queues_;
  std::array<size_t, kLanes> busy_{};
  std::map<uint64_t, std::unique_ptr<Transfer>> transfers_;

  std::thread worker_;  // last: it uses all of the above
};

}  // namespace reconcile
