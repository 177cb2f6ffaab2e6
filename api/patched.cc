#include "api/patched.h"

#include "api/json_patch.h"
#include "api/strategic_merge.h"
#include "schema/manifests.h"

namespace reconcile {
namespace {

constexpr size_t kMaxObjectBytes = 3 << 20;  // what the server takes of a body
constexpr size_t kMaxObjectValues = 300'000;
constexpr size_t kMaxPatchValues = 20'000;  // each is looked for where it is put
constexpr std::string_view kApplyType = "application/apply-patch+yaml";

std::optional<Value> RefuseBody(const std::string& why, Refusal* refusal) {
  *refusal = BadRequest(why);
  return std::nullopt;
}

std::optional<Value> JsonBody(const ApiRequest& request, size_t max_values, Refusal* refusal) {
  Result<Value> body = ParseJson(
      request.body, {.max_bytes = kMaxObjectBytes, .max_depth = 64, .max_values = max_values});
  if (!body.ok()) return RefuseBody("the body: " + body.status().message(), refusal);
  return std::move(body).value();
}

// JSON is YAML too.
std::optional<Value> YamlBody(const ApiRequest& request, Refusal* refusal) {
  YamlDocuments read = ReadYaml(request.body);
  if (!read.errors.empty()) {
    return RefuseBody("the body: " + read.errors.front().ToString(), refusal);
  }
  if (read.documents.size() != 1 || !read.documents[0].IsMap()) {
    return RefuseBody("the body is not one object", refusal);
  }
  return std::move(read.documents[0]);
}

}  // namespace

std::optional<Value> BodyObject(const ApiRequest& request, Refusal* refusal) {
  if (request.content_type == kApplyType) return YamlBody(request, refusal);
  if (request.content_type != "application/json") {
    *refusal = {
        415, "UnsupportedMediaType",
        "a body of type \"" + request.content_type + "\" is not read here; send application/json"};
    return std::nullopt;
  }
  std::optional<Value> body = JsonBody(request, kMaxObjectValues, refusal);
  if (body && !body->IsMap()) return RefuseBody("the body is no object", refusal);
  return body;
}

std::optional<Value> Patched(const Value& current, const ApiRequest& request, Refusal* refusal) {
  const std::string& type = request.content_type;
  if (request.method == "PUT" || type == kApplyType) return BodyObject(request, refusal);
  const std::optional<Value> patch = JsonBody(request, kMaxPatchValues, refusal);
  if (!patch) return std::nullopt;
  Result<Value> patched = InvalidError(
      "a patch is of type application/strategic-merge-patch+json, application/merge-patch+json, "
      "application/json-patch+json or application/apply-patch+yaml");
  if (type == "application/merge-patch+json") patched = JsonMergePatch(current, *patch);
  if (type == "application/strategic-merge-patch+json") {
    patched = StrategicMergePatch(current, *patch);
  }
  if (type == "application/json-patch+json") patched = JsonPatch(current, *patch);
  if (!patched.ok() && patched.status().code() == StatusCode::kNotFound) {
    *refusal = {422, "Invalid", patched.status().message()};
    refusal->causes = {{"FieldValueInvalid", patched.status().message(), "patch"}};
    return std::nullopt;
  }
  if (!patched.ok()) return RefuseBody(patched.status().message(), refusal);
  if (!patched->IsMap()) return RefuseBody("what the patch leaves is no object", refusal);
  return std::move(patched).value();
}

}  // namespace reconcile
