#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/epoll_loop.h"
#include "base/unique_fd.h"

namespace reconcile {

inline constexpr size_t kMaxTcpQueryBytes = 4096;
// Of one connection (RFC 7766 6.2.1 wants several): with more under way, or with more replies that
// the client does not take, nothing is read from it.
inline constexpr size_t kMaxTcpQueriesUnderWay = 32;
inline constexpr size_t kMaxTcpUnsentBytes = 64 * 1024;

// The connections of DNS clients (RFC 7766). Loop thread only.
class TcpClients {
 public:
  // Called with a packet and whose it is; the reply, if any, comes by Send, at once or later.
  using OnQuery = std::function<void(uint64_t connection, std::string_view packet)>;
  TcpClients(EpollLoop* loop, size_t max_connections, int64_t idle_ms, OnQuery on_query);
  ~TcpClients();

  void Accept(int listener);  // all that wait; the loop watches `listener` until its end
  // No effect when the connection is gone meanwhile.
  void Send(uint64_t connection, const std::string& packet);
  size_t size() const { return connections_.size(); }

 private:
  struct Connection {
    UniqueFd fd;
    std::string in;
    std::string out;
    size_t under_way = 0;
    bool ended = false;  // the client sends no more
    bool reads = true;   // what the loop waits for
    bool writes = false;
    MonoTime active;  // when a query came or a reply was taken last
  };
  using Connections = std::unordered_map<uint64_t, Connection>;

  void Pause(int listener);
  void OnReady(uint64_t id);
  bool Read(Connection* connection);
  void TakeQueries(uint64_t id);
  bool Write(Connection* connection);
  void Settle(uint64_t id);
  void Close(Connections::iterator connection);
  void CloseIdlest();
  void CloseIdle();

  EpollLoop* loop_;
  size_t max_connections_;
  int64_t idle_ms_;
  OnQuery on_query_;
  Connections connections_;
  uint64_t next_id_ = 1;
  uint64_t taking_ = 0;  // whose queries are being taken: its replies go out together
  TimerId timer_ = 0;
};

}  // namespace reconcile
