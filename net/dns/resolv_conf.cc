#include "net/dns/resolv_conf.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/lines.h"

namespace reconcile {
namespace {

constexpr std::string_view kSpaces = " \t\r";

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    const size_t begin = line.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const size_t end = std::min(line.find_first_of(kSpaces), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

DnsOption ParseOption(const std::string& word) {
  const size_t colon = word.find(':');
  if (colon == std::string::npos) return {word, ""};
  return {word.substr(0, colon), word.substr(colon + 1)};
}

bool IsLoopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

bool IsAddress(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

void AppendNew(const std::vector<std::string>& from, std::vector<std::string>* to) {
  for (const std::string& value : from) {
    if (std::find(to->begin(), to->end(), value) == to->end()) to->push_back(value);
  }
}

bool WantsCluster(const PodDns& pod) {
  switch (pod.policy) {
    case DnsPolicy::kClusterFirst:
      return !pod.host_network;  // there, the cluster's DNS must be asked for
    case DnsPolicy::kClusterFirstWithHostNet:
      return true;
    case DnsPolicy::kDefault:
    case DnsPolicy::kNone:
      return false;
  }
  return false;
}

// What the policy gives, before dnsConfig.
ResolvConf OfPolicy(const PodDns& pod, const ClusterDns& cluster, const ResolvConf& host) {
  if (pod.policy == DnsPolicy::kNone) return {};
  if (WantsCluster(pod) && !cluster.address.empty()) {
    ResolvConf conf;
    conf.nameservers = {cluster.address};
    const std::string services = "svc." + cluster.domain;
    conf.searches = {pod.namespace_name + "." + services, services, cluster.domain};
    AppendNew(host.searches, &conf.searches);
    conf.options = {{"ndots", "5"}};
    return conf;
  }
  ResolvConf conf = host;
  if (!pod.host_network) std::erase_if(conf.nameservers, IsLoopback);
  return conf;
}

void MergeOptions(const std::vector<DnsOption>& from, std::vector<DnsOption>* to) {
  for (const DnsOption& option : from) {
    const auto same = std::find_if(
        to->begin(), to->end(), [&](const DnsOption& other) { return other.name == option.name; });
    if (same != to->end()) {
      same->value = option.value;
    } else {
      to->push_back(option);
    }
  }
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// As the kubelet: what is beyond the limits is left out from the end, and said.
void FitLimits(ResolvConf* conf, std::vector<std::string>* warnings) {
  if (conf->nameservers.size() > kMaxPodNameservers) {
    conf->nameservers.resize(kMaxPodNameservers);
    warnings->push_back("more than 3 nameservers: some are left out, the pod uses " +
                        Joined(conf->nameservers));
  }
  const size_t searches = conf->searches.size();
  if (searches > kMaxPodSearches) conf->searches.resize(kMaxPodSearches);
  while (Joined(conf->searches).size() > kMaxPodSearchBytes) conf->searches.pop_back();
  if (conf->searches.size() < searches) {
    warnings->push_back(
        "more than 32 search domains or 2048 characters of them: the pod uses the first " +
        std::to_string(conf->searches.size()));
  }
}

}  // namespace

ResolvConf ParseResolvConf(std::string_view text) {
  ResolvConf conf;
  for (const std::string_view line : SplitLines(text)) {
    std::vector<std::string> words = Words(line);
    if (words.size() < 2 || words[0][0] == '#' || words[0][0] == ';') continue;
    if (words[0] == "nameserver") {
      AppendNew({words[1]}, &conf.nameservers);
    } else if (words[0] == "search" || words[0] == "domain") {
      conf.searches.clear();
      // systemd-resolved writes "search ." for none.
      for (size_t i = 1; i < words.size(); ++i) {
        if (words[i] != ".") AppendNew({words[i]}, &conf.searches);
      }
    } else if (words[0] == "options") {
      for (size_t i = 1; i < words.size(); ++i) {
        if (words[i][0] != ':') MergeOptions({ParseOption(words[i])}, &conf.options);
      }
    }
  }
  return conf;
}

std::string FormatResolvConf(const ResolvConf& conf) {
  std::string text;
  if (!conf.searches.empty()) text += "search " + Joined(conf.searches) + "\n";
  for (const std::string& server : conf.nameservers) text += "nameserver " + server + "\n";
  std::vector<std::string> options;
  for (const DnsOption& option : conf.options) {
    options.push_back(option.value.empty() ? option.name : option.name + ":" + option.value);
  }
  if (!options.empty()) text += "options " + Joined(options) + "\n";
  return text;
}

PodResolvConf MakePodResolvConf(const PodDns& pod, const ClusterDns& cluster,
                                std::string_view host_resolv_conf) {
  PodResolvConf made;
  ResolvConf conf = OfPolicy(pod, cluster, ParseResolvConf(host_resolv_conf));
  AppendNew(pod.config.nameservers, &conf.nameservers);
  AppendNew(pod.config.searches, &conf.searches);
  MergeOptions(pod.config.options, &conf.options);
  FitLimits(&conf, &made.warnings);
  if (conf.nameservers.empty()) {
    made.warnings.push_back(
        "no nameserver is left for the pod: the host's are on its loopback, which pods do not "
        "reach; name one in dnsConfig.nameservers");
  }
  made.text = FormatResolvConf(conf);
  return made;
}

std::vector<DnsUpstream> PickUpstreams(std::string_view etc_resolv_conf,
                                       std::string_view systemd_resolv_conf,
                                       const std::string& own_address) {
  std::vector<DnsUpstream> loopback;
  for (const std::string_view text : {etc_resolv_conf, systemd_resolv_conf}) {
    std::vector<DnsUpstream> upstreams;
    for (const std::string& server : ParseResolvConf(text).nameservers) {
      if (server == own_address || !IsAddress(server)) continue;
      if (server == "127.0.0.53" || server == "127.0.0.54") continue;  // systemd-resolved(8)
      std::vector<DnsUpstream>* to = IsLoopback(server) ? &loopback : &upstreams;
      if (to->size() < kMaxUpstreams) to->push_back({server});
    }
    if (!upstreams.empty()) return upstreams;
  }
  return loopback;
}

}  // namespace reconcile
