#include "api/network_view.h"

namespace reconcile {
namespace {

Value EncodeList(const std::vector<std::string>& lines) {
  Value list = Value::MakeList();
  for (const std::string& line : lines) list.Append(Value::String(line));
  return list;
}

bool IsInSync(const Controller::HostNetwork& host) {
  return host.connected && host.network.revision >= host.wanted_revision &&
         host.network.problems.empty();
}

std::string Joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string SyncText(const Controller::HostNetwork& host) {
  if (!host.connected) return "unknown: the host is not connected";
  if (!host.network.problems.empty()) return Joined(host.network.problems, "; ");
  if (IsInSync(host)) return "revision " + std::to_string(host.network.revision);
  return "behind: revision " + std::to_string(host.network.revision) + " of " +
         std::to_string(host.wanted_revision);
}

std::string PeersText(const NetworkReport& network) {
  const auto unreached = static_cast<int64_t>(network.unreached.size());
  std::string text =
      std::to_string(network.peers - unreached) + "/" + std::to_string(network.peers) + " reached";
  if (unreached > 0) text += ", not " + Joined(network.unreached, ", ");
  return text;
}

}  // namespace

Value EncodeNetworks(const std::vector<Controller::HostNetwork>& networks) {
  Value items = Value::MakeList();
  for (const Controller::HostNetwork& host : networks) {
    Value item = Value::MakeMap();
    item.Set("node", Value::String(host.node));
    item.Set("address", Value::String(host.address));
    item.Set("podCIDR", Value::String(host.pod_cidr));
    item.Set("backend", Value::String(host.network.backend));
    item.Set("mtu", Value::Int(host.network.mtu));
    item.Set("connected", Value::Bool(host.connected));
    item.Set("revision", Value::Int(host.network.revision));
    item.Set("wantedRevision", Value::Int(host.wanted_revision));
    item.Set("inSync", Value::Bool(IsInSync(host)));
    item.Set("peers", Value::Int(host.network.peers));
    item.Set("unreached", EncodeList(host.network.unreached));
    item.Set("problems", EncodeList(host.network.problems));
    items.Append(std::move(item));
  }
  Value value = Value::MakeMap();
  value.Set("items", std::move(items));
  return value;
}

Table NetworkTable(const std::vector<Controller::HostNetwork>& networks) {
  Table table;
  table.columns = {{"NODE"}, {"ADDRESS"}, {"PODS"},         {"BACKEND"},
                   {"MTU"},  {"PEERS"},   {"RULES AND DNS"}};
  for (const Controller::HostNetwork& host : networks) {
    table.rows.push_back(
        {{host.node, host.address, host.pod_cidr, host.network.backend,
          std::to_string(host.network.mtu), PeersText(host.network), SyncText(host)},
         nullptr});
  }
  return table;
}

}  // namespace reconcile
