#include "runtime/docker_requests.h"

#include <algorithm>
#include <cstdio>

#include "base/value.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// By default the engine takes ctrl-p, ctrl-q from what is typed. Nobody types this.
constexpr std::string_view kNoDetachKeys = "ctrl-^,ctrl-@,ctrl-_,ctrl-@,ctrl-^";

Value Strings(const std::vector<std::string>& items) {
  Value list = Value::MakeList();
  for (const std::string& item : items) list.Append(Value::String(item));
  return list;
}

Value StringsByName(const StringMap& items) {
  Value map = Value::MakeMap();
  for (const auto& [name, value] : items) map.Set(name, Value::String(value));
  return map;
}

Value LogConfig(bool is_sandbox) {
  Value options = Value::MakeMap();
  if (!is_sandbox) {
    options.Set("max-size", Value::String(std::to_string(kLogMaxSizeMegabytes) + "m"));
    options.Set("max-file", Value::String(std::to_string(kLogMaxFiles)));
  }
  Value config = Value::MakeMap();
  config.Set("Type", Value::String(is_sandbox ? "none" : "json-file"));
  config.Set("Config", std::move(options));
  return config;
}

Value Mounts(const std::vector<BindMount>& binds) {
  Value mounts = Value::MakeList();
  for (const BindMount& bind : binds) {
    Value mount = Value::MakeMap();
    mount.Set("Type", Value::String("bind"));
    mount.Set("Source", Value::String(bind.host_path));
    mount.Set("Target", Value::String(bind.container_path));
    mount.Set("ReadOnly", Value::Bool(bind.read_only));
    if (!bind.propagation.empty()) {
      Value options = Value::MakeMap();
      options.Set("Propagation", Value::String(bind.propagation));
      mount.Set("BindOptions", std::move(options));
    }
    mounts.Append(std::move(mount));
  }
  return mounts;
}

std::string NetworkMode(const ContainerConfig& config) {
  if (!config.network_container.empty()) return "container:" + config.network_container;
  return config.network_start == NetworkStart::kHosts ? "host" : "none";
}

// The namespaces that are not new ones of its own.
void SetNamespaces(const ContainerConfig& config, Value* host) {
  const std::string network = NetworkMode(config);
  host->Set("NetworkMode", Value::String(network));
  if (config.host_ipc) {
    host->Set("IpcMode", Value::String("host"));
  } else if (!config.network_container.empty()) {
    host->Set("IpcMode", Value::String(network));
  } else if (config.is_sandbox) {
    host->Set("IpcMode", Value::String("shareable"));
  }
  if (config.process_view == ProcessView::kHosts) {
    host->Set("PidMode", Value::String("host"));
  } else if (config.process_view == ProcessView::kNetworkContainers) {
    host->Set("PidMode", Value::String(network));
  }
  if (!config.sysctls.empty()) host->Set("Sysctls", StringsByName(config.sysctls));
}

void ConfineSandbox(Value* host) {
  host->Set("SecurityOpt", Strings({"no-new-privileges"}));
  host->Set("CapDrop", Strings({"ALL"}));
  host->Set("ReadonlyRootfs", Value::Bool(true));
}

void SetRights(const ContainerRights& rights, Value* host) {
  if (rights.privileged) host->Set("Privileged", Value::Bool(true));
  if (rights.read_only_root) host->Set("ReadonlyRootfs", Value::Bool(true));
  const auto set = [host](const char* name, const std::vector<std::string>& items) {
    if (!items.empty()) host->Set(name, Strings(items));
  };
  set("GroupAdd", rights.groups);
  set("CapAdd", rights.capabilities_added);
  set("CapDrop", rights.capabilities_dropped);
  set("SecurityOpt", rights.security_options);
  if (!rights.proc_unmasked) return;
  for (const char* paths : {"MaskedPaths", "ReadonlyPaths"}) host->Set(paths, Value::MakeList());
}

Value HostConfig(const ContainerConfig& config) {
  Value host = Value::MakeMap();
  SetNamespaces(config, &host);
  config.is_sandbox ? ConfineSandbox(&host) : SetRights(config.rights, &host);
  if (config.cpu_shares > 0) host.Set("CpuShares", Value::Int(config.cpu_shares));
  if (config.cpu_quota_us > 0) {
    host.Set("CpuPeriod", Value::Int(kCpuPeriodUs));
    host.Set("CpuQuota", Value::Int(config.cpu_quota_us));
  }
  if (config.memory_bytes > 0) {
    host.Set("Memory", Value::Int(config.memory_bytes));
    // Without this the engine grants as much swap again on top of the limit.
    host.Set("MemorySwap", Value::Int(config.memory_bytes));
  }
  host.Set("OomScoreAdj", Value::Int(config.oom_score_adj));
  if (config.pids_limit > 0) host.Set("PidsLimit", Value::Int(config.pids_limit));
  Value restart = Value::MakeMap();
  restart.Set("Name", Value::String("no"));
  host.Set("RestartPolicy", std::move(restart));
  host.Set("LogConfig", LogConfig(config.is_sandbox));
  host.Set("Init", Value::Bool(false));
  if (!config.binds.empty()) host.Set("Mounts", Mounts(config.binds));
  return host;
}

std::string ClusterFilter(const std::string& cluster_id) {
  return std::string(kLabelCluster) + "=" + cluster_id;
}

}  // namespace

std::string EscapeUrl(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '.' || c == '_' || c == '~') {
      escaped += c;
    } else {
      escaped += '%';
      escaped += kHex[byte >> 4];
      escaped += kHex[byte & 15];
    }
  }
  return escaped;
}

Status ValidateConfig(const ContainerConfig& config) {
  RETURN_IF_ERROR(ValidateContainerName(config.name));
  if (!config.network_container.empty()) {
    RETURN_IF_ERROR(ValidateContainerName(config.network_container));
  }
  const Result<ImageReference> image = ParseImageReference(config.image);
  return image.status().WithContext("container " + config.name);
}

std::string CreatePath(const ContainerConfig& config) {
  return "/containers/create?name=" + EscapeUrl(config.name);
}

std::string CreateBody(const ContainerConfig& config) {
  Value body = Value::MakeMap();
  body.Set("Image", Value::String(config.image));
  if (!config.entrypoint.empty()) body.Set("Entrypoint", Strings(config.entrypoint));
  if (!config.cmd.empty()) body.Set("Cmd", Strings(config.cmd));
  if (!config.env.empty()) body.Set("Env", Strings(config.env));
  if (!config.working_dir.empty()) body.Set("WorkingDir", Value::String(config.working_dir));
  if (config.has_input) body.Set("OpenStdin", Value::Bool(true));
  if (config.has_input && config.input_once) body.Set("StdinOnce", Value::Bool(true));
  if (config.has_terminal) body.Set("Tty", Value::Bool(true));
  // What is left then is the OCI runtime's default, a namespace of its own.
  if (config.network_container.empty() && config.network_start == NetworkStart::kBare) {
    body.Set("NetworkDisabled", Value::Bool(true));
  }
  // The engine refuses a host name beside a joined network namespace, and takes the sandbox's.
  const bool has_own_name =
      config.network_container.empty() && config.network_start != NetworkStart::kHosts;
  if (!config.hostname.empty() && has_own_name) {
    body.Set("Hostname", Value::String(config.hostname));
  }
  if (!config.is_sandbox && !config.rights.user.empty()) {
    body.Set("User", Value::String(config.rights.user));
  }
  body.Set("Labels", StringsByName(config.labels));
  body.Set("HostConfig", HostConfig(config));
  return WriteJson(body);
}

std::string ExecBody(const std::vector<std::string>& command, const StreamOptions& options) {
  Value body = Value::MakeMap();
  if (options.in) body.Set("AttachStdin", Value::Bool(true));
  body.Set("AttachStdout", Value::Bool(options.out || options.tty));
  body.Set("AttachStderr", Value::Bool(options.err));
  if (options.tty) {
    body.Set("Tty", Value::Bool(true));
    body.Set("DetachKeys", Value::String(std::string(kNoDetachKeys)));
  }
  body.Set("Cmd", Strings(command));
  return WriteJson(body);
}

std::string AttachPath(const std::string& id, const StreamOptions& options, bool terminal) {
  std::string path = "/containers/" + EscapeUrl(id) + "/attach?stream=1";
  if (options.in) path += "&stdin=1";
  if (options.out || (terminal && options.err)) path += "&stdout=1";
  if (options.err && !terminal) path += "&stderr=1";
  return path + "&detachKeys=" + EscapeUrl(kNoDetachKeys);
}

std::string UpgradeRequest(const std::string& path, const std::string& body) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
         "Content-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string ListPath(const std::string& cluster_id) {
  Value filters = Value::MakeMap();
  filters.Set("label", Strings({ClusterFilter(cluster_id)}));
  return "/containers/json?all=1&filters=" + EscapeUrl(WriteJson(filters));
}

std::string EventsPath(const std::string& cluster_id, int64_t since_seconds) {
  Value filters = Value::MakeMap();
  filters.Set("type", Strings({"container"}));
  filters.Set("label", Strings({ClusterFilter(cluster_id)}));
  filters.Set("event",
              Strings({"start", "die", "destroy", "oom", "rename", "pause", "unpause", "update"}));
  return "/events?since=" + std::to_string(since_seconds) +
         "&filters=" + EscapeUrl(WriteJson(filters));
}

std::string PullPath(const ImageReference& reference) {
  return "/images/create?fromImage=" + EscapeUrl(reference.name) +
         "&tag=" + EscapeUrl(reference.tag);
}

std::string RegistryAuth(const RegistryLogin& login) {
  Value auth = Value::MakeMap();
  auth.Set("username", Value::String(login.username));
  auth.Set("password", Value::String(login.password));
  if (!login.identity_token.empty()) {
    auth.Set("identitytoken", Value::String(login.identity_token));
  }
  auth.Set("serveraddress", Value::String(login.server));
  std::string text = EncodeBase64(WriteJson(auth));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string LogsPath(const std::string& id, bool follow, bool timestamps, int64_t tail,
                     const std::optional<LogStamp>& since) {
  std::string path = "/containers/" + EscapeUrl(id) + "/logs?stdout=1&stderr=1";
  if (follow) path += "&follow=1";
  if (timestamps) path += "&timestamps=1";
  path += "&tail=" + (tail < 0 ? std::string("all") : std::to_string(tail));
  if (since.has_value()) {
    char text[48];
    std::snprintf(text, sizeof(text), "&since=%lld.%09d", static_cast<long long>(since->seconds),
                  since->nanoseconds);
    path += text;
  }
  return path;
}

}  // namespace reconcile
