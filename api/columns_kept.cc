#include "api/columns_kept.h"

#include <functional>

namespace reconcile {

namespace {

using Cells = std::vector<std::string>;

std::string Unset() { return "<none>"; }

// What stands at the names, one inside the other, as text; "" when nothing does.
std::string TextAt(const KeptObject& object, std::initializer_list<std::string_view> names) {
  const Value* value = nullptr;
  for (std::string_view name : names) {
    value = name == *names.begin() ? object.others.Find(name) : value->Find(name);
    if (value == nullptr) return "";
  }
  return value->IsString() ? value->AsString() : WriteJson(*value);
}

std::string TextAt(const KeptObject& object, std::initializer_list<std::string_view> names,
                   const std::string& otherwise) {
  const std::string text = TextAt(object, names);
  return text.empty() ? otherwise : text;
}

const Value::List& ListAt(const KeptObject& object, std::string_view first,
                          std::string_view second) {
  static const Value::List none;
  const Value* value = object.others.Find(first);
  if (value != nullptr && !second.empty()) value = value->Find(second);
  return value != nullptr && value->IsList() ? value->AsList() : none;
}

std::string Join(const Value::List& values, const std::function<std::string(const Value&)>& text) {
  std::string joined;
  for (const Value& value : values) {
    const std::string word = text(value);
    if (!word.empty()) joined += (joined.empty() ? "" : ",") + word;
  }
  return joined;
}

// "RWO,ROX"
std::string AccessModes(const KeptObject& object) {
  return Join(ListAt(object, "spec", "accessModes"), [](const Value& mode) -> std::string {
    const std::string& word = mode.AsString();
    if (word == "ReadWriteOnce") return "RWO";
    if (word == "ReadOnlyMany") return "ROX";
    return word == "ReadWriteMany" ? "RWX" : "RWOP";
  });
}

std::string IngressHosts(const KeptObject& object) {
  const std::string hosts = Join(ListAt(object, "spec", "rules"),
                                 [](const Value& rule) { return rule.GetString("host"); });
  return hosts.empty() ? "*" : hosts;
}

// "cpu: <unknown>/80%, memory: <unknown>/1Gi": what is measured is not known of kinds that are
// kept.
std::string AutoscalerTargets(const KeptObject& object) {
  std::string text;
  for (const Value& metric : ListAt(object, "spec", "metrics")) {
    const Value* resource = metric.Find("resource");
    const Value* target = resource == nullptr ? nullptr : resource->Find("target");
    std::string wanted = "<auto>";
    if (target != nullptr && target->Find("averageUtilization") != nullptr) {
      wanted = std::to_string(target->GetInt("averageUtilization")) + "%";
    } else if (target != nullptr) {
      wanted = target->GetString("averageValue", wanted);
    }
    const std::string name = resource == nullptr ? "" : resource->GetString("name") + ": ";
    text += (text.empty() ? "" : ", ") + name + "<unknown>/" + wanted;
  }
  return text.empty() ? Unset() : text;
}

Cells ClaimCells(const KeptObject& object, const std::string& age) {
  return {object.metadata.name,
          "Pending",
          TextAt(object, {"spec", "volumeName"}),
          "",
          AccessModes(object),
          TextAt(object, {"spec", "storageClassName"}),
          age,
          TextAt(object, {"spec", "volumeMode"}, "Filesystem")};
}

Cells VolumeCells(const KeptObject& object, const std::string& age) {
  const std::string claim = TextAt(object, {"spec", "claimRef", "name"});
  return {object.metadata.name,
          TextAt(object, {"spec", "capacity", "storage"}),
          AccessModes(object),
          TextAt(object, {"spec", "persistentVolumeReclaimPolicy"}, "Retain"),
          "Available",
          claim.empty() ? "" : TextAt(object, {"spec", "claimRef", "namespace"}) + "/" + claim,
          TextAt(object, {"spec", "storageClassName"}),
          "",
          age,
          TextAt(object, {"spec", "volumeMode"}, "Filesystem")};
}

// A row of the table: what a kind's columns are, and its cells.
struct KindColumns {
  Kind kind;
  std::vector<TableColumn> columns;
  std::function<Cells(const KeptObject&, const std::string& age)> cells;
};

std::vector<KindColumns> NetworkAndStorageColumns() {
  return {
      {Kind::kIngress,
       {{"Name"}, {"Class"}, {"Hosts"}, {"Address"}, {"Ports"}, {"Age"}},
       [](const KeptObject& object, const std::string& age) -> Cells {
         const bool has_tls = !ListAt(object, "spec", "tls").empty();
         return {object.metadata.name,       TextAt(object, {"spec", "ingressClassName"}, Unset()),
                 IngressHosts(object),       "",
                 has_tls ? "80, 443" : "80", age};
       }},
      {Kind::kPersistentVolume,
       {{"Name"},
        {"Capacity"},
        {"Access Modes"},
        {"Reclaim Policy"},
        {"Status"},
        {"Claim"},
        {"StorageClass"},
        {"Reason"},
        {"Age"},
        {"VolumeMode", 1}},
       VolumeCells},
      {Kind::kPersistentVolumeClaim,
       {{"Name"},
        {"Status"},
        {"Volume"},
        {"Capacity"},
        {"Access Modes"},
        {"StorageClass"},
        {"Age"},
        {"VolumeMode", 1}},
       ClaimCells},
      {Kind::kStorageClass,
       {{"Name"}, {"Provisioner"}, {"ReclaimPolicy"}, {"Age"}},
       [](const KeptObject& object, const std::string& age) -> Cells {
         return {object.metadata.name, TextAt(object, {"provisioner"}),
                 TextAt(object, {"reclaimPolicy"}, "Delete"), age};
       }},
  };
}

std::vector<KindColumns> PolicyColumns() {
  const auto role_of = [](const KeptObject& object) {
    return TextAt(object, {"roleRef", "kind"}) + "/" + TextAt(object, {"roleRef", "name"});
  };
  const auto binding = [role_of](const KeptObject& object, const std::string& age) -> Cells {
    return {object.metadata.name, role_of(object), age};
  };
  return {
      {Kind::kRoleBinding, {{"Name"}, {"Role"}, {"Age"}}, binding},
      {Kind::kClusterRoleBinding, {{"Name"}, {"Role"}, {"Age"}}, binding},
      {Kind::kHorizontalPodAutoscaler,
       {{"Name"}, {"Reference"}, {"Targets"}, {"MinPods"}, {"MaxPods"}, {"Replicas"}, {"Age"}},
       [](const KeptObject& object, const std::string& age) -> Cells {
         return {object.metadata.name,
                 TextAt(object, {"spec", "scaleTargetRef", "kind"}) + "/" +
                     TextAt(object, {"spec", "scaleTargetRef", "name"}),
                 AutoscalerTargets(object),
                 TextAt(object, {"spec", "minReplicas"}, "1"),
                 TextAt(object, {"spec", "maxReplicas"}),
                 TextAt(object, {"status", "currentReplicas"}, "0"),
                 age};
       }},
      {Kind::kPodDisruptionBudget,
       {{"Name"}, {"Min Available"}, {"Max Unavailable"}, {"Allowed Disruptions"}, {"Age"}},
       [](const KeptObject& object, const std::string& age) -> Cells {
         const auto& status = static_cast<const PodDisruptionBudget&>(object).status;
         return {object.metadata.name, TextAt(object, {"spec", "minAvailable"}, "N/A"),
                 TextAt(object, {"spec", "maxUnavailable"}, "N/A"),
                 std::to_string(status.disruptions_allowed), age};
       }},
      {Kind::kLease,
       {{"Name"}, {"Holder"}, {"Age"}},
       [](const KeptObject& object, const std::string& age) -> Cells {
         return {object.metadata.name, TextAt(object, {"spec", "holderIdentity"}), age};
       }},
      {Kind::kPriorityClass,
       {{"Name"}, {"Value"}, {"Global-Default"}, {"Age"}},
       [](const KeptObject& object, const std::string& age) -> Cells {
         return {object.metadata.name, TextAt(object, {"value"}, "0"),
                 TextAt(object, {"globalDefault"}, "false"), age};
       }},
  };
}

const KindColumns* FindColumns(Kind kind) {
  static const std::vector<KindColumns> kAll[] = {NetworkAndStorageColumns(), PolicyColumns()};
  for (const std::vector<KindColumns>& some : kAll) {
    for (const KindColumns& columns : some) {
      if (columns.kind == kind) return &columns;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<TableColumn> KeptColumns(Kind kind) {
  const KindColumns* columns = FindColumns(kind);
  if (columns == nullptr) return {{"Name"}, {"Age"}};
  return columns->columns;
}

std::vector<std::string> KeptCells(const KeptObject& object, const std::string& age) {
  const KindColumns* columns = FindColumns(object.kind);
  if (columns == nullptr) return {object.metadata.name, age};
  return columns->cells(object, age);
}

}  // namespace reconcile
