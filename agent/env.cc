#include "agent/env.h"

#include <algorithm>
#include <optional>

#include "agent/service_links.h"

namespace reconcile {
namespace {

template <typename T>
const T* FindNamed(const std::vector<std::shared_ptr<const T>>& objects,
                   const std::string& namespace_name, const std::string& name) {
  for (const auto& object : objects) {
    if (object->metadata.namespace_name == namespace_name && object->metadata.name == name) {
      return object.get();
    }
  }
  return nullptr;
}

void Set(const std::string& name, std::string value, EnvList* variables) {
  const auto found = std::find_if(variables->begin(), variables->end(),
                                  [&](const auto& entry) { return entry.first == name; });
  if (found == variables->end()) {
    variables->emplace_back(name, std::move(value));
  } else {
    found->second = std::move(value);
  }
}

// Metadata's "labels['key']" -> key.
std::optional<std::string> Subscript(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  const bool quoted = path.size() >= 4 && path.starts_with("['") && path.ends_with("']");
  if (!quoted) return std::nullopt;
  return std::string(path.substr(2, path.size() - 4));
}

std::string ValueIn(const StringMap& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

Result<std::string> FieldValue(const EnvSources& sources, const std::string& path) {
  const ObjectMeta& metadata = sources.pod.metadata;
  if (path == "metadata.name") return metadata.name;
  if (path == "metadata.namespace") return metadata.namespace_name;
  if (path == "metadata.uid") return metadata.uid;
  if (path == "spec.nodeName") return sources.node_name;
  if (path == "spec.serviceAccountName") return std::string("default");
  if (path == "status.hostIP" || path == "status.hostIPs") return sources.host_ip;
  if (path == "status.podIP" || path == "status.podIPs") return sources.pod_ip;
  if (const auto key = Subscript(path, "metadata.labels")) return ValueIn(metadata.labels, *key);
  if (const auto key = Subscript(path, "metadata.annotations")) {
    return ValueIn(metadata.annotations, *key);
  }
  return InvalidError("unsupported fieldPath: " + path);
}

// The data of what a reference names; nullptr when it is absent.
const StringMap* DataOf(const EnvSources& sources, bool secret, const std::string& name) {
  const std::string& where = sources.pod.metadata.namespace_name;
  if (secret) {
    const Secret* found = FindNamed(sources.assignment.secrets, where, name);
    return found == nullptr ? nullptr : &found->data;
  }
  const ConfigMap* found = FindNamed(sources.assignment.config_maps, where, name);
  return found == nullptr ? nullptr : &found->data;
}

Status MissingObject(bool secret, const std::string& name) {
  return InvalidError(std::string(secret ? "secret" : "configmap") + " \"" + name + "\" not found");
}

// The key's value; nothing when it is missing and may be.
Result<std::optional<std::string>> KeyValue(const EnvSources& sources, bool secret,
                                            const KeySelector& selector) {
  const StringMap* data = DataOf(sources, secret, selector.name);
  if (data == nullptr) {
    if (selector.optional) return std::optional<std::string>();
    return MissingObject(secret, selector.name);
  }
  const auto found = data->find(selector.key);
  if (found != data->end()) return std::optional(found->second);
  if (selector.optional) return std::optional<std::string>();
  return InvalidError("couldn't find key " + selector.key + " in " +
                      (secret ? "Secret " : "ConfigMap ") + sources.pod.metadata.namespace_name +
                      "/" + selector.name);
}

Result<std::optional<std::string>> ValueFrom(const EnvSources& sources, const std::string& own,
                                             const EnvVarSource& from) {
  if (from.config_map_key_ref) return KeyValue(sources, false, *from.config_map_key_ref);
  if (from.secret_key_ref) return KeyValue(sources, true, *from.secret_key_ref);
  if (const Value* resource = from.others.Find("resourceFieldRef")) {
    Result<std::string> text = ResourceText(sources, ResourceSelectorOf(*resource), own);
    if (!text.ok()) return text.status();
    return std::optional(std::move(text).value());
  }
  if (!from.field_ref) return std::optional<std::string>();
  Result<std::string> value = FieldValue(sources, from.field_ref->field_path);
  if (!value.ok()) return value.status();
  return std::optional(std::move(value).value());
}

// The engine takes variables as C strings.
Status CheckValue(const std::string& name, const std::string& value) {
  if (value.find('\0') == std::string::npos) return OkStatus();
  return InvalidError("the value of environment variable " + name + " contains a NUL byte");
}

Status AddFrom(const EnvSources& sources, const EnvFromSource& from, ResolvedEnv* resolved) {
  const bool secret = from.secret_ref.has_value();
  if (!secret && !from.config_map_ref) return OkStatus();
  const EnvFromRef& reference = secret ? *from.secret_ref : *from.config_map_ref;
  const StringMap* data = DataOf(sources, secret, reference.name);
  if (data == nullptr) {
    return reference.optional ? OkStatus() : MissingObject(secret, reference.name);
  }
  std::string invalid;
  for (const auto& [key, value] : *data) {
    const std::string name = from.prefix + key;
    if (!IsEnvName(name)) {
      invalid += (invalid.empty() ? "" : ", ") + key;
      continue;
    }
    RETURN_IF_ERROR(CheckValue(name, value));
    Set(name, value, &resolved->variables);
  }
  if (!invalid.empty()) {
    resolved->warnings.push_back("Keys [" + invalid + "] from the EnvFrom " +
                                 (secret ? "secret " : "configMap ") +
                                 sources.pod.metadata.namespace_name + "/" + reference.name +
                                 " were skipped since they are considered invalid environment "
                                 "variable names.");
  }
  return OkStatus();
}

const Container* FindContainer(const PodSpec& spec, const std::string& name) {
  for (const auto* list : {&spec.containers, &spec.init_containers}) {
    for (const Container& container : *list) {
      if (container.name == name) return &container;
    }
  }
  return nullptr;
}

const Quantity* FindQuantity(const ResourceList& list, const std::string& name) {
  const auto found = list.find(name);
  return found == list.end() ? nullptr : &found->second;
}

// As Go's %q.
std::string Quoted(const std::string& text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += std::string("\\") + c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (c == '\r') {
      quoted += "\\r";
    } else if (byte < ' ' || byte == 0x7f) {
      quoted += "\\x";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string MapText(const StringMap& map) {
  std::string text;
  for (const auto& [key, value] : map) {
    text += (text.empty() ? "" : "\n") + std::string(key) + "=" + Quoted(value);
  }
  return text;
}

}  // namespace

Result<std::string> ResourceText(const EnvSources& sources, const ResourceSelector& selector,
                                 const std::string& own) {
  const std::string& name = selector.container.empty() ? own : selector.container;
  const Container* container = FindContainer(sources.pod.spec, name);
  if (container == nullptr) return InvalidError("container " + name + " not found");
  const size_t dot = selector.resource.find('.');
  const std::string kind = selector.resource.substr(0, dot);
  if (dot == std::string::npos || (kind != "limits" && kind != "requests")) {
    return InvalidError("unsupported container resource: " + selector.resource);
  }
  const std::string resource = selector.resource.substr(dot + 1);
  const Quantity* quantity = nullptr;
  if (kind == "requests") quantity = FindQuantity(container->resources.requests, resource);
  if (quantity == nullptr) quantity = FindQuantity(container->resources.limits, resource);
  if (quantity == nullptr && kind == "limits")
    quantity = FindQuantity(sources.allocatable, resource);
  if (quantity == nullptr) return std::string("0");
  const int64_t divisor = std::max<int64_t>(selector.divisor.Milli(), 1);
  const int64_t value = quantity->Milli();
  return std::to_string(value / divisor + (value % divisor > 0 ? 1 : 0));
}

Result<std::string> VolumeFieldText(const EnvSources& sources, const std::string& path) {
  if (path == "metadata.labels") return MapText(sources.pod.metadata.labels);
  if (path == "metadata.annotations") return MapText(sources.pod.metadata.annotations);
  if (path.starts_with("metadata.")) return FieldValue(sources, path);
  return InvalidError("unsupported fieldPath in a volume: " + path);
}

void ExpandLiterals(const Container& container, std::vector<std::string>* command) {
  EnvList variables;
  for (const EnvVar& variable : container.env) {
    variables.emplace_back(variable.name, variable.value);
  }
  for (std::string& word : *command) word = ExpandReferences(word, variables);
}

bool IsEnvName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

std::string ExpandReferences(std::string_view text, const EnvList& variables) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '$' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    const char next = text[at + 1];
    const size_t close = next == '(' ? text.find(')', at + 2) : std::string_view::npos;
    if (close != std::string_view::npos) {
      const std::string_view name = text.substr(at + 2, close - at - 2);
      const auto found = std::find_if(variables.begin(), variables.end(),
                                      [&](const auto& entry) { return entry.first == name; });
      out += found == variables.end() ? text.substr(at, close - at + 1)
                                      : std::string_view(found->second);
      at = close;
    } else {
      // "$$" is one dollar sign; before anything else a dollar sign is itself.
      out += '$';
      if (next != '$') out += next;
      ++at;
    }
  }
  return out;
}

Result<ResolvedEnv> ResolveEnv(const EnvSources& sources, const Container& container) {
  ServiceLinks links = ServiceLinksFor(sources.assignment, sources.pod);
  ResolvedEnv resolved{std::move(links.variables), {}, links.left_out};
  for (const EnvFromSource& from : container.env_from) {
    RETURN_IF_ERROR(AddFrom(sources, from, &resolved));
  }
  for (const EnvVar& variable : container.env) {
    std::string value;
    if (variable.value.empty() && variable.value_from) {
      Result<std::optional<std::string>> from =
          ValueFrom(sources, container.name, *variable.value_from);
      if (!from.ok()) return from.status();
      if (!from->has_value()) continue;
      value = **from;
    } else {
      value = ExpandReferences(variable.value, resolved.variables);
    }
    RETURN_IF_ERROR(CheckValue(variable.name, value));
    Set(variable.name, std::move(value), &resolved.variables);
  }
  return resolved;
}

}  // namespace reconcile
