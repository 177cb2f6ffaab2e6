#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reconcile {

// One of the types that a client takes, with its parameters.
struct MediaRange {
  std::string type;  // "application/json", "*/*"; in lower case
  std::map<std::string, std::string> parameters;
};
// An Accept header, what the client likes best first; without those it refuses (q=0).
std::vector<MediaRange> ParseAccept(std::string_view accept);
// Whether plain JSON is in the range.
bool TakesJson(const MediaRange& range);

// How objects are written.
enum class ObjectShape { kJson, kTableV1, kTableV1Beta1 };
// The first of the client's that is served: `as=Table` of meta.k8s.io, or JSON. None: 406. Without
// an Accept it is JSON.
std::optional<ObjectShape> ChooseObjectShape(std::string_view accept);

// For documents of which there is JSON alone.
bool AcceptsJson(std::string_view accept);

}  // namespace reconcile
