#include <array>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_pod.h"

namespace reconcile {

namespace {

// SEMANTICS 11.5.
constexpr std::array<std::string_view, 9> kFieldPaths = {"metadata.name",
                                                         "metadata.namespace",
                                                         "metadata.uid",
                                                         "spec.nodeName",
                                                         "spec.serviceAccountName",
                                                         "status.hostIP",
                                                         "status.hostIPs",
                                                         "status.podIP",
                                                         "status.podIPs"};

// The KEY of `prefix['KEY']`, or nothing.
std::optional<std::string> Subscript(const std::string& text, const std::string& prefix) {
  const std::string begin = prefix + "['";
  if (text.size() < begin.size() + 2 || text.rfind(begin, 0) != 0) return std::nullopt;
  if (text.substr(text.size() - 2) != "']") return std::nullopt;
  return text.substr(begin.size(), text.size() - begin.size() - 2);
}

void ValidateFieldRef(const FieldSelector& field, const FieldPath& path, FieldReporter* reporter) {
  if (field.api_version != "v1") {
    reporter->Error(FieldPath(path, "apiVersion"),
                    Quoted(field.api_version) + " is not served; use \"v1\"");
  }
  const FieldPath field_path(path, "fieldPath");
  if (field.field_path.empty()) return;
  for (const char* map : {"metadata.labels", "metadata.annotations"}) {
    if (const std::optional<std::string> key = Subscript(field.field_path, map)) {
      ReportIf(CheckQualifiedName(*key), field_path, reporter);
      return;
    }
    if (field.field_path == map) {
      reporter->Error(field_path, "a variable holds one value: write " + std::string(map) +
                                      "['KEY'] to name one");
      return;
    }
  }
  for (std::string_view known : kFieldPaths) {
    if (field.field_path == known) return;
  }
  const std::string_view nearest =
      NearestWord(field.field_path, {kFieldPaths.begin(), kFieldPaths.end()});
  reporter->Error(field_path, Quoted(field.field_path) +
                                  " is not a field that a variable can take; " +
                                  (IsSimilar(field.field_path, nearest)
                                       ? "did you mean " + Quoted(nearest) + "?"
                                       : "see reconcile explain "
                                         "pod.spec.containers.env.valueFrom.fieldRef.fieldPath"));
}

void ValidateKeyRef(const KeySelector& reference, const FieldPath& path, FieldReporter* reporter) {
  if (!reference.name.empty()) {
    ReportIf(CheckDnsSubdomain(reference.name), FieldPath(path, "name"), reporter);
  }
  if (!reference.key.empty()) {
    ReportIf(CheckConfigKey(reference.key), FieldPath(path, "key"), reporter);
  }
}

void ValidateVariable(const EnvVar& variable, const FieldPath& path, FieldReporter* reporter) {
  if (!variable.name.empty()) {
    ReportIf(CheckEnvName(variable.name), FieldPath(path, "name"), reporter);
  }
  if (!variable.value_from) return;
  const FieldPath from_path(path, "valueFrom");
  const EnvVarSource& from = *variable.value_from;
  const int sources = (from.field_ref ? 1 : 0) + (from.config_map_key_ref ? 1 : 0) +
                      (from.secret_key_ref ? 1 : 0) +
                      (from.others.Find("resourceFieldRef") != nullptr ? 1 : 0);
  if (sources != 1) {
    reporter->Error(from_path,
                    std::string(sources == 0 ? "needs" : "must not have more than") +
                        " one of fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef");
  }
  if (!variable.value.empty()) {
    reporter->Error(from_path, "must not be given together with a value that is not empty");
  }
  if (from.field_ref) {
    ValidateFieldRef(*from.field_ref, FieldPath(from_path, "fieldRef"), reporter);
  }
  if (const Value* resource = from.others.Find("resourceFieldRef")) {
    ValidateResourceField(*resource, false, FieldPath(from_path, "resourceFieldRef"), reporter);
  }
  if (from.config_map_key_ref) {
    ValidateKeyRef(*from.config_map_key_ref, FieldPath(from_path, "configMapKeyRef"), reporter);
  }
  if (from.secret_key_ref) {
    ValidateKeyRef(*from.secret_key_ref, FieldPath(from_path, "secretKeyRef"), reporter);
  }
}

void ValidateEnvFrom(const EnvFromSource& from, const FieldPath& path, FieldReporter* reporter) {
  if (!from.prefix.empty()) {
    ReportIf(CheckEnvName(from.prefix), FieldPath(path, "prefix"), reporter);
  }
  if (from.config_map_ref.has_value() == from.secret_ref.has_value()) {
    reporter->Error(path, "needs exactly one of configMapRef, secretRef");
  }
  const auto check = [&](const std::optional<EnvFromRef>& reference, std::string_view field) {
    if (!reference || reference->name.empty()) return;
    const FieldPath reference_path(path, field);
    ReportIf(CheckDnsSubdomain(reference->name), FieldPath(reference_path, "name"), reporter);
  };
  check(from.config_map_ref, "configMapRef");
  check(from.secret_ref, "secretRef");
}

}  // namespace

void ValidateEnvironment(const Container& container, const FieldPath& path,
                         FieldReporter* reporter) {
  const FieldPath env_path(path, "env");
  for (size_t i = 0; i < container.env.size(); ++i) {
    ValidateVariable(container.env[i], FieldPath::Item(env_path, i, container.env[i].name),
                     reporter);
  }
  const FieldPath from_path(path, "envFrom");
  for (size_t i = 0; i < container.env_from.size(); ++i) {
    ValidateEnvFrom(container.env_from[i], FieldPath::Item(from_path, i), reporter);
  }
}

}  // namespace reconcile
