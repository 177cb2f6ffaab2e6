#include "agent/registry_logins.h"

#include <fnmatch.h>

#include <algorithm>

#include "base/value.h"
#include "schema/pull_secrets.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr std::string_view kDockerHub = "index.docker.io";

struct RegistryName {
  std::string host;  // with its port
  std::string path;  // "" or "/team/app"
};

RegistryName SplitName(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash))};
}

// As `docker login` and people write it: "https://index.docker.io/v1/", "registry:5000".
std::string NormalName(std::string_view written) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (written.starts_with(scheme)) written.remove_prefix(scheme.size());
  }
  RegistryName name = SplitName(written);
  if (name.path.starts_with("/v2/") || name.path.starts_with("/v1/")) name.path.erase(0, 3);
  return name.host + (name.path == "/" ? "" : name.path);
}

std::vector<std::string> PartsOf(std::string_view host) {
  std::vector<std::string> parts(1);
  for (const char c : host) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool HostMatches(const std::string& glob, const std::string& host) {
  const size_t glob_colon = std::min(glob.rfind(':'), glob.size());
  const size_t host_colon = std::min(host.rfind(':'), host.size());
  if (glob.substr(glob_colon) != host.substr(host_colon)) return false;
  const std::vector<std::string> globs = PartsOf(glob.substr(0, glob_colon));
  const std::vector<std::string> parts = PartsOf(host.substr(0, host_colon));
  return std::equal(globs.begin(), globs.end(), parts.begin(), parts.end(),
                    [](const std::string& pattern, const std::string& part) {
                      return fnmatch(pattern.c_str(), part.c_str(), 0) == 0;
                    });
}

// "nginx" and "team/nginx" are Docker Hub's; a registry's name has a dot, a port or is localhost.
bool IsOfDockerHub(const RegistryName& image) {
  if (image.path.empty() || image.host == "docker.io" || image.host == kDockerHub) return true;
  return image.host != "localhost" && image.host.find_first_of(".:") == std::string::npos;
}

bool Matches(const std::string& registry, const RegistryName& image) {
  if (IsOfDockerHub(image)) return registry == kDockerHub || registry == "docker.io";
  const RegistryName name = SplitName(registry);
  return HostMatches(name.host, image.host) && image.path.starts_with(name.path);
}

// One entry as `docker login` writes it; nothing without a user or a token.
std::optional<RegistryLogin> LoginOf(const std::string& server, const Value& entry) {
  RegistryLogin login;
  login.server = server;
  login.username = entry.GetString("username");
  login.password = entry.GetString("password");
  login.identity_token = entry.GetString("identitytoken");
  std::string auth = entry.GetString("auth");
  while (auth.size() % 4 != 0) auth += '=';  // some leave the padding out
  std::string decoded;
  if (!auth.empty() && DecodeBase64(auth, &decoded)) {
    const size_t colon = decoded.find(':');
    if (colon != std::string::npos) {
      login.username = decoded.substr(0, colon);
      login.password = decoded.substr(colon + 1);
      while (login.password.ends_with('\0')) login.password.pop_back();
    }
  }
  if (login.username.empty() && login.identity_token.empty()) return std::nullopt;
  return login;
}

// The registries of a Secret of one of the two types; nothing when it is none, or cannot be read.
std::optional<Value> RegistriesOf(const Secret& secret) {
  const bool is_config = secret.type == "kubernetes.io/dockerconfigjson";
  if (!is_config && secret.type != "kubernetes.io/dockercfg") return std::nullopt;
  const auto data = secret.data.find(is_config ? ".dockerconfigjson" : ".dockercfg");
  if (data == secret.data.end()) return std::nullopt;
  const Result<Value> parsed = ParseJson(data->second);
  if (!parsed.ok() || !parsed->IsMap()) return std::nullopt;
  if (!is_config) return *parsed;
  const Value* auths = parsed->Find("auths");
  return auths != nullptr && auths->IsMap() ? *auths : Value::MakeMap();
}

const Secret* FindSecret(const Assignment& assignment, const std::string& namespace_name,
                         const std::string& name) {
  for (const auto& secret : assignment.secrets) {
    if (secret->metadata.name == name && secret->metadata.namespace_name == namespace_name) {
      return secret.get();
    }
  }
  return nullptr;
}

}  // namespace

PullLogins LoginsFor(const Assignment& assignment, const Pod& pod, std::string_view image) {
  PullLogins found;
  const RegistryName wanted = SplitName(image);
  std::vector<std::pair<std::string, RegistryLogin>> matching;  // by the registry's name
  for (const std::string& name : PullSecretsOf(pod.spec.others)) {
    const Secret* secret = FindSecret(assignment, pod.metadata.namespace_name, name);
    const std::optional<Value> registries =
        secret == nullptr ? std::nullopt : RegistriesOf(*secret);
    if (!registries) {
      found.missing.push_back(name);
      continue;
    }
    for (const Value::Member& entry : registries->AsMap()) {
      const std::string registry = NormalName(entry.key);
      if (!Matches(registry, wanted)) continue;
      if (auto login = LoginOf(entry.key, entry.value)) matching.emplace_back(registry, *login);
    }
  }
  // Backwards by name: of two that begin alike the longer one is first, and globs come last.
  std::stable_sort(matching.begin(), matching.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  if (matching.size() > kMaxLoginsTried) matching.resize(kMaxLoginsTried);
  for (auto& [registry, login] : matching) found.logins.push_back(std::move(login));
  return found;
}

std::string ImageKey(const Pod& pod, const std::string& image) {
  const std::vector<std::string> secrets = PullSecretsOf(pod.spec.others);
  if (secrets.empty()) return image;
  std::string key = image + " with " + pod.metadata.namespace_name + "/";
  for (const std::string& secret : secrets) key += secret + ",";
  key.pop_back();
  return key;
}

}  // namespace reconcile
