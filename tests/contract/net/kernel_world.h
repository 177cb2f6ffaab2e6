#pragma once

#include <map>
#include <memory>

#include "base/worker_pool.h"
#include "net/kernel_network.h"
#include "tests/contract/net/namespaces.h"
#include "tests/contract/net/network_world.h"
#include "tests/support/real_loop.h"

namespace reconcile {

// A host in a network namespace, with an uplink to a machine outside that knows no pod addresses.
class KernelWorld final : public NetworkWorld {
 public:
  static constexpr const char* kHostUplink = "192.0.2.1";
  static constexpr const char* kOutside = "192.0.2.2";

  KernelWorld();

  HostNetwork* network() override { return network_.get(); }
  void RestartAgent() override;
  // Another agent, which calls it where it makes DNS answer.
  void SetServeNames(std::function<std::vector<std::string>()> serve_names);
  int64_t StartSandbox() override;
  void EndSandbox(int64_t process_id) override;
  bool Reaches(int64_t from, int64_t to, const std::string& address) override;
  void DropRoute(const std::string& address) override;
  void TakeRules() override;
  [[nodiscard]] bool RunUntil(const std::function<bool()>& done) override;

  const IdleProcess& host() const { return host_; }
  const IdleProcess& outside() const { return outside_; }
  const IdleProcess& sandbox(int64_t process_id) const { return *sandboxes_.at(process_id); }
  RealLoop* loop() { return &loop_; }
  // Starts a sandbox and attaches it; its process id.
  int64_t StartPod(const std::string& uid, const std::string& address);

 private:
  IdleProcess host_;
  IdleProcess outside_;
  std::map<int64_t, std::unique_ptr<IdleProcess>> sandboxes_;
  RealLoop loop_;
  WorkerPool workers_;
  std::map<int, Task> watched_;
  std::function<std::vector<std::string>()> serve_names_;
  std::unique_ptr<HostNetwork> network_;
};

}  // namespace reconcile
