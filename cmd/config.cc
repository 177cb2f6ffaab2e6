#include "cmd/config.h"

#include <functional>
#include <map>
#include <set>

#include "cmd/endpoint.h"
#include "net/dns/resolv_conf.h"
#include "net/ipam.h"
#include "schema/manifests.h"
#include "schema/names.h"
#include "source/repository_url.h"
#include "source/source_settings.h"

namespace reconcile {
namespace {

constexpr int64_t kLeastSilenceSeconds = 3;  // agents then speak every second
constexpr int64_t kMostSilenceSeconds = 86'400;
constexpr int64_t kMostPressureSeconds = 86'400;
constexpr int kLongestPodCidrPrefix = 24;  // room for one host's subnet
constexpr int kLongestServiceCidrPrefix = 28;
constexpr int kShortestServiceCidrPrefix = 8;
constexpr size_t kLongestSocketPath = 107;  // sockaddr_un
using Check = std::string (*)(const std::string&);

std::string CheckAbsolute(const std::string& text) {
  return text.starts_with("/") ? "" : "must be an absolute path, is '" + text + "'";
}

std::string CheckSourceName(const std::string& text) { return CheckDnsLabel(text); }
std::string CheckSourceRepository(const std::string& text) { return CheckRepository(text); }
std::string CheckNamespace(const std::string& text) { return CheckDnsLabel(text); }
std::string CheckGroup(const std::string& text) { return CheckDnsSubdomain(text); }
std::string CheckAny(const std::string&) { return ""; }

// Reads one map strictly: every key has a reader, every other key is a problem.
class MapReader {
 public:
  using Reader = std::function<void(const Value&)>;

  MapReader(std::string path, std::string file, Problems* problems)
      : path_(std::move(path)), file_(std::move(file)), problems_(problems) {}

  MapReader& On(std::string key, Reader reader) {
    readers_[std::move(key)] = std::move(reader);
    return *this;
  }
  MapReader& Text(std::string key, Check check, std::string* target) {
    return On(key, [this, key, check, target](const Value& value) {
      if (!value.IsString()) return Wrong(value, key, "a string");
      *target = value.AsString();
      const std::string wrong = check(*target);
      if (!wrong.empty()) Add(value.mark, Full(key) + ": " + wrong);
    });
  }
  MapReader& Number(std::string key, int64_t least, int64_t most,
                    const std::function<void(int64_t)>& set) {
    return On(key, [this, key, least, most, set](const Value& value) {
      if (value.IsInt() && value.AsInt() >= least && value.AsInt() <= most) {
        set(value.AsInt());
      } else {
        Wrong(value, key, "a number from " + std::to_string(least) + " to " + std::to_string(most));
      }
    });
  }
  MapReader& Flag(std::string key, bool* target) {
    return On(key, [this, key, target](const Value& value) {
      if (value.type() != Value::Type::kBool) return Wrong(value, key, "true or false");
      *target = value.AsBool();
    });
  }
  MapReader& Texts(std::string key, Check check, std::vector<std::string>* target) {
    return On(key, [this, key, check, target](const Value& value) {
      if (!value.IsList()) return Wrong(value, key, "a list of strings");
      target->clear();
      for (const Value& item : value.AsList()) {
        if (!item.IsString()) return Wrong(item, key, "a list of strings");
        const std::string wrong = check(item.AsString());
        if (!wrong.empty()) Add(item.mark, Full(key) + ": " + wrong);
        target->push_back(item.AsString());
      }
    });
  }
  MapReader& Labels(std::string key, StringMap* target) {
    return On(key, [this, key, target](const Value& value) {
      if (!value.IsMap()) return Wrong(value, key, "a map of strings");
      for (const Value::Member& member : value.AsMap()) ReadLabel(member, key, target);
    });
  }

  void Read(const Value& map) {
    if (!map.IsMap()) {
      Add(map.mark, (path_.empty() ? "the file" : path_) + ": must be a map");
      return;
    }
    for (const Value::Member& member : map.AsMap()) {
      const auto reader = readers_.find(member.key);
      if (reader == readers_.end()) {
        Add(member.key_mark, Full(member.key) + ": unknown setting; known here: " + Known());
      } else if (!member.value.IsNull()) {
        reader->second(member.value);
      }
    }
  }

  void Wrong(const Value& value, const std::string& key, const std::string& wanted) {
    Add(value.mark,
        Full(key) + ": must be " + wanted + ", is " + std::string(ToString(value.type())));
  }

 private:
  void ReadLabel(const Value::Member& member, const std::string& key, StringMap* target) {
    const std::string full = key + "." + member.key;
    if (!member.value.IsString()) return Wrong(member.value, full, "a string");
    const std::string wrong_key = CheckQualifiedName(member.key);
    const std::string wrong_value = CheckLabelValue(member.value.AsString());
    if (!wrong_key.empty()) Add(member.key_mark, Full(full) + ": " + wrong_key);
    if (!wrong_value.empty()) Add(member.value.mark, Full(full) + ": " + wrong_value);
    (*target)[member.key] = member.value.AsString();
  }
  std::string Full(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }
  std::string Known() const {
    std::string names;
    for (const auto& [name, reader] : readers_) names += (names.empty() ? "" : ", ") + name;
    return names;
  }
  void Add(Mark mark, std::string message) {
    problems_->errors.push_back({file_, mark.line, mark.column, std::move(message)});
  }

  std::string path_;
  std::string file_;
  Problems* problems_;
  std::map<std::string, Reader> readers_;
};

void ReadCredentials(const Value& value, const std::string& path, const std::string& file,
                     SourceCredentials* credentials, Problems* problems) {
  MapReader(path + ".credentials", file, problems)
      .Text("tokenFile", CheckAbsolute, &credentials->token_file)
      .Text("usernameFile", CheckAbsolute, &credentials->username_file)
      .Text("passwordFile", CheckAbsolute, &credentials->password_file)
      .Text("caFile", CheckAbsolute, &credentials->ca_file)
      .Text("clientCertificateFile", CheckAbsolute, &credentials->client_certificate_file)
      .Text("clientKeyFile", CheckAbsolute, &credentials->client_key_file)
      .Text("sshKeyFile", CheckAbsolute, &credentials->ssh_key_file)
      .Text("knownHostsFile", CheckAbsolute, &credentials->known_hosts_file)
      .Read(value);
}

void ReadWebhook(const Value& value, const std::string& path, const std::string& file,
                 SourceSpec* spec, Problems* problems) {
  SourceWebhookSpec& webhook = spec->webhook.emplace();
  MapReader(path + ".webhook", file, problems)
      .Text("secretFile", CheckAbsolute, &webhook.secret_file)
      .Text("provider", CheckWebhookProvider, &webhook.provider)
      .Read(value);
}

SourceConfig ReadSource(const Value& value, const std::string& path, const std::string& file,
                        Problems* problems) {
  SourceConfig source;
  SourceSpec& spec = source.spec;
  const size_t errors_before = problems->errors.size();
  MapReader(path, file, problems)
      .Text("name", CheckSourceName, &source.name)
      .Text("repository", CheckSourceRepository, &spec.repository)
      .Text("revision", CheckAny, &spec.revision)
      .Text("semver", CheckSemver, &spec.semver)
      .Text("path", CheckAny, &spec.path)
      .Texts("namespaces", CheckNamespace, &spec.namespaces)
      .Texts("ignoreGroups", CheckGroup, &spec.ignore_groups)
      .Text("interval", CheckInterval, &spec.interval)
      .Texts("dependsOn", CheckSourceName, &spec.depends_on)
      .Flag("suspend", &spec.suspend)
      .Text("apply", CheckApply, &spec.apply)
      .On("credentials",
          [&](const Value& map) { ReadCredentials(map, path, file, &spec.credentials, problems); })
      .On("webhook", [&](const Value& map) { ReadWebhook(map, path, file, &spec, problems); })
      .Read(value);
  const auto add = [&](const std::string& message) {
    problems->errors.push_back({file, value.mark.line, value.mark.column, path + message});
  };
  if (source.name.empty() || spec.repository.empty()) {
    add(": needs a name and a repository");
  } else if (problems->errors.size() == errors_before) {
    const std::string wrong = CheckSourceSpec(spec);
    if (!wrong.empty()) add(": " + wrong);
  }
  return source;
}

// Sources that each depend on the next, the first one on nothing that is in `path` already; empty
// when there is no way back to `path.front()`.
std::vector<std::string> WayBack(const std::map<std::string, const SourceSpec*>& sources,
                                 const std::vector<std::string>& path,
                                 std::set<std::string>* seen) {
  const std::vector<std::string>& names = sources.at(path.back())->depends_on;
  for (const std::string& next : names) {
    std::vector<std::string> longer = path;
    longer.push_back(next);
    if (next == path.front()) return longer;
    if (!sources.contains(next) || !seen->insert(next).second) continue;
    std::vector<std::string> found = WayBack(sources, longer, seen);
    if (!found.empty()) return found;
  }
  return {};
}

// What is wrong with a source's dependsOn; empty when nothing is.
std::string WrongDependency(const std::map<std::string, const SourceSpec*>& sources,
                            const std::string& name) {
  const std::vector<std::string>& names = sources.at(name)->depends_on;
  for (const std::string& other : names) {
    if (!sources.contains(other)) return "no source is named '" + other + "'";
  }
  std::set<std::string> seen;
  const std::vector<std::string> circle = WayBack(sources, {name}, &seen);
  std::string text;
  for (const std::string& step : circle) text += (text.empty() ? "" : " -> ") + step;
  return text.empty() ? "" : "depends on itself: " + text;
}

void CheckDependencies(const Value::List& items, const std::string& file,
                       const std::vector<SourceConfig>& sources, Problems* problems) {
  std::map<std::string, const SourceSpec*> by_name;
  for (const SourceConfig& source : sources) by_name.emplace(source.name, &source.spec);
  for (size_t i = 0; i < sources.size(); ++i) {
    const std::string wrong = WrongDependency(by_name, sources[i].name);
    if (wrong.empty()) continue;
    problems->errors.push_back({file, items[i].mark.line, items[i].mark.column,
                                "sources[" + std::to_string(i) + "].dependsOn: " + wrong});
  }
}

void ReadSources(const Value& value, const std::string& file, Config* config, Problems* problems) {
  if (!value.IsList()) {
    problems->errors.push_back(
        {file, value.mark.line, value.mark.column, "sources: must be a list"});
    return;
  }
  config->sources.clear();
  if (value.AsList().size() > kMaxSources) {
    problems->errors.push_back({file, value.mark.line, value.mark.column,
                                "sources: more than kMaxSources = " + std::to_string(kMaxSources)});
    return;
  }
  for (const Value& item : value.AsList()) {
    const std::string path = "sources[" + std::to_string(config->sources.size()) + "]";
    SourceConfig source = ReadSource(item, path, file, problems);
    for (const SourceConfig& other : config->sources) {
      if (other.name != source.name) continue;
      problems->errors.push_back({file, item.mark.line, item.mark.column,
                                  path + ": the name '" + source.name + "' is taken"});
    }
    config->sources.push_back(std::move(source));
  }
  CheckDependencies(value.AsList(), file, config->sources, problems);
}

void ReadBreaker(const Value& value, const std::string& file, BreakerLimits* breaker,
                 Problems* problems) {
  const auto to_int32 = [](int32_t* target) {
    return [target](int64_t number) { *target = static_cast<int32_t>(number); };
  };
  MapReader("deletionBreaker", file, problems)
      .Number("maxObjects", 0, 1'000'000, to_int32(&breaker->max_objects))
      .Number("maxPercent", 0, 100, to_int32(&breaker->max_percent))
      .Number("minForPercent", 0, 1'000'000, to_int32(&breaker->min_for_percent))
      .Number("windowSeconds", 0, 86'400,
              [breaker](int64_t seconds) { breaker->window_ms = seconds * 1000; })
      .Read(value);
}

void ReadHosts(const Value& value, const std::string& file, Config* config, Problems* problems) {
  const auto to_ms = [](int64_t* target) {
    return [target](int64_t seconds) { *target = seconds * 1000; };
  };
  MapReader("hosts", file, problems)
      .Number("silentAfterSeconds", kLeastSilenceSeconds, kMostSilenceSeconds,
              to_ms(&config->silent_after_ms))
      .Number("replaceAfterSeconds", 0, kMostSilenceSeconds, to_ms(&config->replace_after_ms))
      .Read(value);
}

void ReadEviction(const Value& value, const std::string& file, PressureLimits* limits,
                  Problems* problems) {
  MapReader reader("node.evictionHard", file, problems);
  for (const Signal signal : kAllSignals) {
    const std::string name(ToString(signal));
    reader.On(name, [&reader, &file, problems, limits, signal, name](const Value& text) {
      const bool is_text = text.IsString() || text.IsInt();
      if (!is_text) return reader.Wrong(text, name, "an amount, as 100Mi, or a percentage, as 10%");
      const Result<Threshold> threshold =
          ParseThreshold(text.IsInt() ? std::to_string(text.AsInt()) : text.AsString());
      if (threshold.ok()) {
        limits->thresholds[static_cast<size_t>(signal)] = *threshold;
      } else {
        problems->errors.push_back(
            {file, text.mark.line, text.mark.column,
             "node.evictionHard." + name + ": " + threshold.status().message()});
      }
    });
  }
  reader.Read(value);
}

void ReadNode(const Value& value, const std::string& file, Config* config, Problems* problems) {
  ImageLimits* const images = &config->images;
  MapReader("node", file, problems)
      .Text("name", CheckNodeName, &config->node_name)
      .Text("address", CheckNodeAddress, &config->node_address)
      .Labels("labels", &config->node_labels)
      .On("evictionHard",
          [&](const Value& map) { ReadEviction(map, file, &config->pressure, problems); })
      .Number("evictionPressureTransitionSeconds", 0, kMostPressureSeconds,
              [config](int64_t seconds) { config->pressure.transition_ms = seconds * 1000; })
      .Number("imageGCHighThresholdPercent", 0, 100,
              [images](int64_t percent) { images->high_percent = static_cast<int32_t>(percent); })
      .Number("imageGCLowThresholdPercent", 0, 100,
              [images](int64_t percent) { images->low_percent = static_cast<int32_t>(percent); })
      .Number("imageMinimumGCAgeSeconds", 0, kMostPressureSeconds,
              [images](int64_t seconds) { images->min_age_ms = seconds * 1000; })
      .Read(value);
  if (images->low_percent < images->high_percent) return;
  problems->errors.push_back({file, value.mark.line, value.mark.column,
                              "node: imageGCLowThresholdPercent (" +
                                  std::to_string(images->low_percent) +
                                  ") must be below imageGCHighThresholdPercent (" +
                                  std::to_string(images->high_percent) + ")"});
}

// "192.0.2.53", "192.0.2.53:5353", "2001:db8::53" or "[2001:db8::53]:5353".
Result<DnsUpstream> ParseDnsUpstream(const std::string& text) {
  DnsUpstream upstream{text};
  if (CheckDnsUpstream(upstream).ok()) return upstream;
  const Result<SocketAddress> endpoint = ParseEndpoint(text);
  if (endpoint.ok()) upstream = {endpoint->host, endpoint->port};
  if (endpoint.ok() && CheckDnsUpstream(upstream).ok()) return upstream;
  return InvalidError("'" + text +
                      "' is no name server's address like 192.0.2.53 or "
                      "192.0.2.53:5353");
}

// A list of name servers, at most kMaxUpstreams. `path`: of the setting.
std::vector<DnsUpstream> ReadUpstreams(const Value& value, const std::string& path,
                                       const std::string& file, Problems* problems) {
  std::vector<DnsUpstream> upstreams;
  const auto add = [&](const Value& at, const std::string& message) {
    problems->errors.push_back({file, at.mark.line, at.mark.column, path + ": " + message});
  };
  const bool is_list = value.IsList() && !value.AsList().empty();
  if (!is_list || value.AsList().size() > kMaxUpstreams) {
    add(value,
        "must be a list of 1 to " + std::to_string(kMaxUpstreams) + " name servers' addresses");
    return upstreams;
  }
  for (const Value& item : value.AsList()) {
    const Result<DnsUpstream> upstream = item.IsString()
                                             ? ParseDnsUpstream(item.AsString())
                                             : Result<DnsUpstream>(InvalidError("no address"));
    if (!upstream.ok()) {
      add(item, upstream.status().message());
    } else {
      upstreams.push_back(*upstream);
    }
  }
  return upstreams;
}

void ReadStubDomains(const Value& value, const std::string& file, Config* config,
                     Problems* problems) {
  const std::string path = "dns.stubDomains";
  const auto add = [&](Mark mark, const std::string& message) {
    problems->errors.push_back({file, mark.line, mark.column, path + message});
  };
  if (!value.IsMap()) return add(value.mark, ": must be a map of domains to name servers");
  if (value.AsMap().size() > kMaxStubDomains) {
    return add(value.mark,
               ": more than " + std::to_string(kMaxStubDomains) + " domains; name fewer");
  }
  config->stub_domains.clear();
  for (const Value::Member& member : value.AsMap()) {
    const std::string wrong = CheckDnsSubdomain(member.key);
    if (!wrong.empty()) add(member.key_mark, "." + member.key + ": " + wrong);
    config->stub_domains.push_back(
        {member.key, ReadUpstreams(member.value, path + "." + member.key, file, problems)});
  }
}

// By the names that kube-dns' ConfigMap gave them.
void ReadDns(const Value& value, const std::string& file, Config* config, Problems* problems) {
  MapReader("dns", file, problems)
      .On("upstreamNameservers",
          [&](const Value& list) {
            config->dns_upstreams = ReadUpstreams(list, "dns.upstreamNameservers", file, problems);
          })
      .On("stubDomains", [&](const Value& map) { ReadStubDomains(map, file, config, problems); })
      .Read(value);
}

void ReadControllerAddress(const Value& value, const std::string& file, Config* config,
                           Problems* problems) {
  MapReader("controller", file, problems)
      .Text("address", CheckDialEndpoint, &config->controller_address)
      .Read(value);
}

}  // namespace

std::string CheckPodCidr(const std::string& text) {
  const Result<Cidr> cidr = Cidr::Parse(text);
  if (!cidr.ok()) return cidr.status().message();
  if (cidr->ToString() != text) return "has host bits set; write " + cidr->ToString();
  if (cidr->prefix <= kLongestPodCidrPrefix) return "";
  return text + " is too small: every host takes a /" + std::to_string(kLongestPodCidrPrefix) +
         " of it";
}

std::string CheckServiceCidr(const std::string& text) {
  const Result<Cidr> cidr = Cidr::Parse(text);
  if (!cidr.ok()) return cidr.status().message();
  if (cidr->ToString() != text) return "has host bits set; write " + cidr->ToString();
  if (cidr->prefix > kLongestServiceCidrPrefix) {
    return text + " is too small: the longest prefix is /" +
           std::to_string(kLongestServiceCidrPrefix);
  }
  return cidr->prefix >= kShortestServiceCidrPrefix
             ? ""
             : text + " is too large: the shortest prefix is /" +
                   std::to_string(kShortestServiceCidrPrefix);
}

std::string CheckClusterDomain(const std::string& text) { return CheckDnsSubdomain(text); }

std::string CheckNetworkBackend(const std::string& text) {
  return text == "vxlan" || text == "host-gw" ? "" : "must be vxlan or host-gw, is '" + text + "'";
}

std::string CheckLogLevel(const std::string& text) {
  return text == "info" || text == "debug" ? "" : "must be info or debug, is '" + text + "'";
}

std::string CheckLogFormat(const std::string& text) {
  return text == "text" || text == "json" ? "" : "must be text or json, is '" + text + "'";
}

std::string CheckNodeName(const std::string& text) { return CheckDnsSubdomain(text); }

std::string CheckNodeAddress(const std::string& text) {
  const Result<uint32_t> address = ParseIpv4(text);
  return address.ok() ? "" : address.status().message();
}

std::string CheckSocketPath(const std::string& text) {
  if (text.size() <= kLongestSocketPath) return CheckAbsolute(text);
  return "is " + std::to_string(text.size()) + " bytes long; a socket's path may have " +
         std::to_string(kLongestSocketPath);
}

void ReadConfig(std::string_view text, const std::string& file, Config* config,
                Problems* problems) {
  YamlDocuments read = ReadYaml(text);
  for (Problem& problem : read.errors) {
    problem.file = file;
    problems->errors.push_back(std::move(problem));
  }
  for (const Value& document : read.documents) {
    MapReader("", file, problems)
        .Text("dataFolder", CheckAbsolute, &config->data_folder)
        .Text("socket", CheckSocketPath, &config->socket_path)
        .Text("dockerSocket", CheckSocketPath, &config->docker_socket)
        .Text("listen", CheckListenEndpoint, &config->listen)
        .Text("apiListen", CheckApiListen, &config->api_listen)
        .Text("advertise", CheckDialEndpoint, &config->advertise)
        .On("controller",
            [&](const Value& value) { ReadControllerAddress(value, file, config, problems); })
        .Text("podCIDR", CheckPodCidr, &config->pod_cidr)
        .Text("serviceCIDR", CheckServiceCidr, &config->service_cidr)
        .Text("clusterDomain", CheckClusterDomain, &config->cluster_domain)
        .Text("networkBackend", CheckNetworkBackend, &config->network_backend)
        .Text("logLevel", CheckLogLevel, &config->log_level)
        .Text("logFormat", CheckLogFormat, &config->log_format)
        .On("dns", [&](const Value& value) { ReadDns(value, file, config, problems); })
        .On("node", [&](const Value& value) { ReadNode(value, file, config, problems); })
        .On("hosts", [&](const Value& value) { ReadHosts(value, file, config, problems); })
        .On("sources", [&](const Value& value) { ReadSources(value, file, config, problems); })
        .On("deletionBreaker",
            [&](const Value& value) { ReadBreaker(value, file, &config->breaker, problems); })
        .Read(document);
  }
}

}  // namespace reconcile
