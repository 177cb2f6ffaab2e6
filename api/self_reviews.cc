#include "api/self_reviews.h"

#include <algorithm>
#include <map>

#include "api/protobuf_reader.h"
#include "api/refusal.h"
#include "base/utf8.h"
#include "base/value.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

constexpr uint64_t kReviewSpec = 2;          // of all three
constexpr uint64_t kResourceAttributes = 1;  // of SelfSubjectAccessReviewSpec
constexpr uint64_t kNonResourceAttributes = 2;
constexpr uint64_t kRulesNamespace = 1;  // of SelfSubjectRulesReviewSpec

Status Damaged() { return InvalidError("the review cannot be read: its protobuf is damaged"); }

Result<std::string_view> SpecOfProtobuf(std::string_view body) {
  if (body.size() > kMaxReviewBytes) return Damaged();
  const auto raw = ProtobufObject(body);
  if (!raw) return Damaged();
  const auto spec = ProtobufField(*raw, kReviewSpec);
  return spec ? Result<std::string_view>(*spec) : Damaged();
}

// Fields 1, 2, ... of `message` into `targets`; nullptr passes one over.
Status ReadTexts(std::string_view message, const std::vector<std::string*>& targets) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() > targets.size()) continue;
    std::string* const target = targets[reader.field() - 1];
    if (target != nullptr && FindInvalidUtf8(reader.bytes()) != std::string_view::npos)
      return Damaged();
    if (target != nullptr) *target = std::string(reader.bytes());
  }
  return reader.ok() ? OkStatus() : Damaged();
}

Result<Access> ReadAccessProtobuf(std::string_view body) {
  const Result<std::string_view> spec = SpecOfProtobuf(body);
  if (!spec.ok()) return spec.status();
  const auto resource = ProtobufField(*spec, kResourceAttributes);
  const auto other = ProtobufField(*spec, kNonResourceAttributes);
  if (!resource || !other) return Damaged();
  Access access;
  RETURN_IF_ERROR(
      ReadTexts(*resource, {&access.namespace_name, &access.verb, &access.group, nullptr,
                            &access.resource, &access.subresource, &access.name}));
  if (!other->empty()) RETURN_IF_ERROR(ReadTexts(*other, {&access.path, &access.verb}));
  return access;
}

Result<Value> ReadJsonBody(std::string_view body) {
  Result<Value> value = ParseJson(body, {.max_bytes = kMaxReviewBytes, .max_depth = 16});
  if (!value.ok()) return value.status().WithContext("the review");
  if (!value->IsMap()) return InvalidError("the review is not an object");
  return value;
}

const Value& MemberMap(const Value& value, std::string_view key) {
  static const Value empty = Value::MakeMap();
  const Value* found = value.IsMap() ? value.Find(key) : nullptr;
  return found != nullptr && found->IsMap() ? *found : empty;
}

Value ReviewOf(const std::string& path, const std::string& kind) {
  const size_t version = path.rfind('/');  // /apis/GROUP/VERSION/RESOURCE
  Value review = Value::MakeMap();
  review.Set("kind", Value::String(kind));
  review.Set("apiVersion", Value::String(path.substr(6, version - 6)));
  review.Set("metadata", Value::MakeMap());
  return review;
}

ApiResponse Created(const Value& review) {
  ApiResponse response;
  response.code = 201;
  response.body = WriteJson(review);
  return response;
}

Value Texts(const std::vector<std::string>& texts) {
  Value list = Value::MakeList();
  for (const std::string& text : texts) list.Append(Value::String(text));
  return list;
}

ApiResponse AnswerAccess(const ApiRequest& request) {
  const Result<Access> access = ReadAccessReview(request.content_type, request.body);
  if (!access.ok()) return RefusalResponse(400, access.status().message());
  const bool allowed = Authorize(*request.user, *access);
  Value status = Value::MakeMap();
  status.Set("allowed", Value::Bool(allowed));
  if (!allowed) {
    status.Set("reason", Value::String(ForbiddenMessage(*request.user, *access)));
  }
  Value review = ReviewOf(request.path, "SelfSubjectAccessReview");
  review.Set("spec", Value::MakeMap());
  review.Set("status", std::move(status));
  return Created(review);
}

// One rule for each set of verbs in a group.
void AddRules(UserRole role, Value* rules) {
  std::map<std::pair<std::string, std::vector<std::string>>, std::vector<std::string>> by_verbs;
  for (const Kind kind : kAllKinds) {
    const KindInfo& info = InfoOf(kind);
    const std::string version(info.api_version);
    const size_t slash = version.find('/');
    const std::string group = slash == std::string::npos ? "" : version.substr(0, slash);
    const std::string resource(info.plural);
    const std::vector<std::string> verbs = VerbsOf(role, group, resource);
    if (!verbs.empty()) by_verbs[{group, verbs}].push_back(resource);
  }
  for (const auto& [key, resources] : by_verbs) {
    Value rule = Value::MakeMap();
    rule.Set("verbs", Texts(key.second));
    rule.Set("apiGroups", Texts({key.first}));
    rule.Set("resources", Texts(resources));
    rules->Append(std::move(rule));
  }
}

ApiResponse AnswerRules(const ApiRequest& request) {
  const Result<std::string> where = ReadRulesReview(request.content_type, request.body);
  if (!where.ok()) return RefusalResponse(400, where.status().message());
  Value rules = Value::MakeList();
  for (const Grant& grant : GrantsOf(*request.user)) {
    if (grant.namespace_name.empty() || grant.namespace_name == *where) {
      AddRules(grant.role, &rules);
    }
  }
  Value knowledge = Value::MakeMap();
  knowledge.Set("verbs", Texts({"get"}));
  knowledge.Set("nonResourceURLs",
                Texts({"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                       "/openapi/*", "/readyz", "/version"}));
  Value status = Value::MakeMap();
  status.Set("resourceRules", std::move(rules));
  status.Set("nonResourceRules", Value::MakeList({std::move(knowledge)}));
  status.Set("incomplete", Value::Bool(false));
  Value review = ReviewOf(request.path, "SelfSubjectRulesReview");
  review.Set("spec", Value::MakeMap());
  review.Set("status", std::move(status));
  return Created(review);
}

ApiResponse AnswerWho(const ApiRequest& request) {
  Value user = Value::MakeMap();
  user.Set("username", Value::String(request.user->name));
  user.Set("groups", Texts(request.user->groups));
  if (request.by_session) {
    Value extra = Value::MakeMap();
    extra.Set("reconcile.dev/credential", Texts({"session"}));
    user.Set("extra", std::move(extra));
  }
  Value status = Value::MakeMap();
  status.Set("userInfo", std::move(user));
  Value review = ReviewOf(request.path, "SelfSubjectReview");
  review.Set("status", std::move(status));
  return Created(review);
}

}  // namespace

Result<Access> ReadAccessReview(std::string_view content_type, std::string_view body) {
  if (content_type == kProtobufType) return ReadAccessProtobuf(body);
  const Result<Value> value = ReadJsonBody(body);
  if (!value.ok()) return value.status();
  const Value& spec = MemberMap(*value, "spec");
  const Value& resource = MemberMap(spec, "resourceAttributes");
  const Value& other = MemberMap(spec, "nonResourceAttributes");
  Access access;
  access.path = other.GetString("path");
  access.verb = other.GetString("verb", resource.GetString("verb"));
  access.group = resource.GetString("group");
  access.resource = resource.GetString("resource");
  access.subresource = resource.GetString("subresource");
  access.namespace_name = resource.GetString("namespace");
  access.name = resource.GetString("name");
  return access;
}

Result<std::string> ReadRulesReview(std::string_view content_type, std::string_view body) {
  std::string where;
  if (content_type == kProtobufType) {
    const Result<std::string_view> spec = SpecOfProtobuf(body);
    if (!spec.ok()) return spec.status();
    std::vector<std::string*> targets(kRulesNamespace, &where);
    RETURN_IF_ERROR(ReadTexts(*spec, targets));
    return where;
  }
  const Result<Value> value = ReadJsonBody(body);
  if (!value.ok()) return value.status();
  return MemberMap(*value, "spec").GetString("namespace");
}

std::optional<ApiResponse> AnswerSelfReview(const ApiRequest& request) {
  const Access access = AccessOf(request);
  if (!request.user || access.verb != "create" || !access.namespace_name.empty() ||
      !access.name.empty()) {
    return std::nullopt;
  }
  const bool authorization = access.group == "authorization.k8s.io";
  if (authorization && access.resource == "selfsubjectaccessreviews") return AnswerAccess(request);
  if (authorization && access.resource == "selfsubjectrulesreviews") return AnswerRules(request);
  if (access.group == "authentication.k8s.io" && access.resource == "selfsubjectreviews") {
    return AnswerWho(request);
  }
  return std::nullopt;
}

}  // namespace reconcile
