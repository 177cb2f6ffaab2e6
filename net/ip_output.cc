#include "net/ip_output.h"

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

}  // namespace

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
    if (const Value* info = entry.Find("linkinfo")) link.kind = info->GetString("info_kind");
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
    if (!destination.empty()) routes.push_back({destination, entry.GetString("dev")});
  }
  return routes;
}

}  // namespace reconcile
