#pragma once

// What the conversions share: changes of a Value that keep its marks.

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "schema/convert.h"

namespace reconcile {

// One manifest on its way from its old version to the new one.
struct Conversion {
  ConvertedManifest* result;
  std::string kept;  // defaults of the old version that were filled in, for the warning

  Value* root() const { return &result->value; }
  void Error(Mark mark, std::string message) const {
    result->errors.push_back({mark, std::move(message)});
  }
  // Notes that `what` was filled in.
  void Keep(std::string_view what);
};

// The member `key` of `map`; null when `map` is null, no map, or has no such member, and when that
// is an explicit null (which means unset).
Value* FindMember(Value* map, std::string_view key);
// The map inside `map`, made empty when it is unset; null when something else stands there.
Value* MakeMember(Value* map, std::string_view key);
// The list's elements, none when `list` is null or no list.
std::span<Value> ItemsOf(Value* list);
// Sets `key` unless it is set; whether it did.
bool FillMember(Value* map, std::string_view key, Value value);
// Gives the member another name, its place unchanged. Nothing when it is unset.
void RenameMember(Value* map, std::string_view from, std::string_view to);
// Removes the member and returns it; null when it is unset.
std::optional<Value> TakeMember(Value* map, std::string_view key);
// An error for each member of `map` that only the new version has.
void RefuseNewer(Value* map, std::initializer_list<std::string_view> names, Conversion* conversion);

// The conversions, by subject.
void ConvertExtensionsDeployment(Conversion* conversion);
void ConvertExtensionsDaemonSet(Conversion* conversion);
void ConvertExtensionsReplicaSet(Conversion* conversion);
void ConvertAppsV1Beta1Deployment(Conversion* conversion);
void ConvertAppsV1Beta1StatefulSet(Conversion* conversion);
void ConvertIngress(Conversion* conversion);
void ConvertPodDisruptionBudget(Conversion* conversion);
void ConvertAutoscalerV1(Conversion* conversion);
void ConvertAutoscalerV2Beta1(Conversion* conversion);
void ConvertBindingV1Alpha1(Conversion* conversion);
void ConvertEndpointSlice(Conversion* conversion);
void ConvertNothing(Conversion* conversion);

}  // namespace reconcile
