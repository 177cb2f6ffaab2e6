#include "api/enrollment_routes.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/routes.h"
#include "api/table.h"
#include "link/join_token.h"

namespace reconcile {
namespace {

constexpr std::string_view kEnrollmentPrefix = "/apis/reconcile.dev/v1/";
constexpr std::array<std::string_view, 3> kEnrollmentKinds = {"jointokens", "nodecertificates",
                                                              "authorities"};

// Of a path below the prefix: "jointokens", "ID", "revoke".
struct EnrollmentPath {
  std::string kind;
  std::string name;
  std::string verb;
};

EnrollmentPath ParseEnrollmentPath(const std::string& path) {
  EnrollmentPath parsed;
  if (!path.starts_with(kEnrollmentPrefix)) return parsed;
  const std::string rest = path.substr(kEnrollmentPrefix.size());
  const size_t first = std::min(rest.find('/'), rest.size());
  const size_t second = std::min(rest.find('/', first + 1), rest.size());
  parsed.kind = rest.substr(0, first);
  if (first < rest.size()) parsed.name = rest.substr(first + 1, second - first - 1);
  if (second < rest.size()) parsed.verb = rest.substr(second + 1);
  return parsed;
}

ApiResponse EnrollmentJson(const Value& value) { return {.body = WriteJson(value)}; }

ApiResponse EnrollmentAnswer(const Status& status) {
  if (!status.ok()) return ErrorResponse(status);
  Value value = Value::MakeMap();
  value.Set("kind", Value::String("Status"));
  value.Set("status", Value::String("Success"));
  return EnrollmentJson(value);
}

// A whole number in a query; `fallback` when absent.
Result<int64_t> NumberOf(const ApiRequest& request, const std::string& name, int64_t fallback) {
  const std::string text = request.Query(name);
  if (text.empty()) return fallback;
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  constexpr int64_t kMaxNumber = 1'000'000'000;
  if (error != std::errc() || stop != end || number < 0 || number > kMaxNumber) {
    return InvalidError(name + ": '" + text + "' is not a number that fits");
  }
  return number;
}

ApiResponse CreateToken(const EnrollmentApi& api, const ApiRequest& request, WallTime now) {
  const auto life = NumberOf(request, "ttlSeconds", kDefaultTokenLifeMs / 1000);
  if (!life.ok()) return ErrorResponse(life.status());
  const auto uses = NumberOf(request, "uses", 1);
  if (!uses.ok()) return ErrorResponse(uses.status());
  TokenOptions options;
  options.valid_ms = *life * 1000;
  options.uses = static_cast<int>(*uses);
  options.node = request.Query("node");
  const Result<std::string> text = api.admin->CreateToken(options, now);
  if (!text.ok()) return ErrorResponse(text.status());
  const Result<JoinToken> token = ParseJoinToken(*text);
  Value value = Value::MakeMap();
  value.Set("kind", Value::String("JoinToken"));
  value.Set("id", Value::String(token.ok() ? token->id : ""));
  value.Set("token", Value::String(*text));
  value.Set("address", Value::String(api.advertise));
  value.Set("expires", Value::String(FormatRfc3339({now.ms + options.valid_ms})));
  value.Set("uses", Value::Int(options.uses));
  value.Set("node", Value::String(options.node));
  return EnrollmentJson(value);
}

ApiResponse ListTokens(const EnrollmentAdmin& admin, WallTime now) {
  Table table;
  table.columns = {{"Id"}, {"State"}, {"Expires"}, {"Uses"}, {"Node"}, {"Created"}};
  for (const TokenInfo& token : admin.ListTokens(now)) {
    table.rows.push_back(
        {{token.id, std::string(ToString(token.state)),
          FormatRfc3339({token.expires.ms / 1000 * 1000}),
          std::to_string(token.uses) + "/" + std::to_string(token.max_uses),
          token.node.empty() ? "<any>" : token.node, FormatAge(now.ms - token.created.ms)},
         nullptr});
  }
  return EnrollmentJson(EncodeTable(table));
}

ApiResponse ListCertificates(const EnrollmentAdmin& admin, WallTime now) {
  Table table;
  table.columns = {{"Node"}, {"State"}, {"Expires"}, {"Ca"}, {"Serial"}};
  for (const IssuedNode& node : admin.Nodes(now)) {
    table.rows.push_back({{node.node, std::string(ToString(node.state)),
                           FormatRfc3339({node.expires.ms / 1000 * 1000}),
                           std::to_string(node.authority), node.serial},
                          nullptr});
  }
  return EnrollmentJson(EncodeTable(table));
}

ApiResponse ShowAuthorities(const EnrollmentAdmin& admin, WallTime now) {
  const AuthorityView view = admin.Authorities(now);
  Table table;
  table.columns = {{"Ca"}, {"State"}, {"Created"}, {"Expires"}, {"Fingerprint"}};
  for (const AuthorityInfo& authority : view.authorities) {
    table.rows.push_back(
        {{std::to_string(authority.number), std::string(ToString(authority.state)),
          FormatRfc3339({authority.created.ms / 1000 * 1000}),
          FormatRfc3339({authority.expires.ms / 1000 * 1000}), authority.fingerprint},
         nullptr});
  }
  Value waiting = Value::MakeList();
  for (const std::string& line : view.waiting_for) waiting.Append(Value::String(line));
  Value value = EncodeTable(table);
  value.Set("clusterId", Value::String(view.cluster_id));
  value.Set("rotating", Value::Bool(view.authorities.size() > 1));
  value.Set("waitingFor", std::move(waiting));
  return EnrollmentJson(value);
}

ApiResponse NoSuchPath(const ApiRequest& request) {
  return ErrorResponse(NotFoundError("no such path: " + request.method + " " + request.path));
}

ApiResponse PostToEnrollment(const EnrollmentApi& api, const EnrollmentPath& path,
                             const ApiRequest& request, WallTime now) {
  const bool revokes = path.verb == "revoke" && !path.name.empty();
  const bool creates = path.kind == "jointokens" && path.name.empty() && path.verb.empty();
  if (creates) return CreateToken(api, request, now);
  if (path.kind == "jointokens" && revokes) {
    return EnrollmentAnswer(api.admin->RevokeToken(path.name, now));
  }
  if (path.kind == "nodecertificates" && revokes) {
    return EnrollmentAnswer(api.admin->RevokeNode(path.name, now));
  }
  const bool turns = path.kind == "authorities" && path.verb.empty();
  if (turns && path.name == "rotate") return EnrollmentAnswer(api.admin->BeginRotation(now));
  if (turns && path.name == "finish") return EnrollmentAnswer(api.admin->FinishRotation(now));
  return NoSuchPath(request);
}

}  // namespace

bool IsEnrollmentPath(const std::string& path) {
  const std::string kind = ParseEnrollmentPath(path).kind;
  return std::find(kEnrollmentKinds.begin(), kEnrollmentKinds.end(), kind) !=
         kEnrollmentKinds.end();
}

ApiResponse HandleEnrollmentApi(const EnrollmentApi& api, const ApiRequest& request, WallTime now) {
  if (api.admin == nullptr) {
    return ErrorResponse(InvalidError(
        "this is `reconcile up`: one host, which no other can join, without a CA. For more hosts "
        "stop it and start `reconcile controller` and `reconcile agent` on the same data folder; "
        "containers go on running"));
  }
  const EnrollmentPath path = ParseEnrollmentPath(request.path);
  if (request.method == "POST") return PostToEnrollment(api, path, request, now);
  if (!path.name.empty() || !path.verb.empty() || request.method != "GET")
    return NoSuchPath(request);
  if (path.kind == "jointokens") return ListTokens(*api.admin, now);
  if (path.kind == "nodecertificates") return ListCertificates(*api.admin, now);
  return path.kind == "authorities" ? ShowAuthorities(*api.admin, now) : NoSuchPath(request);
}

}  // namespace reconcile
