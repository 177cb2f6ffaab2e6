#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "net/cluster_network.h"

namespace reconcile {

enum class FakeNetworkCall {
  kPrepare,
  kAttachPod,
  kDetachPod,
  kList,
  kSync,
  kProbe,
  kRemoveAll,
  kOpenPort
};
std::string_view ToString(FakeNetworkCall call);

// Chance of an injected fault per 1,000 calls, of every kind of call.
struct FakeNetworkFaults {
  int failed_per_mille = 0;      // Unavailable, and nothing was done
  int lost_reply_per_mille = 0;  // Unavailable, but it WAS done
};

struct FakeNetworkOptions {
  uint64_t seed = 1;
  int64_t min_latency_ms = 1;
  int64_t max_latency_ms = 15;
  FakeNetworkFaults faults;
};

class FakeNetworkCore;

// A host's devices, routes and rules in memory, as the kernel keeps them: they belong to the host
// and outlive agents, each of which has its own Connect(). No threads and no real time: everything
// happens on timers of `loop`, which must outlive it, and is a function of the seed and of the
// calls made. Loop thread only.
class FakeNetwork {
 public:
  explicit FakeNetwork(EventLoop* loop, FakeNetworkOptions options = {});
  ~FakeNetwork();
  FakeNetwork(const FakeNetwork&) = delete;
  FakeNetwork& operator=(const FakeNetwork&) = delete;

  // What one agent process holds. Destroying it is the death of that process: none of its callbacks
  // is called again, but what it had asked for still happens. May outlive the FakeNetwork.
  std::unique_ptr<HostNetwork> Connect();

  // ---- the world ----
  // Says whether a process id is alive; without one, every id is.
  void SetProcessAlive(std::function<bool(int64_t process_id)> alive);
  // Told of each process whose network namespace has been attached: what waits there goes on.
  void SetOnAttached(std::function<void(int64_t process_id)> on_attached);
  // Its network namespace goes, and with it the device and the route.
  void ProcessEnded(int64_t process_id);
  // Everything is lost; calls under way are Unavailable and have no effect.
  void RebootHost();
  // What a person does by hand; false when there is nothing to remove. Agents are told.
  bool DropRoute(const std::string& address);
  void TakeRules();  // of the whole host

  // In every network namespace, the host's too, a program listens on this port that gives back what
  // it is told, and ends with it.
  void ListenOn(uint16_t port);

  // What every Sync says that it could not do.
  void SetProblems(std::vector<std::string> problems);

  // ---- faults ----
  void SetFaults(FakeNetworkFaults faults);
  // The next `count` calls of this kind fail with `status`; `done_nevertheless` loses only the
  // reply.
  void FailNext(FakeNetworkCall call, Status status, int count = 1, bool done_nevertheless = false);

  // ---- what there is ----
  bool prepared() const;
  const std::map<std::string, PodAttachment>& attachments() const;  // by pod uid
  bool WasAttached(int64_t process_id) const;  // a process that lives: now, or before
  bool HasRoute(const std::string& address) const;
  const std::optional<NetworkState>& synced() const;  // none: never, or lost by a reboot
  int64_t CallCount(FakeNetworkCall call) const;      // that reached the host, successful or not
  int64_t injected_faults() const;

 private:
  std::shared_ptr<FakeNetworkCore> core_;
};

}  // namespace reconcile
