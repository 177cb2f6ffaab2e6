#include "net/kernel_sync.h"

#include "net/overlay.h"

namespace reconcile {
namespace {

// The whole table; where something of its name is none of ours, in place of that.
Status LoadAll(const KernelHost& host, const ServiceTable& table) {
  const std::string rules = CompileServiceRules(table);
  const Status loaded = host.LoadRules(rules);
  if (loaded.ok()) return loaded;
  return host.LoadRules(CompileRemoveServiceRules() + rules);
}

Status LoadServices(const KernelHost& host, const ServiceTable* before, const ServiceTable& after) {
  if (before == nullptr) return LoadAll(host, after);
  const Status changed = host.LoadRules(CompileServiceChange(*before, after));
  return changed.ok() ? changed : LoadAll(host, after);
}

}  // namespace

Result<SyncedNetwork> SyncNetwork(const KernelHost& host,
                                  const std::optional<HostNetworkConfig>& config,
                                  const NetworkState& state, const SyncedNetwork& before,
                                  ServiceTables* tables, const ServeNames& serve_names) {
  if (!config) return ConflictError("the host's network has not been prepared");
  SyncedNetwork synced;
  OverlayBasis basis = {*config, state.node, state.cluster->peers};
  if (before.overlay != basis) {
    Result<OverlayChanges> made = host.SyncOverlay(*config, state.node, state.cluster->peers);
    if (!made.ok()) return made.status().WithContext("routes to other hosts");
    synced.problems = std::move(made->problems);
    synced.overlay_changes = made->changes.size();
  }
  if (synced.problems.empty()) synced.overlay = std::move(basis);
  synced.overlay_rules = CompileOverlayRules(*config, state.cluster->peers);
  if (synced.overlay_rules != before.overlay_rules) {
    RETURN_IF_ERROR(host.LoadRules(synced.overlay_rules).WithContext("rules of the overlay"));
  }
  auto services = std::make_shared<const ServiceTable>(tables->Next(*config, state));
  RETURN_IF_ERROR(LoadServices(host, before.services.get(), *services)
                      .WithContext("rules of service addresses"));
  // What rules know by now has a name at once: what follows asks other programs.
  if (serve_names) {
    for (std::string& problem : serve_names(*config, state)) {
      synced.problems.push_back(std::move(problem));
    }
  }
  if (before.services != nullptr) {
    const Status flushed = host.FlushFlows(StaleFlows(*before.services, *services));
    if (!flushed.ok()) {
      synced.problems.push_back("UDP flows to endpoints that are gone go on: " + flushed.message());
    }
  }
  synced.services = std::move(services);
  if (before.firewalld != config) {
    const Status opened = host.OpenFirewalld(*config);
    if (!opened.ok()) {
      synced.problems.push_back(
          "firewalld could not be asked to let the network of the cluster pass: " +
          opened.message());
    }
    if (opened.ok()) synced.firewalld = config;
  } else {
    synced.firewalld = config;
  }
  return synced;
}

}  // namespace reconcile
