#include <algorithm>

#include "schema/names.h"
#include "schema/quantity.h"
#include "schema/text.h"
#include "schema/validate_kept.h"
#include "schema/validate_pod.h"

namespace reconcile {

namespace {

constexpr int64_t kMaxFileMode = 0777;
constexpr int64_t kMinTokenSeconds = 600;
constexpr int64_t kMaxTokenSeconds = int64_t{1} << 32;

bool HasParentStep(std::string_view path) {
  for (size_t from = 0; from <= path.size();) {
    const size_t end = std::min(path.find('/', from), path.size());
    if (path.substr(from, end - from) == "..") return true;
    from = end + 1;
  }
  return false;
}

// A path inside a volume.
void RequireInside(std::string_view text, const FieldPath& path, FieldReporter* reporter) {
  if (text.starts_with('/')) {
    reporter->Error(path, "must be a path inside the volume, not begin with \"/\"");
  } else if (HasParentStep(text)) {
    reporter->Error(path, "must not contain \"..\"");
  }
}

// The names in a volume of ConfigMaps and so on that begin so are those of its versions.
void RequireNoReservedName(std::string_view text, const FieldPath& path, FieldReporter* reporter) {
  if (text.starts_with("..") && !text.starts_with("../") && text != "..") {
    reporter->Error(path, "must not begin with \"..\"");
  }
}

void RequireMode(const Value& map, std::string_view name, const FieldPath& path,
                 FieldReporter* reporter) {
  const int64_t mode = map.GetInt(name);
  if (mode >= 0 && mode <= kMaxFileMode) return;
  reporter->Error(FieldPath(path, name),
                  "must be from 0 to 0777 (decimal 511), not decimal " + std::to_string(mode));
}

void ValidateItems(const Value& source, const FieldPath& path, FieldReporter* reporter) {
  ForEachIn(source, "items", path, [&](const Value& item, const FieldPath& item_path) {
    RequireInside(item.GetString("path"), FieldPath(item_path, "path"), reporter);
    RequireNoReservedName(item.GetString("path"), FieldPath(item_path, "path"), reporter);
    RequireMode(item, "mode", item_path, reporter);
  });
}

// What does not change with the pod's start: labels and annotations as well.
bool IsVolumeField(std::string_view path) {
  constexpr std::string_view kWhole[] = {"metadata.name", "metadata.namespace", "metadata.uid",
                                         "metadata.labels", "metadata.annotations"};
  if (std::find(std::begin(kWhole), std::end(kWhole), path) != std::end(kWhole)) return true;
  return path.ends_with("']") &&
         (path.starts_with("metadata.labels['") || path.starts_with("metadata.annotations['"));
}

void ValidateDownwardItems(const Value& source, const FieldPath& path, FieldReporter* reporter) {
  ValidateItems(source, path, reporter);
  ForEachIn(source, "items", path, [&](const Value& item, const FieldPath& item_path) {
    RequireOneOf(item, {"fieldRef", "resourceFieldRef"}, false, item_path, reporter);
    const Value* field = item.Find("fieldRef");
    const std::string field_path = field == nullptr ? "" : field->GetString("fieldPath");
    if (!field_path.empty() && !IsVolumeField(field_path)) {
      reporter->Error(FieldPath(FieldPath(item_path, "fieldRef"), "fieldPath"),
                      Quoted(field_path) +
                          " is none of metadata.name, metadata.namespace, metadata.uid, "
                          "metadata.labels, metadata.annotations, metadata.labels['KEY'], "
                          "metadata.annotations['KEY']");
    }
    if (const Value* resource = item.Find("resourceFieldRef")) {
      ValidateResourceField(*resource, true, FieldPath(item_path, "resourceFieldRef"), reporter);
    }
  });
}

void RequireName(const Value& source, std::string_view name, const FieldPath& path,
                 FieldReporter* reporter) {
  const FieldPath name_path(path, name);
  const std::string text = source.GetString(name);
  if (text.empty()) return reporter->Error(name_path, "required");
  ReportIf(CheckDnsSubdomain(text), name_path, reporter);
}

void ValidateProjections(const Value& projected, const FieldPath& path, FieldReporter* reporter) {
  ForEachIn(projected, "sources", path, [&](const Value& source, const FieldPath& source_path) {
    RequireOneOf(
        source, {"configMap", "secret", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"},
        false, source_path, reporter);
    for (const std::string_view kind : {"configMap", "secret"}) {
      const Value* part = source.Find(kind);
      if (part == nullptr) continue;
      const FieldPath part_path(source_path, kind);
      RequireName(*part, "name", part_path, reporter);
      ValidateItems(*part, part_path, reporter);
    }
    if (const Value* downward = source.Find("downwardAPI")) {
      ValidateDownwardItems(*downward, FieldPath(source_path, "downwardAPI"), reporter);
    }
    if (const Value* token = source.Find("serviceAccountToken")) {
      const FieldPath token_path(source_path, "serviceAccountToken");
      RequireBetween(kMinTokenSeconds, kMaxTokenSeconds, *token, token_path, "expirationSeconds",
                     reporter);
    }
  });
}

void ValidateEmptyDir(const Value& source, const FieldPath& path, FieldReporter* reporter) {
  const std::string medium = source.GetString("medium");
  if (!medium.empty() && medium != "Memory" && !medium.starts_with("HugePages")) {
    reporter->Error(FieldPath(path, "medium"),
                    Quoted(medium) + " is none of \"\", \"Memory\", \"HugePages\"");
  }
  const Result<Quantity> limit = Quantity::Parse(source.GetString("sizeLimit", "0"));
  if (limit.ok() && limit->IsNegative()) {
    reporter->Error(FieldPath(path, "sizeLimit"), "must be 0 or more");
  }
}

void ValidateSource(const std::string& kind, const Value& source, const FieldPath& path,
                    FieldReporter* reporter) {
  if (kind == "configMap" || kind == "secret") {
    RequireName(source, kind == "secret" ? "secretName" : "name", path, reporter);
    RequireMode(source, "defaultMode", path, reporter);
    ValidateItems(source, path, reporter);
  } else if (kind == "downwardAPI") {
    RequireMode(source, "defaultMode", path, reporter);
    ValidateDownwardItems(source, path, reporter);
  } else if (kind == "projected") {
    RequireMode(source, "defaultMode", path, reporter);
    ValidateProjections(source, path, reporter);
  } else if (kind == "emptyDir") {
    ValidateEmptyDir(source, path, reporter);
  } else if (kind == "hostPath") {
    if (HasParentStep(source.GetString("path"))) {
      reporter->Error(FieldPath(path, "path"), "must not contain \"..\"");
    }
  } else if (kind == "ephemeral") {
    const FieldPath claim_path(path, "volumeClaimTemplate");
    const Value* claim = source.Find("volumeClaimTemplate");
    const Value* spec = claim == nullptr ? nullptr : claim->Find("spec");
    if (claim == nullptr) return reporter->Error(claim_path, "required");
    if (spec != nullptr) ValidateClaimSpec(*spec, FieldPath(claim_path, "spec"), reporter);
  } else if (kind == "persistentVolumeClaim") {
    const std::string name = source.GetString("claimName");
    if (!name.empty()) ReportIf(CheckDnsSubdomain(name), FieldPath(path, "claimName"), reporter);
  }
}

// Without a source, a volume is an emptyDir.
void ValidateVolume(const Value& volume, const FieldPath& path, FieldReporter* reporter) {
  std::string first;
  for (const Value::Member& member : volume.AsMap()) {
    if (member.key == "name") continue;
    const FieldPath source_path(path, member.key);
    if (first.empty()) {
      first = member.key;
      ValidateSource(member.key, member.value, source_path, reporter);
    } else {
      reporter->Error(source_path, "a volume has one source; this one has " + first + " already");
    }
  }
}

// What is mounted in a container that is not privileged must not show on the host.
void ValidatePropagation(const Value& mount, const Container& container, const FieldPath& path,
                         FieldReporter* reporter) {
  if (mount.GetString("mountPropagation") != "Bidirectional") return;
  const Value* context = container.others.Find("securityContext");
  if (context != nullptr && context->GetBool("privileged")) return;
  reporter->Error(FieldPath(path, "mountPropagation"),
                  "\"Bidirectional\" needs a container that is privileged");
}

void ValidateMount(const Value& mount, const VolumeNames& names, std::set<std::string>* paths,
                   const FieldPath& path, FieldReporter* reporter) {
  const std::string name = mount.GetString("name");
  const FieldPath mount_path(path, "mountPath");
  const std::string target = mount.GetString("mountPath");
  if (!name.empty() && !names.contains(name)) {
    const std::string_view nearest =
        NearestWord(name, std::vector<std::string_view>(names.begin(), names.end()));
    reporter->Error(FieldPath(path, "name"), "the pod has no volume " + Quoted(name) +
                                                 (!nearest.empty() && IsSimilar(name, nearest)
                                                      ? "; did you mean " + Quoted(nearest) + "?"
                                                      : ""));
  }
  if (target.find(':') != std::string::npos) {
    reporter->Error(mount_path, "must not contain \":\"");
  }
  if (!target.empty() && !paths->insert(target).second) {
    reporter->Error(mount_path, "two volumes are mounted at " + Quoted(target));
  }
  if (mount.Find("subPath") != nullptr && mount.Find("subPathExpr") != nullptr) {
    reporter->Error(FieldPath(path, "subPathExpr"), "must not be given together with subPath");
  }
  for (const std::string_view field : {"subPath", "subPathExpr"}) {
    RequireInside(mount.GetString(field), FieldPath(path, field), reporter);
  }
}

}  // namespace

const Value::List& ListIn(const OtherFields& others, std::string_view name) {
  static const Value::List none;
  const Value* list = others.Find(name);
  return list != nullptr && list->IsList() ? list->AsList() : none;
}

void RequireOneOf(const Value& map, std::initializer_list<std::string_view> names, bool may_lack,
                  const FieldPath& path, FieldReporter* reporter) {
  size_t count = 0;
  std::string listed;
  for (const std::string_view name : names) {
    if (map.Find(name) != nullptr) ++count;
    listed += (listed.empty() ? "" : ", ") + std::string(name);
  }
  if (count == 1 || (count == 0 && may_lack)) return;
  reporter->Error(
      path, std::string(count == 0 ? "needs" : "must not have more than") + " one of " + listed);
}

void ValidateVolumes(const PodSpec& spec, const FieldPath& path, VolumeNames* names,
                     FieldReporter* reporter) {
  const FieldPath volumes(path, "volumes");
  const Value::List& list = ListIn(spec.others, "volumes");
  VolumeNames own;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string name = list[i].GetString("name");
    const FieldPath volume = FieldPath::Item(volumes, i, name);
    if (!name.empty()) ReportIf(CheckDnsLabel(name), FieldPath(volume, "name"), reporter);
    if (!name.empty() && !own.insert(name).second) {
      reporter->Error(FieldPath(volume, "name"), "duplicate volume name " + Quoted(name));
    }
    if (list[i].IsMap()) ValidateVolume(list[i], volume, reporter);
  }
  names->merge(own);
}

void ValidateMounts(const Container& container, const VolumeNames& names, const FieldPath& path,
                    FieldReporter* reporter) {
  std::set<std::string> paths;
  const FieldPath mounts(path, "volumeMounts");
  const Value::List& list = ListIn(container.others, "volumeMounts");
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string label = list[i].GetString("mountPath");
    const FieldPath mount_path = FieldPath::Item(mounts, i, label);
    ValidateMount(list[i], names, &paths, mount_path, reporter);
    ValidatePropagation(list[i], container, mount_path, reporter);
  }
  const FieldPath devices(path, "volumeDevices");
  const Value::List& device_list = ListIn(container.others, "volumeDevices");
  for (size_t i = 0; i < device_list.size(); ++i) {
    const FieldPath device = FieldPath::Item(devices, i);
    const std::string name = device_list[i].GetString("name");
    if (!name.empty() && !names.contains(name)) {
      reporter->Error(FieldPath(device, "name"), "the pod has no volume " + Quoted(name));
    }
    const std::string target = device_list[i].GetString("devicePath");
    if (!target.empty() && !paths.insert(target).second) {
      reporter->Error(FieldPath(device, "devicePath"), "two volumes are at " + Quoted(target));
    }
  }
}

}  // namespace reconcile
