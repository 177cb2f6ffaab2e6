#include "cmd/plan_diff.h"

#include "cmd/yaml_output.h"
#include "source/text_diff.h"

namespace reconcile {
namespace {

std::string YamlOf(const Value* manifest) {
  return manifest == nullptr ? "" : WriteYaml(*manifest);
}

// "default/Deployment/web": no file of the repository, an object of the model.
std::string NameOf(const Value& change) {
  const std::string namespace_name = change.GetString("namespace");
  return (namespace_name.empty() ? "" : namespace_name + "/") + change.GetString("kind") + "/" +
         change.GetString("name");
}

}  // namespace

Result<std::string> PlanDiff(const Value& plan) {
  std::string text;
  for (const Value& change : plan.GetList("changes")) {
    const std::string name = NameOf(change);
    const Value* before = change.Find("before");
    const Value* after = change.Find("after");
    Result<std::string> diff = UnifiedDiff(before == nullptr ? "" : name, YamlOf(before),
                                           after == nullptr ? "" : name, YamlOf(after));
    if (!diff.ok()) return diff.status().WithContext(name);
    text += *diff;
  }
  return text;
}

}  // namespace reconcile
