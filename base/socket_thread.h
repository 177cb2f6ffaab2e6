#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/epoll_loop.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace reconcile {

inline constexpr size_t kMaxSockets = 512;                   // of one SocketThread; then refused
inline constexpr size_t kMaxUntakenSocketBytes = 256 << 10;  // then nothing more is read
inline constexpr size_t kSocketPieceBytes = 32 << 10;        // read at once

// Stream sockets that are read and written on one thread of its own, for a loop. Methods are the
// loop thread's, and return at once; nothing is called inside them, nor after the destructor.
class SocketThread {
 public:
  using SocketId = uint64_t;  // never 0, never used again
  // On the loop.
  struct Events {
    std::function<void(const std::string& bytes)> on_bytes;  // to be Taken
    std::function<void(size_t bytes)> on_written;            // handed to the system
    // Once, last: ok when the other side ended; else it could not be opened, or broke.
    std::function<void(const Status&)> on_end;
  };
  // Gives a socket that does not block and is connected, or about to be (EINPROGRESS). Called on
  // the thread.
  using Connect = std::function<Result<UniqueFd>()>;

  explicit SocketThread(EventLoop* loop);  // which must outlive it
  ~SocketThread();
  SocketThread(const SocketThread&) = delete;
  SocketThread& operator=(const SocketThread&) = delete;

  SocketId Open(Connect connect, Events events);
  // The caller bounds what is not written yet. When the other side reads no more, it is dropped
  // and counts as written.
  void Write(SocketId id, std::string bytes);
  void CloseWriting(SocketId id);  // after what was written before
  void Taken(SocketId id, size_t bytes);
  void Close(SocketId id);  // at once; nothing of it is called any more

 private:
  class Worker;
  template <typename Action>
  void PostToWorker(SocketId id, Action action);

  EventLoop* const loop_;
  // By id: posted events find out by it what was closed, and that all is.
  const std::shared_ptr<std::map<SocketId, std::shared_ptr<Events>>> events_;
  SocketId next_id_ = 1;
  EpollLoop io_;
  std::unique_ptr<Worker> worker_;  // the thread's alone
  std::thread thread_;
};

// A Unix socket that is connected, as Connect wants it. Unavailable when nobody listens there.
Result<UniqueFd> ConnectUnix(const std::string& path);
// Begins to connect `fd`, which does not block, to 127.0.0.1:`port`.
Status BeginConnectToLoopback(int fd, uint16_t port);

}  // namespace reconcile
