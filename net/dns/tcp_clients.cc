#include "net/dns/tcp_clients.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "net/dns/message.h"

namespace reconcile {
namespace {

constexpr size_t kReadBytes = 16 * 1024;
constexpr int64_t kLookMs = 1'000;  // for idle connections
constexpr int64_t kPauseMs = 100;

bool WouldBlock() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

TcpClients::TcpClients(EpollLoop* loop, size_t max_connections, int64_t idle_ms, OnQuery on_query)
    : loop_(loop),
      max_connections_(max_connections),
      idle_ms_(idle_ms),
      on_query_(std::move(on_query)) {}

TcpClients::~TcpClients() {
  if (timer_ != 0) loop_->Cancel(timer_);
  while (!connections_.empty()) Close(connections_.begin());
}

void TcpClients::Accept(int listener) {
  while (true) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.ok()) {
      if (!WouldBlock() && errno != ECONNABORTED) Pause(listener);
      break;
    }
    if (connections_.size() >= max_connections_) CloseIdlest();
    const uint64_t id = next_id_++;
    Connection connection;
    connection.active = loop_->now().mono;
    const int raw = fd.get();
    connection.fd = std::move(fd);
    connections_.emplace(id, std::move(connection));
    loop_->WatchFd(raw, [this, id] { OnReady(id); });
  }
  if (timer_ == 0 && !connections_.empty()) timer_ = loop_->After(kLookMs, [this] { CloseIdle(); });
}

// There are no descriptors or no memory: the one who waits would wake the loop all the time.
void TcpClients::Pause(int listener) {
  loop_->SetInterest(listener, false, false);
  loop_->After(kPauseMs, [this, listener] { loop_->SetInterest(listener, true, false); });
}

void TcpClients::Close(Connections::iterator connection) {
  loop_->UnwatchFd(connection->second.fd.get());
  connections_.erase(connection);
}

void TcpClients::CloseIdlest() {
  Close(
      std::min_element(connections_.begin(), connections_.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second.active, a.first) < std::pair(b.second.active, b.first);
      }));
}

void TcpClients::CloseIdle() {
  timer_ = 0;
  const MonoTime now = loop_->now().mono;
  for (auto it = connections_.begin(); it != connections_.end();) {
    const auto next = std::next(it);
    if (now - it->second.active >= idle_ms_) Close(it);
    it = next;
  }
  if (!connections_.empty()) timer_ = loop_->After(kLookMs, [this] { CloseIdle(); });
}

void TcpClients::OnReady(uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (!Write(&connection) || !Read(&connection)) return Close(found);
  taking_ = id;
  TakeQueries(id);
  taking_ = 0;
  Settle(id);
}

// False when the connection broke.
bool TcpClients::Read(Connection* connection) {
  std::array<char, kReadBytes> buffer;
  // While nothing is to be read, a look at whether the other side is there still.
  const int flags = connection->reads ? 0 : MSG_PEEK;
  const ssize_t size = ::recv(connection->fd.get(), buffer.data(), buffer.size(), flags);
  if (size < 0) return WouldBlock();
  if (size == 0) connection->ended = true;
  if (connection->reads) connection->in.append(buffer.data(), static_cast<size_t>(size));
  return true;
}

void TcpClients::TakeQueries(uint64_t id) {
  while (true) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    if (connection.under_way >= kMaxTcpQueriesUnderWay ||
        connection.out.size() > kMaxTcpUnsentBytes || connection.in.size() < 2) {
      return;
    }
    const size_t size = DnsWordAt(connection.in, 0);
    if (size < kDnsHeaderBytes || size > kMaxTcpQueryBytes) return Close(found);
    if (connection.in.size() < size + 2) return;
    const std::string packet = connection.in.substr(2, size);
    connection.in.erase(0, size + 2);
    // No query at all would never be answered.
    if ((DnsWordAt(packet, 2) & kDnsResponse) != 0) return Close(found);
    ++connection.under_way;
    connection.active = loop_->now().mono;
    on_query_(id, packet);
  }
}

// False when the connection broke.
bool TcpClients::Write(Connection* connection) {
  if (connection->out.empty()) return true;
  const ssize_t sent =
      ::send(connection->fd.get(), connection->out.data(), connection->out.size(), MSG_NOSIGNAL);
  if (sent < 0) return WouldBlock();
  connection->out.erase(0, static_cast<size_t>(sent));
  connection->active = loop_->now().mono;
  return true;
}

// Closes what is finished, and waits for what the rest needs.
void TcpClients::Settle(uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (!Write(&connection)) return Close(found);
  if (connection.ended && connection.under_way == 0 && connection.out.empty()) {
    return Close(found);
  }
  const bool reads = !connection.ended && connection.under_way < kMaxTcpQueriesUnderWay &&
                     connection.out.size() <= kMaxTcpUnsentBytes;
  const bool writes = !connection.out.empty();
  if (reads == connection.reads && writes == connection.writes) return;
  connection.reads = reads;
  connection.writes = writes;
  loop_->SetInterest(connection.fd.get(), reads, writes);
}

void TcpClients::Send(uint64_t id, const std::string& packet) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  --connection.under_way;
  PutDnsWord(static_cast<uint16_t>(packet.size()), &connection.out);
  connection.out += packet;
  if (taking_ == id) return;
  // Queries that were read already may have waited for this reply.
  if (connection.in.size() >= 2) loop_->Post([this, id] { OnReady(id); });
  Settle(id);
}

}  // namespace reconcile
