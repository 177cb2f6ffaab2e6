#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_pod.h"

namespace reconcile {

namespace {

constexpr size_t kMaxNameservers = 3;
constexpr size_t kMaxSearches = 32;

void RequireLabel(const std::string& name, std::string_view field, const FieldPath& path,
                  FieldReporter* reporter) {
  if (!name.empty()) ReportIf(CheckDnsLabel(name), FieldPath(path, field), reporter);
}

void RequireAddress(const std::string& text, const FieldPath& path, FieldReporter* reporter) {
  if (!IsIpAddress(text)) reporter->Error(path, Quoted(text) + " is not an IP address");
  WarnOfAddress(text, path, reporter);
}

void ValidateDns(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath config_path(path, "dnsConfig");
  const FieldPath servers_path(config_path, "nameservers");
  static const PodDnsConfig kNone;
  const PodDnsConfig& config = spec.dns_config ? *spec.dns_config : kNone;
  if (spec.dns_policy == DnsPolicy::kNone && config.nameservers.empty()) {
    reporter->Error(servers_path, "required with dnsPolicy \"None\"");
  }
  if (config.nameservers.size() > kMaxNameservers) {
    reporter->Error(servers_path, "must be at most " + std::to_string(kMaxNameservers));
  }
  for (size_t i = 0; i < config.nameservers.size(); ++i) {
    RequireAddress(config.nameservers[i], FieldPath::Item(servers_path, i), reporter);
  }
  if (config.searches.size() > kMaxSearches) {
    reporter->Error(FieldPath(config_path, "searches"),
                    "must be at most " + std::to_string(kMaxSearches));
  }
  const FieldPath options_path(config_path, "options");
  for (size_t i = 0; i < config.options.size(); ++i) {
    if (!config.options[i].name.empty()) continue;
    const FieldPath option = FieldPath::Item(options_path, i);
    reporter->Error(FieldPath(option, "name"), "required");
  }
}

}  // namespace

void ValidatePodNetwork(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  RequireLabel(spec.hostname, "hostname", path, reporter);
  RequireLabel(spec.subdomain, "subdomain", path, reporter);
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
