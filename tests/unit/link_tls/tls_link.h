#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "link/enrollment.h"
#include "link/link_dialer.h"
#include "link/link_server.h"
#include "tests/support/loop_thread.h"

namespace reconcile {

// A folder of this test's own, removed with it.
class LinkFolder {
 public:
  LinkFolder();
  ~LinkFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Looks again and again until `done`; a failure of the test when that takes longer than a minute.
void WaitFor(const std::string& what, const std::function<bool()>& done);

// Of this process. 0 under sanitizers, whose memory says nothing of ours.
size_t ResidentBytes();

// A controller's end on a loopback port, with its CA; agents of it as many as are wanted.
class TlsController {
 public:
  explicit TlsController(LinkServerOptions options = {}, int64_t enrolled_before_ms = 0);
  ~TlsController();

  std::string MakeToken(int uses = 1, const std::string& node = "");
  // Joins without a connection: the identity of a node, as its folder would hold it.
  KeyPair Enroll(const std::string& node);
  WallTime now() const { return ReadSystemClock().wall; }

  LinkFolder folder;
  SystemRandom random;
  LoopThread thread;
  std::unique_ptr<Enrollment> enrollment;
  std::unique_ptr<LinkServer> server;
};

class TlsAgent {
 public:
  // Joins by `token`, or goes on with what `folder` holds.
  TlsAgent(uint16_t port, const std::string& node, const std::string& token,
           const std::string& folder, uint64_t seed = 1);
  ~TlsAgent();
  void Start() {
    thread.Do([this] { dialer->Start(); });
  }
  void Stop() {
    thread.Do([this] { dialer->Stop(); });
  }
  bool Connected();
  // Why the controller refused it for good; empty when it did not.
  std::string Refused();

  SeededRandom random;
  LoopThread thread;
  std::string refused;  // the loop's
  std::unique_ptr<LinkDialer> dialer;
};

// What a client without our code gets: writes `request` over TLS, reads to the end. `identity` is
// the client's certificate, if it has one.
struct RawAnswer {
  bool connected = false;  // the handshake succeeded
  std::string text;
  int code() const { return text.size() < 12 ? 0 : std::atoi(text.c_str() + 9); }
};
RawAnswer AskRaw(uint16_t port, const std::string& request, const KeyPair* identity = nullptr);

}  // namespace reconcile
