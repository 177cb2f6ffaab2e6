#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/random.h"
#include "link/agent_link.h"
#include "link/http_types.h"

namespace reconcile {

struct LinkDialerOptions {
  std::string host;  // of the controller: a name or an address
  uint16_t port = 7443;
  std::string node;
  std::string folder;  // for key and certificates; made with mode 0700 when it is not there
  std::string token;   // needed only while the folder holds no certificate
  // The controller refuses to let this host join, and trying again would change nothing: the status
  // says why. Called on the loop; nothing is dialed any more.
  std::function<void(const Status&)> on_refused;
  int64_t connect_ms = 10'000;  // for each of: connection, TLS, answer
  int64_t silent_ms = 10'000;   // a controller that says nothing for so long is gone
  int64_t min_wait_ms = 200;    // between tries: grows up to max_wait_ms, with full jitter
  int64_t max_wait_ms = 15'000;
};

// The agent's end of the link over TLS 1.3: dials the controller, again and again; joins by a token
// when this host has no certificate yet, and renews the certificate at a random point between half
// and four fifths of its life. Log streams are connections of their own, so that none keeps a
// report waiting. One thread of its own does the sockets; everything else is the given loop's.
//
// A report that finds too many before it is refused as Unavailable: the next one says it all again.
class LinkDialer final : public ControllerLink {
 public:
  // Invalid when the folder holds what is not a key with its certificate, or holds nothing and
  // there is no token. All given must outlive it.
  static Result<std::unique_ptr<LinkDialer>> Open(LinkDialerOptions options, EventLoop* loop,
                                                  Random* random);
  // Call it when the loop does not run, or on the loop.
  ~LinkDialer() override;

  // Loop thread only, or before the loop runs.
  void Start();
  void Stop();  // closes the connection and stays away until Start

  void SetHandler(Handler handler) override;
  Status Send(const Report& report) override;
  Status SendInventory(const Inventory& inventory) override;

  // Why it is not connected, for people; empty when it is. Any thread.
  std::string LastError() const;
  // The controller took this host's certificate, so that the token is as good as before. Any
  // thread.
  bool TokenUnused() const;
  // Of the cluster that this host has joined; empty before it has. Any thread.
  std::string ca_pem() const;
  // Messages of the connections that are open now. Loop thread only.
  LinkTraffic Traffic() const;

  struct State;

 private:
  explicit LinkDialer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
