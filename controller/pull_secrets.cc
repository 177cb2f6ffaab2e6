#include "controller/pull_secrets.h"

#include "schema/pull_secrets.h"

namespace reconcile {

ObjectKey ServiceAccountOf(const Pod& pod) {
  std::string name = "default";
  for (const std::string_view field : {"serviceAccount", "serviceAccountName"}) {
    const Value* written = pod.spec.others.Find(field);
    if (written != nullptr && written->IsString() && !written->AsString().empty()) {
      name = written->AsString();
    }
  }
  return {Kind::kServiceAccount, pod.metadata.namespace_name, name};
}

std::vector<std::string> PullSecretsOf(const Pod& pod, const ClusterState& state) {
  std::vector<std::string> names = PullSecretsOf(pod.spec.others);
  if (!names.empty()) return names;
  const ObjectKey key = ServiceAccountOf(pod);
  const auto account = state.Find<ServiceAccount>(key.namespace_name, key.name);
  return account == nullptr ? names : PullSecretsOf(account->others);
}

std::shared_ptr<const Pod> WithPullSecrets(std::shared_ptr<const Pod> pod,
                                           const ClusterState& state) {
  if (!PullSecretsOf(pod->spec.others).empty()) return pod;
  const std::vector<std::string> names = PullSecretsOf(*pod, state);
  if (names.empty()) return pod;
  Value list = Value::MakeList();
  for (const std::string& name : names) {
    Value reference = Value::MakeMap();
    reference.Set("name", Value::String(name));
    list.Append(std::move(reference));
  }
  auto with = std::make_shared<Pod>(*pod);
  with->spec.others.Set("imagePullSecrets", std::move(list));
  return with;
}

}  // namespace reconcile
