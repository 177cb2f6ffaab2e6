#include "sim/controller_process.h"

#include "base/ids.h"
#include "store/sqlite_store.h"

namespace reconcile {
namespace {

constexpr char kClusterId[] = "simcluster";
constexpr size_t kSecretKeyLength = 32;

}  // namespace

std::string SimSignature(std::string_view text) {
  return Sha256Hex("the simulated CA's key\n" + std::string(text));
}

bool VerifySimSignature(std::string_view text, const std::string& signature) {
  return signature == SimSignature(text);
}

Result<std::unique_ptr<Store>> OpenSimStore(const SimDisk& disk) {
  SqliteStoreOptions options;
  options.path = "/cluster.db";
  options.vfs = disk.vfs_name();
  options.lock_file = false;
  options.secret_key = std::string(kSecretKeyLength, 'k');
  return OpenSqliteStore(options);
}

Status ControllerProcess::Start(std::unique_ptr<Store> opened,
                                const std::vector<FetchedCommit>& commits,
                                const std::vector<std::string>& nodes, int64_t lineage_after_ms,
                                std::unique_ptr<AgentLink> agents) {
  store = std::move(opened);
  link = std::move(agents);
  for (const FetchedCommit& commit : commits) {
    source.SetCommit(std::string(kSimRepository), commit);
  }
  options.sources = {{"main", {std::string(kSimRepository), "", ""}}};
  options.cluster_id = kClusterId;
  options.sign_lineage = [](const LineageClaim& claim) -> Result<std::string> {
    return SimSignature(LineageText(claim));
  };
  options.expected_nodes = nodes;
  options.lineage_after_ms = lineage_after_ms;
  controller =
      std::make_unique<Controller>(options, &loop, &random, store.get(), &source, link.get());
  return controller->Start();
}

OldController::OldController(uint64_t seed, VirtualTime* time, SimNetwork* network,
                             const SimDisk::Copy& copy, const std::vector<FetchedCommit>& commits,
                             const std::vector<std::string>& nodes)
    : disk_("sim-old-" + std::to_string(seed), seed),
      machine_(time),
      process_(time, &machine_, seed) {
  disk_.PutBack(copy);
  Result<std::unique_ptr<Store>> store = OpenSimStore(disk_);
  CHECK(store.ok());
  const Status started =
      process_.Start(std::move(store).value(), commits, nodes, 0,
                     network->MakeControllerEnd(&process_.loop, std::string(kAddress)));
  CHECK(started.ok());
}

OldController::~OldController() = default;

void OldController::SetCommit(const FetchedCommit& commit) {
  process_.source.SetCommit(std::string(kSimRepository), commit);
}

}  // namespace reconcile
