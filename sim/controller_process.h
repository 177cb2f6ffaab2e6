#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controller/controller.h"
#include "sim/disk/sim_disk.h"
#include "sim/sim_link.h"
#include "sim/virtual_loop.h"
#include "source/fake_source.h"

namespace reconcile {

inline constexpr std::string_view kSimRepository = "/sim/repository";

// The cluster's CA, kept apart from any database: signatures that agents verify.
std::string SimSignature(std::string_view text);
bool VerifySimSignature(std::string_view text, const std::string& signature);

// A controller's process and all that ends with it. Members end in the reverse order.
struct ControllerProcess {
  ControllerProcess(VirtualTime* time, VirtualMachine* machine, uint64_t seed)
      : loop(time, machine), random(seed), source(&loop) {}

  // Takes `opened`, and begins. `nodes` are those with certificates; `lineage_after_ms` is when the
  // newest lineage that the CA signed began.
  Status Start(std::unique_ptr<Store> opened, const std::vector<FetchedCommit>& commits,
               const std::vector<std::string>& nodes, int64_t lineage_after_ms,
               std::unique_ptr<AgentLink> agents);

  ControllerOptions options;  // people's, before Start; the rest is the world's
  VirtualLoop loop;
  SeededRandom random;
  std::unique_ptr<Store> store;
  FakeSource source;
  std::unique_ptr<AgentLink> link;
  std::unique_ptr<Controller> controller;
};

Result<std::unique_ptr<Store>> OpenSimStore(const SimDisk& disk);

// A controller that was replaced, on a copy of the database it had, beside the one that replaced
// it. Nobody looks at its disk.
class OldController {
 public:
  static constexpr std::string_view kAddress = "old-controller";

  OldController(uint64_t seed, VirtualTime* time, SimNetwork* network, const SimDisk::Copy& copy,
                const std::vector<FetchedCommit>& commits, const std::vector<std::string>& nodes);
  ~OldController();
  void SetCommit(const FetchedCommit& commit);

 private:
  SimDisk disk_;
  VirtualMachine machine_;
  ControllerProcess process_;
};

}  // namespace reconcile
