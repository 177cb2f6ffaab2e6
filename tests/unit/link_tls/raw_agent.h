#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "link/dial.h"
#include "link/link_wire.h"
#include "tests/unit/link_tls/tls_link.h"

namespace reconcile {

// A WebSocket client that says what the test tells it to, by the real dialing code.
class RawAgent {
 public:
  RawAgent(uint16_t port, const KeyPair& identity, const std::string& path = "/link");
  ~RawAgent() { io_.Stop(); }

  // The HTTP code when it was refused; 101 when it is open.
  int code();
  void Send(const std::string& message, bool binary = false);
  void Hello(const std::string& node) { Send(WriteHello(MakeHello(node))); }
  // Between the two it reads no more than what its limits let it hold.
  void StopReading() {
    io_.Post([this] { reading_ = false; });
  }
  void ReadOn();
  // Between the two it answers nothing, not even pings: as a host without power.
  void Freeze();
  void Thaw();
  std::vector<std::string> Received();
  // Waits for a message of this type, and gives the newest one.
  LinkMessage WaitForMessage(std::string_view type);
  void WaitForEnd();

 private:
  void OnMessage(std::string_view text);

  IoThread io_;
  std::shared_ptr<LinkSocket> socket_;  // io_'s
  bool reading_ = true;
  std::vector<size_t> unhandled_sizes_;
  std::mutex frozen_;  // held while it is to stand still
  std::mutex mutex_;
  std::vector<std::string> received_;  // guarded by mutex_, as are the next
  int code_ = 0;
  bool ended_ = false;
};

}  // namespace reconcile
