#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_pod.h"

namespace reconcile {

namespace {

constexpr size_t kMaxNameservers = 3;
constexpr size_t kMaxSearches = 32;

void RequireLabel(const PodSpec& spec, std::string_view field, const FieldPath& path,
                  FieldReporter* reporter) {
  const Value* name = spec.others.Find(field);
  if (name == nullptr || name->AsString().empty()) return;
  ReportIf(CheckDnsLabel(name->AsString()), FieldPath(path, field), reporter);
}

void RequireAddress(const std::string& text, const FieldPath& path, FieldReporter* reporter) {
  if (!IsIpAddress(text)) reporter->Error(path, Quoted(text) + " is not an IP address");
  WarnOfAddress(text, path, reporter);
}

void ValidateDns(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath config_path(path, "dnsConfig");
  const FieldPath servers_path(config_path, "nameservers");
  const Value* policy = spec.others.Find("dnsPolicy");
  const Value* config = spec.others.Find("dnsConfig");
  const size_t servers = config == nullptr ? 0 : config->GetList("nameservers").size();
  if (policy != nullptr && policy->AsString() == "None" && servers == 0) {
    reporter->Error(servers_path, "required with dnsPolicy \"None\"");
  }
  if (config == nullptr) return;
  if (servers > kMaxNameservers) {
    reporter->Error(servers_path, "must be at most " + std::to_string(kMaxNameservers));
  }
  ForEachIn(*config, "nameservers", config_path, [&](const Value& server, const FieldPath& at) {
    if (server.IsString()) RequireAddress(server.AsString(), at, reporter);
  });
  if (config->GetList("searches").size() > kMaxSearches) {
    reporter->Error(FieldPath(config_path, "searches"),
                    "must be at most " + std::to_string(kMaxSearches));
  }
  ForEachIn(*config, "options", config_path, [&](const Value& option, const FieldPath& at) {
    if (option.GetString("name").empty()) reporter->Error(FieldPath(at, "name"), "required");
  });
}

}  // namespace

void ValidatePodNetwork(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  if (!spec.hostname.empty()) {
    ReportIf(CheckDnsLabel(spec.hostname), FieldPath(path, "hostname"), reporter);
  }
  RequireLabel(spec, "subdomain", path, reporter);
  const FieldPath aliases(path, "hostAliases");
  const Value::List& list = ListIn(spec.others, "hostAliases");
  for (size_t i = 0; i < list.size(); ++i) {
    const FieldPath alias = FieldPath::Item(aliases, i);
    const std::string ip = list[i].GetString("ip");
    if (!ip.empty()) RequireAddress(ip, FieldPath(alias, "ip"), reporter);
    ForEachIn(list[i], "hostnames", alias, [&](const Value& name, const FieldPath& at) {
      if (name.IsString()) ReportIf(CheckDnsSubdomain(name.AsString()), at, reporter);
    });
  }
  ValidateDns(spec, path, reporter);
}

}  // namespace reconcile
