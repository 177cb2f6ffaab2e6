#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/cluster_network.h"

namespace reconcile {

// A host to run the contract against: the fake one, or a real one in a network namespace.
class NetworkWorld {
 public:
  virtual ~NetworkWorld() = default;
  virtual HostNetwork* network() = 0;
  virtual void RestartAgent() = 0;  // another HostNetwork for the same host
  virtual int64_t StartSandbox() = 0;
  virtual void EndSandbox(int64_t process_id) = 0;
  // Whether a TCP connection comes about, from the host when `from` is 0.
  virtual bool Reaches(int64_t from, int64_t to, const std::string& address) = 0;
  virtual void DropRoute(const std::string& address) = 0;  // a pod's, by hand
  virtual void TakeRules() = 0;                            // of the host, likewise
  [[nodiscard]] virtual bool RunUntil(const std::function<bool()>& done) = 0;

  // The calls, waited for.
  Status Prepare(const HostNetworkConfig& config);
  Status Attach(const PodAttachment& attachment);
  Status Detach(const std::string& pod_uid, const std::string& address);
  Status RemoveAll();
  Status Sync(const NetworkState& state);
  // Of what a Sync that has to succeed told.
  std::vector<std::string> PutBack(const NetworkState& state);
  std::vector<std::string> List();

 private:
  Status Wait(const std::function<void(HostNetwork::DoneStatus)>& call);
};

inline const HostNetworkConfig kTestConfig = {"10.42.0.0/16", "10.42.7.0/24", 1400};
// A cluster of one host, without Services.
inline NetworkState EmptyState() { return {"h1", std::make_shared<const ClusterNetwork>(), {}}; }
inline constexpr uint16_t kTestPort = 8080;

std::unique_ptr<NetworkWorld> MakeFakeWorld();
std::unique_ptr<NetworkWorld> MakeKernelWorld();

}  // namespace reconcile
