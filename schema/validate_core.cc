#include <algorithm>

#include "base/value.h"
#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_kept.h"

namespace reconcile {

namespace {

constexpr size_t kMaxDataBytes = 1 << 20;

// Returns how many bytes the values have.
size_t ValidateKeys(const StringMap& data, const FieldPath& path, FieldReporter* reporter) {
  size_t bytes = 0;
  for (const auto& [key, value] : data) {
    ReportIf(CheckConfigKey(key), FieldPath::Key(path, key), reporter);
    bytes += value.size();
  }
  return bytes;
}

void ValidateSize(size_t bytes, const FieldPath& path, FieldReporter* reporter) {
  if (bytes > kMaxDataBytes) {
    reporter->Error(path, "holds " + std::to_string(bytes) + " bytes; the limit is " +
                              std::to_string(kMaxDataBytes) + " (1 MiB)");
  }
}

// Whether the API server takes it for a map in JSON. Where our reader is stricter than the
// server's, about keys that come twice and about characters beyond ASCII, the text is given the
// benefit of the doubt.
bool MayBeJsonMap(const std::string& text) {
  constexpr int kMaxDepth = 1000;
  const Result<Value> value = ParseJson(text, {.max_bytes = kMaxDataBytes, .max_depth = kMaxDepth});
  if (value.ok()) return value->IsMap() || value->IsNull();
  const bool is_plain = std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0x80U) != 0;
  });
  return text.size() > kMaxDataBytes || !is_plain || text.find("\\u") != std::string::npos ||
         value.status().message().find("duplicate key") != std::string::npos;
}

}  // namespace

void Validate(const ConfigMap& config_map, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath data_path(root, "data");
  const FieldPath binary_path(root, "binaryData");
  const size_t bytes = ValidateKeys(config_map.data, data_path, reporter) +
                       ValidateKeys(config_map.binary_data, binary_path, reporter);
  for (const auto& [key, value] : config_map.binary_data) {
    if (config_map.data.count(key) > 0) {
      reporter->Error(FieldPath::Key(binary_path, key), "data has this key too");
    }
  }
  ValidateSize(bytes, config_map.data.empty() ? binary_path : data_path, reporter);
}

void Validate(const Secret& secret, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath data(root, "data");
  const FieldPath texts(root, "stringData");
  // Both become one map: what is said of a key stands where the key does, or where others do.
  const bool has_texts_only =
      reporter->Written(texts) != nullptr && reporter->Written(data) == nullptr;
  const FieldPath& path = has_texts_only ? texts : data;
  size_t bytes = 0;
  for (const auto& [key, value] : secret.data) {
    const FieldPath in_texts = FieldPath::Key(texts, key);
    const bool is_text = reporter->Written(in_texts) != nullptr;
    ReportIf(CheckConfigKey(key), is_text ? in_texts : FieldPath::Key(data, key), reporter);
    bytes += value.size();
  }
  ValidateSize(bytes, path, reporter);
  const auto require = [&](const std::string& key) {
    if (secret.data.count(key) > 0) return;
    reporter->Error(FieldPath::Key(path, key), "required by type " + Quoted(secret.type));
  };
  // The value is never shown.
  const auto require_json = [&](const std::string& key) {
    require(key);
    const auto entry = secret.data.find(key);
    if (entry == secret.data.end() || MayBeJsonMap(entry->second)) return;
    reporter->Error(FieldPath::Key(path, key), "type " + Quoted(secret.type) +
                                                   " wants a map in JSON here, as docker login "
                                                   "writes it");
  };
  if (secret.type == "kubernetes.io/tls") {
    require("tls.crt");
    require("tls.key");
  } else if (secret.type == "kubernetes.io/dockerconfigjson") {
    require_json(".dockerconfigjson");
  } else if (secret.type == "kubernetes.io/dockercfg") {
    require_json(".dockercfg");
  } else if (secret.type == "kubernetes.io/ssh-auth") {
    require("ssh-privatekey");
  } else if (secret.type == "kubernetes.io/basic-auth") {
    if (secret.data.count("username") == 0) require("password");
  } else if (secret.type == "kubernetes.io/service-account-token") {
    reporter->Error(FieldPath(root, "type"),
                    Quoted(secret.type) + " is valid in Kubernetes, not yet supported here");
  }
}

}  // namespace reconcile
