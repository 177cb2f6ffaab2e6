#include "net/health_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <future>
#include <thread>

#include "base/epoll_loop.h"
#include "net/network_namespace.h"

namespace reconcile {
namespace {

constexpr int kListenBacklog = 16;
constexpr size_t kMaxRequestBytes = 8 * 1024;
constexpr size_t kReadBytes = 4 * 1024;
constexpr int64_t kPauseMs = 100;  // without descriptors

bool WouldBlock() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

// All of it belongs to the server's thread.
struct HealthServer::State {
  explicit State(HealthServerOptions given) : options(std::move(given)) {}

  std::vector<std::string> Take(const std::string& new_address,
                                const std::map<uint16_t, ServiceHealth>& new_healths);
  Status Enter();
  Result<UniqueFd> Listen(uint16_t port) const;
  void Accept(uint16_t port);
  void OnReady(uint64_t id);
  // Whether more is to be waited for.
  bool Go(uint64_t id);
  void Close(uint64_t id);
  void Clear();

  struct Connection {
    UniqueFd fd;
    uint16_t port = 0;
    TimerId end = 0;
    std::string request;
    bool is_answered = false;
  };

  const HealthServerOptions options;
  EpollLoop loop;
  std::thread thread;
  bool has_entered = false;  // the thread is in its network namespace
  std::string address;
  std::map<uint16_t, ServiceHealth> healths;
  bool follows = true;
  std::map<uint16_t, UniqueFd> listeners;
  std::map<uint64_t, Connection> connections;  // the oldest first
  uint64_t next_id = 1;
};

Status HealthServer::State::Enter() {
  if (!has_entered && !options.network_namespace_path.empty()) {
    const auto space = NetworkNamespace::Open(options.network_namespace_path);
    if (!space.ok()) return space.status();
    RETURN_IF_ERROR(space->MoveThisThread());
  }
  has_entered = true;
  return OkStatus();
}

std::vector<std::string> HealthServer::State::Take(
    const std::string& new_address, const std::map<uint16_t, ServiceHealth>& new_healths) {
  const bool has_moved = address != new_address;
  address = new_address;
  healths = new_healths;
  follows = true;
  for (auto listener = listeners.begin(); listener != listeners.end();) {
    const bool stays = !has_moved && healths.contains(listener->first);
    if (!stays) loop.UnwatchFd(listener->second.get());
    listener = stays ? std::next(listener) : listeners.erase(listener);
  }
  std::vector<std::string> problems;
  for (const auto& [port, health] : healths) {
    if (listeners.contains(port)) continue;
    const Status entered = Enter();
    Result<UniqueFd> listener = entered.ok() ? Listen(port) : Result<UniqueFd>(entered);
    if (!listener.ok()) {
      problems.push_back("nobody learns whether Service " + health.namespace_name + "/" +
                         health.name + " has endpoints here: " + listener.status().message());
      continue;
    }
    loop.WatchFd(listener->get(), [this, port = port] { Accept(port); });
    listeners.emplace(port, std::move(listener).value());
  }
  return problems;
}

Result<UniqueFd> HealthServer::State::Listen(uint16_t port) const {
  const std::string where = address + " port " + std::to_string(port) + " (healthCheckNodePort)";
  sockaddr_in at = {};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &at.sin_addr) != 1) {
    return InvalidError("listen on " + where + ": no IPv4 address");
  }
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.ok()) return ErrnoError("open a socket for", where);
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0 ||
      ::listen(fd.get(), kListenBacklog) != 0) {
    return ErrnoError("listen on", where);
  }
  return fd;
}

void HealthServer::State::Accept(uint16_t port) {
  const int listener = listeners.at(port).get();
  while (true) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.ok() && (WouldBlock() || errno == ECONNABORTED)) return;
    if (!fd.ok()) {  // no descriptors, or no memory: who waits would wake the loop all the time
      loop.SetInterest(listener, false, false);
      loop.After(kPauseMs, [this, port, listener] {
        const auto found = listeners.find(port);
        const bool is_same = found != listeners.end() && found->second.get() == listener;
        if (is_same) loop.SetInterest(listener, true, false);
      });
      return;
    }
    if (connections.size() >= options.max_connections) Close(connections.begin()->first);
    const uint64_t id = next_id++;
    Connection& connection = connections[id];
    connection.fd = std::move(fd);
    connection.port = port;
    connection.end = loop.After(options.connection_ms, [this, id] { Close(id); });
    loop.WatchFd(connection.fd.get(), [this, id] { OnReady(id); });
  }
}

void HealthServer::State::OnReady(uint64_t id) {
  if (connections.contains(id) && !Go(id)) Close(id);
}

bool HealthServer::State::Go(uint64_t id) {
  Connection& connection = connections.at(id);
  std::array<char, kReadBytes> buffer;
  const ssize_t size = ::recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return WouldBlock();
  if (size == 0) return false;
  if (connection.is_answered) return true;  // taken, so that the answer is not lost for it
  connection.request.append(buffer.data(), static_cast<size_t>(size));
  const bool is_whole = connection.request.find("\r\n\r\n") != std::string::npos ||
                        connection.request.find("\n\n") != std::string::npos;
  if (!is_whole) return connection.request.size() <= kMaxRequestBytes;
  const auto health = healths.find(connection.port);
  if (health == healths.end()) return false;  // gone meanwhile
  const std::string answer = AnswerHealth(connection.request, health->second, follows);
  // It fits into the socket's empty buffer.
  const ssize_t sent = ::send(connection.fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(answer.size())) return false;
  connection.is_answered = true;
  return ::shutdown(connection.fd.get(), SHUT_WR) == 0;
}

void HealthServer::State::Close(uint64_t id) {
  const auto found = connections.find(id);
  if (found == connections.end()) return;
  loop.Cancel(found->second.end);
  loop.UnwatchFd(found->second.fd.get());
  connections.erase(found);
}

void HealthServer::State::Clear() {
  while (!connections.empty()) Close(connections.begin()->first);
  for (const auto& [port, listener] : listeners) loop.UnwatchFd(listener.get());
  listeners.clear();
}

HealthServer::HealthServer(HealthServerOptions options) : options_(std::move(options)) {}

HealthServer::~HealthServer() {
  if (state_ == nullptr) return;
  // As a task: the loop may not have begun to run.
  state_->loop.Post([state = state_.get()] {
    state->Clear();
    state->loop.Stop();
  });
  state_->thread.join();
}

std::vector<std::string> HealthServer::Serve(const std::string& address,
                                             const std::map<uint16_t, ServiceHealth>& healths) {
  if (state_ == nullptr && healths.empty()) return {};
  if (state_ == nullptr) {
    state_ = std::make_unique<State>(options_);
    state_->thread = std::thread([state = state_.get()] { state->loop.Run(); });
  }
  auto problems = std::make_shared<std::promise<std::vector<std::string>>>();
  std::future<std::vector<std::string>> answer = problems->get_future();
  state_->loop.Post([state = state_.get(), problems, address, healths] {
    problems->set_value(state->Take(address, healths));
  });
  return answer.get();
}

void HealthServer::FallBehind() {
  if (state_ == nullptr) return;
  state_->loop.Post([state = state_.get()] { state->follows = false; });
}

}  // namespace reconcile
