#include "net/ip_output.h"

#include <algorithm>
#include <charconv>

#include "base/value.h"

namespace reconcile {
namespace {

// A host of thousands of devices prints some hundred bytes for each.
constexpr JsonLimits kIpLimits = {.max_bytes = 16 << 20, .max_depth = 16};

// The list that `ip -json` prints; it prints nothing at all when some queries find nothing.
Result<Value> ParseList(std::string_view json) {
  if (json.find_first_not_of(" \n\t") == std::string_view::npos) return Value::MakeList();
  Result<Value> value = ParseJson(json, kIpLimits);
  if (!value.ok()) return value.status().WithContext("output of ip");
  if (!value->IsList()) return InvalidError("output of ip: not a list");
  return value;
}

bool HasFlag(const Value& entry, std::string_view flag) {
  for (const Value& each : entry.GetList("flags")) {
    if (each.IsString() && each.AsString() == flag) return true;
  }
  return false;
}

std::optional<VxlanSeen> ParseVxlan(const Value& info) {
  const Value* data = info.Find("info_data");
  if (data == nullptr || !data->IsMap()) return std::nullopt;
  return VxlanSeen{static_cast<int>(data->GetInt("id")), static_cast<int>(data->GetInt("port")),
                   data->GetString("local"), data->GetBool("learning")};
}

// `ip` writes a name where it knows one.
int ParseProtocol(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

const LinkSeen* FindLink(const std::vector<LinkSeen>& links, std::string_view name) {
  const auto it = std::find_if(links.begin(), links.end(),
                               [&](const LinkSeen& link) { return link.name == name; });
  return it == links.end() ? nullptr : &*it;
}

Result<std::vector<LinkSeen>> ParseLinks(std::string_view json) {
  const Result<Value> list = ParseList(json);
  if (!list.ok()) return list.status();
  std::vector<LinkSeen> links;
  for (const Value& entry : list->AsList()) {
    LinkSeen link;
    link.name = entry.GetString("ifname");
    if (link.name.empty()) continue;
    link.index = entry.GetInt("ifindex");
    link.peer_index = entry.GetInt("link_index");
    link.mac = entry.GetString("address");
    link.mtu = static_cast<int>(entry.GetInt("mtu"));
    link.is_up = HasFlag(entry, "UP");
    if (const Value* info = entry.Find("linkinfo")) {
      link.kind = info->GetString("info_kind");
      if (link.kind == "vxlan") link.vxlan = ParseVxlan(*info);
    }
    links.push_back(std::move(link));
  }
  return links;
}

Result<std::vector<AddressSeen>> ParseAddresses(std::string_view json) {
  const Result<Value> list = ParseList(json);
  if (!list.ok()) return list.status();
  std::vector<AddressSeen> addresses;
  for (const Value& entry : list->AsList()) {
    const std::string device = entry.GetString("ifname");
    for (const Value& info : entry.GetList("addr_info")) {
      if (info.GetString("family") != "inet") continue;
      addresses.push_back(
          {device, info.GetString("local"), static_cast<int>(info.GetInt("prefixlen"))});
    }
  }
  return addresses;
}

Result<std::vector<RouteSeen>> ParseRoutes(std::string_view json) {
  const Result<Value> list = ParseList(json);
  if (!list.ok()) return list.status();
  std::vector<RouteSeen> routes;
  for (const Value& entry : list->AsList()) {
    const std::string destination = entry.GetString("dst");
    if (destination.empty()) continue;
    routes.push_back({destination, entry.GetString("dev"), entry.GetString("gateway"),
                      entry.GetString("prefsrc"), ParseProtocol(entry.GetString("protocol"))});
  }
  return routes;
}

Result<std::vector<NeighbourSeen>> ParseNeighbours(std::string_view json) {
  const Result<Value> list = ParseList(json);
  if (!list.ok()) return list.status();
  std::vector<NeighbourSeen> neighbours;
  for (const Value& entry : list->AsList()) {
    NeighbourSeen neighbour = {entry.GetString("dst"), entry.GetString("lladdr"), false};
    for (const Value& state : entry.GetList("state")) {
      neighbour.is_permanent |= state.IsString() && state.AsString() == "PERMANENT";
    }
    if (!neighbour.address.empty()) neighbours.push_back(std::move(neighbour));
  }
  return neighbours;
}

Result<std::vector<ForwardingSeen>> ParseForwarding(std::string_view json) {
  const Result<Value> list = ParseList(json);
  if (!list.ok()) return list.status();
  std::vector<ForwardingSeen> entries;
  for (const Value& entry : list->AsList()) {
    const std::string mac = entry.GetString("mac");
    if (!mac.empty()) entries.push_back({mac, entry.GetString("dst")});
  }
  return entries;
}

}  // namespace reconcile
