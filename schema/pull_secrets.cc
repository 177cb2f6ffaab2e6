#include "schema/pull_secrets.h"

namespace reconcile {

std::vector<std::string> PullSecretsOf(const OtherFields& fields) {
  std::vector<std::string> names;
  const Value* list = fields.Find("imagePullSecrets");
  if (list == nullptr || !list->IsList()) return names;
  for (const Value& item : list->AsList()) {
    if (std::string name = item.GetString("name"); !name.empty()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace reconcile
