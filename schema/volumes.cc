#include "schema/volumes.h"

namespace reconcile {

namespace {

std::optional<int32_t> ModeOf(const Value& map) {
  const Value* mode = map.Find("mode");
  if (mode == nullptr || !mode->IsInt()) return std::nullopt;
  return static_cast<int32_t>(mode->AsInt());
}

DownwardFile DownwardFileOf(const Value& item) {
  DownwardFile file;
  file.path = item.GetString("path");
  file.mode = ModeOf(item);
  if (const Value* field = item.Find("fieldRef")) file.field_path = field->GetString("fieldPath");
  if (const Value* resource = item.Find("resourceFieldRef")) {
    file.resource = ResourceSelectorOf(*resource);
  }
  return file;
}

FileSource FileSourceOf(FileSource::Kind kind, const Value& written, std::string_view name_field) {
  FileSource source;
  source.kind = kind;
  source.name = written.GetString(name_field);
  source.optional = written.GetBool("optional");
  for (const Value& item : written.GetList("items")) {
    if (kind == FileSource::Kind::kDownward) {
      source.files.push_back(DownwardFileOf(item));
    } else {
      source.items.push_back({item.GetString("key"), item.GetString("path"), ModeOf(item)});
    }
  }
  return source;
}

// A serviceAccountToken or a clusterTrustBundle is none of these: no pod with one is started.
void AddProjections(const Value& projected, std::vector<FileSource>* sources) {
  for (const Value& written : projected.GetList("sources")) {
    if (const Value* map = written.Find("configMap")) {
      sources->push_back(FileSourceOf(FileSource::Kind::kConfigMap, *map, "name"));
    } else if (const Value* secret = written.Find("secret")) {
      sources->push_back(FileSourceOf(FileSource::Kind::kSecret, *secret, "name"));
    } else if (const Value* downward = written.Find("downwardAPI")) {
      sources->push_back(FileSourceOf(FileSource::Kind::kDownward, *downward, ""));
    }
  }
}

void ReadEmptyDir(const Value& written, Volume* volume) {
  volume->kind = Volume::Kind::kEmptyDir;
  volume->in_memory = written.GetString("medium") == "Memory";
  const Result<Quantity> limit = Quantity::Parse(written.GetString("sizeLimit", "0"));
  if (limit.ok()) volume->size_limit_bytes = limit->Units();
}

void ReadFiles(const std::string& kind, const Value& written, Volume* volume) {
  volume->kind = Volume::Kind::kFiles;
  volume->in_memory = kind != "configMap";
  volume->default_mode = static_cast<int32_t>(written.GetInt("defaultMode", 0644));
  if (kind == "configMap") {
    volume->sources = {FileSourceOf(FileSource::Kind::kConfigMap, written, "name")};
  } else if (kind == "secret") {
    volume->sources = {FileSourceOf(FileSource::Kind::kSecret, written, "secretName")};
  } else if (kind == "downwardAPI") {
    volume->sources = {FileSourceOf(FileSource::Kind::kDownward, written, "")};
  } else {
    AddProjections(written, &volume->sources);
  }
}

Volume VolumeOf(const Value& written) {
  Volume volume;
  volume.name = written.GetString("name");
  if (!written.IsMap()) return volume;
  for (const Value::Member& member : written.AsMap()) {
    const std::string& kind = member.key;
    if (kind == "name") continue;
    if (kind == "emptyDir") {
      ReadEmptyDir(member.value, &volume);
    } else if (kind == "hostPath") {
      volume.kind = Volume::Kind::kHostPath;
      volume.host_path = member.value.GetString("path");
      volume.host_path_type = member.value.GetString("type");
    } else if (kind == "configMap" || kind == "secret" || kind == "downwardAPI" ||
               kind == "projected") {
      ReadFiles(kind, member.value, &volume);
    } else {
      volume.kind = Volume::Kind::kOther;
    }
  }
  return volume;
}

}  // namespace

ResourceSelector ResourceSelectorOf(const Value& written) {
  ResourceSelector selector;
  selector.container = written.GetString("containerName");
  selector.resource = written.GetString("resource");
  const Result<Quantity> divisor = Quantity::Parse(written.GetString("divisor", "1"));
  if (divisor.ok() && !divisor->IsZero()) selector.divisor = *divisor;
  return selector;
}

std::vector<Volume> VolumesOf(const PodSpec& spec) {
  std::vector<Volume> volumes;
  const Value* written = spec.others.Find("volumes");
  if (written == nullptr || !written->IsList()) return volumes;
  for (const Value& each : written->AsList()) volumes.push_back(VolumeOf(each));
  return volumes;
}

std::vector<VolumeMount> VolumeMountsOf(const Container& container) {
  std::vector<VolumeMount> mounts;
  const Value* written = container.others.Find("volumeMounts");
  if (written == nullptr || !written->IsList()) return mounts;
  for (const Value& each : written->AsList()) {
    mounts.push_back({each.GetString("name"), each.GetString("mountPath"), each.GetBool("readOnly"),
                      each.GetString("subPath"), each.GetString("subPathExpr"),
                      each.GetString("mountPropagation", "None")});
  }
  return mounts;
}

std::optional<int64_t> FsGroupOf(const PodSpec& spec) {
  const Value* context = spec.others.Find("securityContext");
  const Value* group = context == nullptr ? nullptr : context->Find("fsGroup");
  if (group == nullptr || !group->IsInt()) return std::nullopt;
  return group->AsInt();
}

void AddVolumeReferences(const PodSpec& spec, std::set<std::string>* config_maps,
                         std::set<std::string>* secrets) {
  for (const Volume& volume : VolumesOf(spec)) {
    for (const FileSource& source : volume.sources) {
      if (source.kind == FileSource::Kind::kConfigMap) config_maps->insert(source.name);
      if (source.kind == FileSource::Kind::kSecret) secrets->insert(source.name);
    }
  }
}

}  // namespace reconcile
