#include "cmd/get_request.h"

#include <algorithm>
#include <array>

#include "schema/text.h"

namespace reconcile {
namespace {

// kubectl's "all", of the kinds that are here, in its order.
constexpr std::array kAllWorkloads = {Kind::kPod, Kind::kReplicationController, Kind::kService,
                                      Kind::kDeployment, Kind::kReplicaSet};

Result<GetTarget> ParseTarget(std::string_view word, const std::string& name) {
  const size_t slash = word.find('/');
  const std::optional<Kind> kind = FindKindByWord(word.substr(0, slash));
  if (!kind) {
    return InvalidError(Quoted(word.substr(0, slash)) +
                        " is no kind known here; `reconcile explain` lists them");
  }
  if (slash == std::string_view::npos) return GetTarget{*kind, name};
  const std::string own_name(word.substr(slash + 1));
  if (own_name.empty() || !name.empty()) {
    return InvalidError(Quoted(word) + ": give one name, as KIND/NAME or as KIND NAME");
  }
  return GetTarget{*kind, own_name};
}

}  // namespace

Result<std::vector<GetTarget>> ParseGetTargets(std::string_view kinds, const std::string& name) {
  std::vector<GetTarget> targets;
  const auto add = [&](const GetTarget& target) {
    if (std::find(targets.begin(), targets.end(), target) == targets.end()) {
      targets.push_back(target);
    }
  };
  for (size_t start = 0; start <= kinds.size();) {
    const size_t end = std::min(kinds.find(',', start), kinds.size());
    const std::string_view word = kinds.substr(start, end - start);
    start = end + 1;
    if (word == "all") {
      if (!name.empty()) return InvalidError("\"all\" and a name exclude each other");
      for (const Kind kind : kAllWorkloads) add({kind, ""});
      continue;
    }
    const Result<GetTarget> target = ParseTarget(word, name);
    if (!target.ok()) return target.status();
    add(*target);
  }
  return targets;
}

}  // namespace reconcile
