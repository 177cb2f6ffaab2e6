#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/pod_stream.h"
#include "base/status.h"

namespace reconcile {

// The address every pod sees as its gateway (DESIGN 5, "Pods").
inline constexpr std::string_view kPodGateway = "169.254.1.1";

// How packets for pods of other hosts get there.
enum class NetworkBackend {
  kVxlan,   // inside UDP: over anything that carries IP
  kHostGw,  // by a route to the other host, which has to be on the same segment
};
std::string_view ToString(NetworkBackend backend);  // "vxlan", "host-gw"
Result<NetworkBackend> ParseNetworkBackend(std::string_view text);

struct HostNetworkConfig {
  std::string cluster_pod_cidr;  // "10.42.0.0/16": not masqueraded to
  std::string node_pod_cidr;     // "10.42.0.0/24": this host's pods
  int mtu = 1500;                // of pods' devices (PodMtu)
  std::string service_cidr;      // "10.96.0.0/16"; empty: there are no Services
  std::string host_address;      // this host's own, by which its peers reach it
  NetworkBackend backend = NetworkBackend::kVxlan;
  friend bool operator==(const HostNetworkConfig&, const HostNetworkConfig&) = default;
};

// Another host of the cluster, as the network has to know it.
struct NetworkPeer {
  std::string name;
  std::string address;   // by which it is reached
  std::string pod_cidr;  // its pods
  std::string zone;      // where it is (kZoneLabel); empty: not known
  friend bool operator==(const NetworkPeer&, const NetworkPeer&) = default;
};

// One pod's attachment: a veth whose one end is eth0 in the pod's network namespace.
struct PodAttachment {
  std::string pod_uid;
  int64_t process_id = 0;  // of what owns that namespace; 0 in what List returns
  std::string address;     // IPv4, no prefix
  // Settings of that namespace that it was made with, as sysctl(8) names them: they stay.
  std::vector<std::string> own_settings;
  // What that process is while it waits for its network (a path in its own file system); "" when
  // it is no program of the pod's.
  std::string waits_as;
  friend bool operator==(const PodAttachment&, const PodAttachment&) = default;
};

enum class Disturbance {
  kPods,  // a pod's device or route went, also when its sandbox ended: List
  kHost,  // anything else: Prepare, Sync and List
};

struct NetworkState;  // net/cluster_network.h

// What became of a Sync: a sentence each.
struct SyncOutcome {
  std::vector<std::string> problems;  // what could not be done though the rest was
  // What had been right before, others have changed or taken, and is right again.
  std::vector<std::string> put_back;
};

// The seam to the host's devices, routes and firewall. Only what carries our names is ever changed.
// Every call calls `done` exactly once, later, on the loop. Idempotent. Loop thread only.
class HostNetwork {
 public:
  using DoneStatus = std::function<void(Status)>;
  virtual ~HostNetwork() = default;

  // Forwarding, masquerade to the outside, acceptance past Docker's FORWARD DROP.
  virtual void Prepare(const HostNetworkConfig& config, DoneStatus done) = 0;
  // Only into a network namespace that is not the host's: NotFound when it is.
  // Last of all, when everything that the pod's packets need is there on both sides, eth0 is made
  // running: programs of the pod wait for that (start.c). Attaching again finishes what was begun,
  // and disturbs nothing that is there. Done when the process is no longer what waited: NotFound
  // when it ended before, as one that cannot be executed does.
  virtual void AttachPod(const PodAttachment& attachment, DoneStatus done) = 0;
  virtual void DetachPod(const std::string& pod_uid, const std::string& address,
                         DoneStatus done) = 0;
  // Addresses of pods that are attached now (routes to our veths).
  virtual void List(std::function<void(Result<std::vector<std::string>>)> done) = 0;
  // Routes to other hosts' pods, what becomes of packets for service addresses and ports of the
  // host's own, DNS: what differs from `state` is changed, and nothing else. One at a time;
  // Conflict before a Prepare that succeeded.
  virtual void Sync(const NetworkState& state, std::function<void(Result<SyncOutcome>)> done) = 0;
  // Asks these hosts for a sign of life by the addresses that they have among their pods; the names
  // of those that gave none within a second.
  virtual void Probe(const std::vector<NetworkPeer>& peers,
                     std::function<void(Result<std::vector<std::string>>)> done) = 0;
  // Connects to a TCP port on the loopback (127.0.0.1) of the network namespace of a process, which
  // is not the host's; of the host's own when `process_id` is 0. What is said there is kOut; ends
  // ok when the program there has ended its side, as Unavailable when nothing listens, and as
  // NotFound when there is no such namespace (any more). Never nullptr. Nothing listens anywhere
  // for it.
  virtual std::shared_ptr<PodStream> OpenPort(int64_t process_id, uint16_t port,
                                              PodStreamSink sink) = 0;
  // Calls it on the loop when what is ours was changed, and not by us: what to ask again says
  // Disturbance.
  virtual void SetOnDisturbed(std::function<void(Disturbance)> on_disturbed) = 0;
  // Removes everything of ours from the host (`reconcile up` uninstalling).
  virtual void RemoveAll(DoneStatus done) = 0;
};

// Name of the host's end of a pod's veth: "rc" + 13 hex characters of the address's and uid's hash
// (IFNAMSIZ is 15).
std::string HostDeviceName(const std::string& pod_uid);

}  // namespace reconcile
