#include "base/socket_thread.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

namespace reconcile {
namespace {

constexpr int kReadsAtOnce = 4;  // of one socket, before others have their turn

Status SocketError(const std::string& what, int error) {
  return UnavailableError(what + ": " + std::strerror(error));
}

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

// The thread's side.
class SocketThread::Worker {
 public:
  Worker(EpollLoop* io, EventLoop* loop,
         std::weak_ptr<std::map<SocketId, std::shared_ptr<Events>>> events)
      : io_(io), loop_(loop), events_(std::move(events)) {}

  void Open(SocketId id, const Connect& connect) {
    Socket& socket = sockets_[id];
    if (sockets_.size() > kMaxSockets) {
      return End(id, UnavailableError("more than " + std::to_string(kMaxSockets) +
                                      " connections are open at once"));
    }
    Result<UniqueFd> fd = connect();
    if (!fd.ok()) return End(id, fd.status());
    socket.fd = std::move(fd).value();
    Rewatch(id, &socket);
  }
  void Write(SocketId id, std::string bytes) {
    Socket* socket = Find(id);
    if (socket == nullptr) return;
    socket->unwritten.push_back(std::move(bytes));
    Work(id, socket);
  }
  void CloseWriting(SocketId id) {
    Socket* socket = Find(id);
    if (socket == nullptr) return;
    socket->close_writing = true;
    Work(id, socket);
  }
  void Taken(SocketId id, size_t bytes) {
    Socket* socket = Find(id);
    if (socket == nullptr) return;
    socket->untaken_bytes -= std::min(bytes, socket->untaken_bytes);
    Rewatch(id, socket);
  }
  void Close(SocketId id) {
    Socket* socket = Find(id);
    if (socket == nullptr) return;
    if (socket->watched) io_->UnwatchFd(socket->fd.get());
    sockets_.erase(id);
  }
  void CloseAll() {
    while (!sockets_.empty()) Close(sockets_.begin()->first);
  }

 private:
  struct Socket {
    UniqueFd fd;
    bool watched = false;
    bool connected = false;
    std::deque<std::string> unwritten;
    size_t written_of_first = 0;
    bool close_writing = false;
    bool writing_closed = false;
    size_t untaken_bytes = 0;
  };

  Socket* Find(SocketId id) {
    const auto found = sockets_.find(id);
    return found == sockets_.end() ? nullptr : &found->second;
  }

  template <typename Tell>
  void Post(SocketId id, Tell tell) {
    loop_->Post([weak = events_, id, tell = std::move(tell)] {
      const auto events = weak.lock();
      if (events == nullptr) return;
      const auto found = events->find(id);
      if (found == events->end()) return;
      const std::shared_ptr<Events> told = found->second;  // it may close the socket
      tell(events.get(), told.get());
    });
  }

  void End(SocketId id, const Status& why) {
    Close(id);
    Post(id, [id, why](auto* all, Events* events) {
      const auto on_end = events->on_end;
      all->erase(id);
      if (on_end) on_end(why);
    });
  }

  // It waits for what it can use alone: a socket that is hung up would else be ready all the time.
  void Rewatch(SocketId id, Socket* socket) {
    const bool writes = !socket->connected || !socket->unwritten.empty();
    const bool reads = socket->connected && socket->untaken_bytes < kMaxUntakenSocketBytes;
    const int fd = socket->fd.get();
    if (!reads && !writes) {
      if (std::exchange(socket->watched, false)) io_->UnwatchFd(fd);
      return;
    }
    if (!std::exchange(socket->watched, true)) {
      io_->WatchFd(fd, [this, id] {
        if (Socket* ready = Find(id)) Work(id, ready);
      });
    }
    io_->SetInterest(fd, reads, writes);
  }

  void Work(SocketId id, Socket* socket) {
    if (!socket->connected && !FinishConnecting(id, socket)) return;
    WriteSome(id, socket);
    if (ReadSome(id, socket)) Rewatch(id, socket);
  }

  // False when it is not connected, or has ended.
  bool FinishConnecting(SocketId id, Socket* socket) {
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(socket->fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      End(id, SocketError("cannot connect", error));
      return false;
    }
    sockaddr_storage peer = {};
    socklen_t peer_size = sizeof(peer);
    // Before it is connected it has no peer.
    socket->connected =
        ::getpeername(socket->fd.get(), reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0;
    return socket->connected;
  }

  void WriteSome(SocketId id, Socket* socket) {
    size_t written = 0;
    while (!socket->unwritten.empty()) {
      const std::string& first = socket->unwritten.front();
      const size_t left = first.size() - socket->written_of_first;
      const ssize_t size = ::send(socket->fd.get(), first.data() + socket->written_of_first, left,
                                  MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size < 0 && WouldBlock(errno)) break;
      // Who reads no more may still have something to say.
      const size_t done = size < 0 ? left : static_cast<size_t>(size);
      written += done;
      socket->written_of_first += done;
      if (done < left) continue;
      socket->unwritten.pop_front();
      socket->written_of_first = 0;
    }
    if (written > 0) {
      Post(id, [written](auto*, Events* events) {
        if (events->on_written) events->on_written(written);
      });
    }
    if (!socket->unwritten.empty() || !socket->close_writing) return;
    if (!std::exchange(socket->writing_closed, true)) ::shutdown(socket->fd.get(), SHUT_WR);
  }

  // False when it has ended.
  bool ReadSome(SocketId id, Socket* socket) {
    for (int i = 0; i < kReadsAtOnce && socket->untaken_bytes < kMaxUntakenSocketBytes; ++i) {
      std::string bytes(std::min(kSocketPieceBytes, kMaxUntakenSocketBytes - socket->untaken_bytes),
                        '\0');
      const ssize_t size = ::recv(socket->fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (size < 0 && WouldBlock(errno)) return true;
      if (size <= 0) {
        End(id, size == 0 ? OkStatus() : SocketError("the connection broke", errno));
        return false;
      }
      bytes.resize(static_cast<size_t>(size));
      socket->untaken_bytes += bytes.size();
      Post(id, [bytes = std::move(bytes)](auto*, Events* events) {
        if (events->on_bytes) events->on_bytes(bytes);
      });
    }
    return true;
  }

  EpollLoop* const io_;
  EventLoop* const loop_;
  const std::weak_ptr<std::map<SocketId, std::shared_ptr<Events>>> events_;
  std::map<SocketId, Socket> sockets_;
};

SocketThread::SocketThread(EventLoop* loop)
    : loop_(loop),
      events_(std::make_shared<std::map<SocketId, std::shared_ptr<Events>>>()),
      worker_(std::make_unique<Worker>(&io_, loop, events_)) {
  thread_ = std::thread([this] {
    io_.Run();
    worker_->CloseAll();
  });
}

SocketThread::~SocketThread() {
  events_->clear();
  io_.Stop();
  thread_.join();
}

template <typename Action>
void SocketThread::PostToWorker(SocketId id, Action action) {
  if (!events_->contains(id)) return;
  io_.Post([this, action = std::move(action)]() mutable { action(worker_.get()); });
}

SocketThread::SocketId SocketThread::Open(Connect connect, Events events) {
  const SocketId id = next_id_++;
  (*events_)[id] = std::make_shared<Events>(std::move(events));
  PostToWorker(id,
               [id, connect = std::move(connect)](Worker* worker) { worker->Open(id, connect); });
  return id;
}

void SocketThread::Write(SocketId id, std::string bytes) {
  PostToWorker(id, [id, bytes = std::move(bytes)](Worker* worker) mutable {
    worker->Write(id, std::move(bytes));
  });
}

void SocketThread::CloseWriting(SocketId id) {
  PostToWorker(id, [id](Worker* worker) { worker->CloseWriting(id); });
}

void SocketThread::Taken(SocketId id, size_t bytes) {
  PostToWorker(id, [id, bytes](Worker* worker) { worker->Taken(id, bytes); });
}

void SocketThread::Close(SocketId id) {
  PostToWorker(id, [id](Worker* worker) { worker->Close(id); });
  events_->erase(id);
}

Result<UniqueFd> ConnectUnix(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return InvalidError(path + " is too long a path");
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.ok()) return SocketError("cannot open a socket", errno);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return SocketError("cannot connect to " + path, errno);
  }
  return fd;
}

Status BeginConnectToLoopback(int fd, uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  if (connected == 0 || errno == EINPROGRESS) return OkStatus();
  return SocketError("cannot connect to port " + std::to_string(port), errno);
}

}  // namespace reconcile
