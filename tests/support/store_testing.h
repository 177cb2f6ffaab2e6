#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "schema/codec.h"
#include "schema/core.h"
#include "store/sqlite_store.h"

namespace reconcile::store_testing {

// A folder of its own, gone with the test.
class TempFolder {
 public:
  explicit TempFolder(const std::string& parent = std::filesystem::temp_directory_path()) {
    std::string name = parent + "/reconcile-store-XXXXXX";
    CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline Write PutConfigMap(const std::string& name, const std::string& value) {
  auto object = std::make_shared<ConfigMap>();
  object->metadata.namespace_name = "default";
  object->metadata.name = name;
  object->data["value"] = value;
  return {object->key(), object};
}

inline Write PutSecret(const std::string& name, const std::string& value) {
  auto object = std::make_shared<Secret>();
  object->metadata.namespace_name = "default";
  object->metadata.name = name;
  object->data["password"] = value;
  return {object->key(), object};
}

inline Write Remove(const std::string& name) {
  return {{Kind::kConfigMap, "default", name}, nullptr};
}

inline std::string TextOf(const ObjectPtr& object) {
  return object == nullptr ? "none" : EncodeObjectJson(*object, EncodeFor::kStore);
}

// Everything that a state holds, as one text to compare.
inline std::string TextOf(const ClusterState& state) {
  std::string text = "revision " + std::to_string(state.revision()) + "\n";
  for (const Kind kind : kAllKinds) {
    for (const auto& [key, object] : state.Objects(kind)) {
      text += ToString(key) + " " + TextOf(object) + "\n";
    }
  }
  return text;
}

inline std::string TextOf(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& change : changes) {
    text += std::to_string(change.revision) + " " + ToString(change.key) + ": " +
            TextOf(change.before) + " -> " + TextOf(change.after) + "\n";
  }
  return text;
}

inline std::string KeyForTests() { return std::string(32, 'k'); }

inline SqliteStoreOptions OptionsFor(const std::string& path) {
  SqliteStoreOptions options;
  options.path = path;
  options.secret_key = KeyForTests();
  return options;
}

}  // namespace reconcile::store_testing
