#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "link/delta_channel.h"
#include "link/dialer_connections.h"
#include "link/link_dialer.h"
#include "link/node_identity.h"

namespace reconcile {

// The loop's half of a LinkDialer: all of it on the loop's thread, but for what people read.
struct LinkDialer::State : std::enable_shared_from_this<LinkDialer::State> {
  State(LinkDialerOptions dialer_options, EventLoop* agent_loop, Random* agent_random);
  ~State() { io.Stop(); }

  struct Stream {
    std::shared_ptr<PodStream> writer;  // of its output; nullptr: it is being opened, or refused
    bool is_log = false;
    ConnectionId connection = 0;
    bool up = false;
    size_t untaken_bytes = 0;        // sent, and not taken by the reader yet
    size_t untaken_input_bytes = 0;  // handed to `writer`, and not passed on yet
    bool cut = false;                // its reader was told the end; cancelling it is under way
    uint64_t sent = 0;
    uint64_t received = 0;
  };

  // ---- link_dialer.cc: the control connection ----
  void Listen();
  // Runs `task` on the loop, if this is still there.
  template <typename Task>
  void PostToLoop(Task task) {
    loop->Post([weak = weak_from_this(), task = std::move(task)]() mutable {
      if (const auto state = weak.lock()) task(state.get());
    });
  }
  template <typename Task>
  TimerId After(int64_t delay_ms, Task task) {
    return loop->After(delay_ms, [weak = weak_from_this(), task = std::move(task)]() mutable {
      if (const auto state = weak.lock()) task(state.get());
    });
  }
  void Start();
  void Stop();
  void Dial();
  void DialAgain(const Status& why);
  void OnUp(ConnectionId id, std::shared_ptr<SocketBacklog> backlog);
  void OnDown(ConnectionId id, int code, const Status& why);
  void Disconnected();
  void OnAssignment(ConnectionId id, const Assignment& assignment);
  void OnMessage(ConnectionId id, const LinkMessage& message);
  void OnControl(const LinkMessage& message);
  void Resend();
  Status CheckRoom() const;
  void SendControl(std::string message);
  void SetError(const std::string& why);
  void SayTokenUnused();

  // ---- dialer_enroll.cc: certificates ----
  Status Load();
  bool NeedsToJoin() const;
  void Join();
  void OnJoined(const KeyAndRequest& request, const Result<DialAnswer>& answer);
  void RefusedForGood(const Status& why);
  void PlanRenewal();
  void Renew();
  void OnRenewed(const KeyAndRequest& request, const Result<DialAnswer>& answer);
  // Takes the certificate that an answer carries as this host's own.
  Status TakeCertificate(const KeyAndRequest& request, const DialAnswer& answer,
                         const std::string& ca_fingerprint);
  Status UseIdentity(NodeIdentity fresh);
  void SwapIfQuiet();
  Result<DialTarget> Target() const;

  // ---- dialer_streams.cc ----
  using OpenWriter = std::function<std::shared_ptr<PodStream>(PodStreamSink)>;
  void OpenLogs(const OpenLogsMessage& message);
  void OpenPodStream(const Value& body);
  // `open` gives the stream's writer; a status that is not ok refuses it.
  void OpenStream(const std::string& id, bool is_log, const Result<OpenWriter>& open);
  void SendOutput(const std::string& id, PodOutput output, std::string_view bytes);
  void SendTaken(const std::string& id, size_t bytes);
  void SendEnd(const std::string& id, const PodStreamEnd& end);
  void CutStream(const std::string& id, Stream* stream, const std::string& who);
  // Its reader has gone.
  void CancelStream(const std::string& id);
  void OnFrame(ConnectionId connection, const std::string& frame);
  void OnStreamMessage(const std::string& id, const LinkMessage& message);
  void OnOutputTaken(Stream* stream, size_t bytes);
  std::string FindStream(ConnectionId connection) const;  // "" when there is none
  void EndStreams(const Status& why);                     // without cancelling their writers

  const LinkDialerOptions options;
  EventLoop* const loop;
  Random* const random;
  const SocketLimits control_limits;
  const SocketLimits stream_limits;
  Handler handler;
  bool running = false;
  bool refused_for_good = false;
  std::optional<NodeIdentity> identity;
  bool token_used = false;  // by this dialer: it is not tried again
  bool certificate_refused = false;
  TlsContext tls;
  ConnectionId next_connection = 1;
  ConnectionId control = 0;  // the one that is being opened, or open
  bool connected = false;
  std::shared_ptr<SocketBacklog> backlog;  // of `control`, when connected
  DeltaSender<Report> reports;
  std::optional<Report> last_report;
  uint64_t sent = 0;
  uint64_t received = 0;
  int failures = 0;  // in a row
  MonoTime up_since;
  TimerId dial_timer = 0;
  uint64_t attempt = 0;  // counts joins and renewals: an answer to an older one is not heard
  TimerId renewal_timer = 0;
  WallTime renew_at;
  bool renewing = false;
  bool swap_wanted = false;  // a newer certificate than the connection's is there
  MonoTime swap_by;
  std::map<std::string, Stream> streams;  // by id

  mutable std::mutex told_mutex;
  std::string told_error = "it was not started";  // guarded by told_mutex
  std::string told_trusted;                       // likewise
  bool told_token_unused = false;                 // likewise

  IoThread io;
  DialerConnections connections{&io};
};

// What a dialer waits before its `failures`-th try in a row: full jitter (chance spreads those who
// lost the same controller), between min_ms and a bound that doubles up to max_ms. PURE.
int64_t DialWaitMs(int failures, int64_t min_ms, int64_t max_ms, Random* random);

}  // namespace reconcile
