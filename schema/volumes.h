#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schema/pod.h"

namespace reconcile {

// `items`: a key of a ConfigMap or Secret, and the file inside the volume that it becomes.
struct KeyToPath {
  std::string key;
  std::string path;
  std::optional<int32_t> mode;
  friend bool operator==(const KeyToPath&, const KeyToPath&) = default;
};

// resourceFieldRef (SEMANTICS 11.6).
struct ResourceSelector {
  std::string container;  // "": the one that has the variable
  std::string resource;   // "limits.cpu"
  Quantity divisor = Quantity::FromUnits(1);
  friend bool operator==(const ResourceSelector&, const ResourceSelector&) = default;
};
ResourceSelector ResourceSelectorOf(const Value& written);

// A file of a downwardAPI volume: a field of the pod, or a container's resource.
struct DownwardFile {
  std::string path;
  std::string field_path;  // "" for a resource
  std::optional<ResourceSelector> resource;
  std::optional<int32_t> mode;
  friend bool operator==(const DownwardFile&, const DownwardFile&) = default;
};

// What files come from; a volume has one such source, a projected one several.
struct FileSource {
  enum class Kind { kConfigMap, kSecret, kDownward };
  Kind kind = Kind::kConfigMap;
  std::string name;              // of the ConfigMap or Secret
  std::vector<KeyToPath> items;  // empty: every key, by its own name
  bool optional = false;
  std::vector<DownwardFile> files;  // kDownward
  friend bool operator==(const FileSource&, const FileSource&) = default;
};

struct Volume {
  // kOther: a source that is not honoured (FieldsNotHonoured names it).
  enum class Kind { kEmptyDir, kHostPath, kFiles, kOther };
  std::string name;
  Kind kind = Kind::kEmptyDir;   // also of a volume without a source
  bool in_memory = false;        // tmpfs: medium Memory; Secrets, downward APIs, projected ones
  int64_t size_limit_bytes = 0;  // kEmptyDir; 0: none
  std::string host_path;
  std::string host_path_type;  // "" checks nothing
  std::vector<FileSource> sources;
  int32_t default_mode = 0644;
  friend bool operator==(const Volume&, const Volume&) = default;
};

struct VolumeMount {
  std::string volume;
  std::string path;
  bool read_only = false;
  std::string sub_path;
  std::string sub_path_expression;  // with $(NAME) for variables
  std::string propagation;          // "None", "HostToContainer", "Bidirectional"
  friend bool operator==(const VolumeMount&, const VolumeMount&) = default;
};

// PURE, in the order in which they are written. Source: Kubernetes core/v1.
std::vector<Volume> VolumesOf(const PodSpec& spec);
std::vector<VolumeMount> VolumeMountsOf(const Container& container);

// securityContext.fsGroup: the group of the volumes' files.
std::optional<int64_t> FsGroupOf(const PodSpec& spec);

// PURE. Adds the names of the ConfigMaps and Secrets that volumes are made of, optional ones too.
void AddVolumeReferences(const PodSpec& spec, std::set<std::string>* config_maps,
                         std::set<std::string>* secrets);

}  // namespace reconcile
