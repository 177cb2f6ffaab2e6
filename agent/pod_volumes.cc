#include "agent/pod_volumes.h"

#include <algorithm>
#include <functional>

#include "agent/pod_files.h"

namespace reconcile {
namespace {

constexpr size_t kMaxFileName = 253;  // a key of a ConfigMap
constexpr int kMaxFileDepth = 16;

// The contents of one ConfigMap or Secret.
struct Contents {
  const StringMap* data = nullptr;
  const StringMap* binary = nullptr;  // a ConfigMap's

  const std::string* Find(const std::string& key) const {
    for (const StringMap* map : {data, binary}) {
      if (map == nullptr) continue;
      const auto found = map->find(key);
      if (found != map->end()) return &found->second;
    }
    return nullptr;
  }
  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    for (const StringMap* map : {data, binary}) {
      if (map == nullptr) continue;
      for (const auto& [key, value] : *map) keys.push_back(key);
    }
    return keys;
  }
};

Contents ContentsOf(const EnvSources& sources, const FileSource& source) {
  const std::string& where = sources.pod.metadata.namespace_name;
  const auto is_it = [&](const auto& object) {
    return object->metadata.namespace_name == where && object->metadata.name == source.name;
  };
  if (source.kind == FileSource::Kind::kSecret) {
    const auto& all = sources.assignment.secrets;
    const auto found = std::find_if(all.begin(), all.end(), is_it);
    return found == all.end() ? Contents() : Contents{&(*found)->data, nullptr};
  }
  const auto& all = sources.assignment.config_maps;
  const auto found = std::find_if(all.begin(), all.end(), is_it);
  return found == all.end() ? Contents() : Contents{&(*found)->data, &(*found)->binary_data};
}

// Where a file may be put: inside, and not among the names that are ours.
Status CheckPath(const std::string& path) {
  const auto refuse = [&](const std::string& why) {
    return InvalidError("path \"" + path + "\" in the volume " + why);
  };
  if (path.starts_with("..")) return refuse("must not begin with \"..\"");
  if (path.find('\0') != std::string::npos) return refuse("holds a NUL byte");
  int depth = 0;
  for (size_t start = 0; start <= path.size(); ++depth) {
    const size_t end = std::min(path.find('/', start), path.size());
    const std::string_view name = std::string_view(path).substr(start, end - start);
    if (name.empty() || name == "." || name == "..") return refuse("is no path of names");
    if (name.size() > kMaxFileName) return refuse("has a name that is too long");
    start = end + 1;
  }
  return depth <= kMaxFileDepth ? OkStatus() : refuse("is too deep");
}

Status Put(const std::string& path, std::string bytes, int mode,
           std::map<std::string, VolumeFile>* files) {
  RETURN_IF_ERROR(CheckPath(path));
  if (files->size() >= kMaxVolumeFiles) return InvalidError("it would have too many files");
  (*files)[path] = {std::move(bytes), mode};
  return OkStatus();
}

Status AddKeys(const EnvSources& sources, const Volume& volume, const FileSource& source,
               std::map<std::string, VolumeFile>* files) {
  const bool secret = source.kind == FileSource::Kind::kSecret;
  const Contents contents = ContentsOf(sources, source);
  if (contents.data == nullptr) {
    if (source.optional) return OkStatus();
    return InvalidError(std::string(secret ? "secret" : "configmap") + " \"" + source.name +
                        "\" not found");
  }
  if (source.items.empty()) {
    for (const std::string& key : contents.Keys()) {
      RETURN_IF_ERROR(Put(key, *contents.Find(key), volume.default_mode, files));
    }
    return OkStatus();
  }
  for (const KeyToPath& item : source.items) {
    const std::string* value = contents.Find(item.key);
    if (value != nullptr) {
      RETURN_IF_ERROR(Put(item.path, *value, item.mode.value_or(volume.default_mode), files));
    } else if (!source.optional) {
      return InvalidError(secret ? "references non-existent secret key: " + item.key
                                 : "configmap references non-existent config key: " + item.key);
    }
  }
  return OkStatus();
}

Status AddDownward(const EnvSources& sources, const Volume& volume, const FileSource& source,
                   std::map<std::string, VolumeFile>* files) {
  for (const DownwardFile& file : source.files) {
    const Result<std::string> text = file.resource ? ResourceText(sources, *file.resource, "")
                                                   : VolumeFieldText(sources, file.field_path);
    if (!text.ok()) return text.status();
    RETURN_IF_ERROR(Put(file.path, *text, file.mode.value_or(volume.default_mode), files));
  }
  return OkStatus();
}

// A file in the place of a folder, or the other way round.
Status CheckTree(const std::map<std::string, VolumeFile>& files) {
  size_t bytes = 0;
  for (const auto& [path, file] : files) {
    bytes += file.bytes.size();
    const auto inside = files.lower_bound(path + "/");
    if (inside != files.end() && inside->first.starts_with(path + "/")) {
      return InvalidError("\"" + path + "\" is to be a file, and a folder for \"" + inside->first +
                          "\"");
    }
  }
  return bytes <= kMaxVolumeBytes ? OkStatus() : InvalidError("its files are too large");
}

size_t HashOf(const StringMap* map, ContentHashes* known) {
  if (map == nullptr) return 0;
  const auto [found, is_new] = known->try_emplace(map, 0);
  size_t& hash = found->second;
  if (!is_new) return hash;
  for (const auto& [key, value] : *map) {
    hash = hash * 31 + std::hash<std::string>()(key);
    hash = hash * 31 + std::hash<std::string>()(value);
  }
  return hash;
}

}  // namespace

std::string VolumePath(const std::string& pod_uid, const std::string& volume) {
  return PodFolder(pod_uid) + "/volumes/" + volume;
}

Result<std::map<std::string, VolumeFile>> FilesOf(const EnvSources& sources, const Volume& volume) {
  std::map<std::string, VolumeFile> files;
  for (const FileSource& source : volume.sources) {
    RETURN_IF_ERROR(source.kind == FileSource::Kind::kDownward
                        ? AddDownward(sources, volume, source, &files)
                        : AddKeys(sources, volume, source, &files));
  }
  RETURN_IF_ERROR(CheckTree(files));
  return files;
}

Result<VolumeOrder> OrderFor(const EnvSources& sources, const Volume& volume) {
  VolumeOrder order{volume.name, VolumePath(sources.pod.metadata.uid, volume.name), {}};
  const std::optional<int64_t> group = FsGroupOf(sources.pod.spec);
  switch (volume.kind) {
    case Volume::Kind::kEmptyDir:
      order.what = FolderVolume{volume.in_memory, volume.size_limit_bytes, group};
      return order;
    case Volume::Kind::kHostPath:
      order.path.clear();
      order.what = HostPathVolume{volume.host_path, volume.host_path_type};
      return order;
    case Volume::Kind::kFiles: {
      Result<std::map<std::string, VolumeFile>> files = FilesOf(sources, volume);
      if (!files.ok()) return files.status();
      order.what = FilesVolume{std::move(files).value(), volume.in_memory, group};
      return order;
    }
    case Volume::Kind::kOther:
      return InvalidError("volumes of this kind are not mounted yet");
  }
  return InternalError("volume " + volume.name + " is of no kind");
}

std::string VersionOf(const EnvSources& sources, const Volume& volume, ContentHashes* known) {
  std::string version = "1";
  for (const FileSource& source : volume.sources) {
    if (source.kind != FileSource::Kind::kDownward) {
      const Contents contents = ContentsOf(sources, source);
      version += contents.data == nullptr
                     ? "/none"
                     : "/" + std::to_string(HashOf(contents.data, known)) + "." +
                           std::to_string(HashOf(contents.binary, known));
      continue;
    }
    std::map<std::string, VolumeFile> files;
    const Status status = AddDownward(sources, volume, source, &files);
    version += "/" + status.message();
    for (const auto& [path, file] : files) {
      version += "." + std::to_string(std::hash<std::string>()(file.bytes));
    }
  }
  return version;
}

}  // namespace reconcile
