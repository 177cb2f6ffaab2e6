#include <algorithm>
#include <limits>

#include "base/ids.h"
#include "base/value.h"
#include "link/enrollment_state.h"

namespace reconcile {
namespace {

constexpr int64_t kStateFormat = 1;

Value TimeValue(WallTime time) { return Value::String(FormatRfc3339(time)); }

// Reads the members of one map; the first that is missing or wrong is remembered.
class StateReader {
 public:
  StateReader(const Value& map, std::string where, Status* problem)
      : map_(map), where_(std::move(where)), problem_(problem) {}

  std::string Text(std::string_view key) {
    const Value* value = Find(key, Value::Type::kString);
    return value == nullptr ? "" : value->AsString();
  }
  int64_t Number(std::string_view key, int64_t max) {
    const Value* value = Find(key, Value::Type::kInt);
    if (value == nullptr) return 0;
    if (value->AsInt() < 0 || value->AsInt() > max) Refuse(key, "is out of range");
    return value->AsInt();
  }
  int Count(std::string_view key) { return static_cast<int>(Number(key, 1'000'000'000)); }
  WallTime Time(std::string_view key) {
    const Value* value = Find(key, Value::Type::kString);
    if (value == nullptr) return {};
    const Result<WallTime> time = ParseRfc3339(value->AsString());
    if (!time.ok()) Refuse(key, "is not a time");
    return time.ok() ? *time : WallTime();
  }
  // 0 when absent.
  WallTime OptionalTime(std::string_view key) {
    return map_.Find(key) == nullptr ? WallTime() : Time(key);
  }
  const Value::List& List(std::string_view key) {
    static const Value::List kNone;
    const Value* value = Find(key, Value::Type::kList);
    return value == nullptr ? kNone : value->AsList();
  }
  void Refuse(std::string_view key, std::string_view why) {
    if (!problem_->ok()) return;
    *problem_ = InvalidError(where_ + "." + std::string(key) + " " + std::string(why));
  }

 private:
  const Value* Find(std::string_view key, Value::Type type) {
    const Value* value = map_.Find(key);
    if (value == nullptr) {
      Refuse(key, "is missing");
    } else if (value->type() != type) {
      Refuse(key, "is not a " + std::string(ToString(type)));
      value = nullptr;
    }
    return value;
  }

  const Value& map_;
  const std::string where_;
  Status* const problem_;
};

Value EncodeAuthority(const AuthorityRecord& authority) {
  Value value = Value::MakeMap();
  value.Set("number", Value::Int(authority.number));
  value.Set("fingerprint", Value::String(authority.fingerprint));
  value.Set("created", TimeValue(authority.created));
  value.Set("expires", TimeValue(authority.expires));
  return value;
}

AuthorityRecord DecodeAuthority(const Value& value, Status* problem) {
  StateReader reader(value, "authorities", problem);
  return {reader.Count("number"), reader.Text("fingerprint"), reader.Time("created"),
          reader.Time("expires")};
}

Value EncodeToken(const TokenRecord& token) {
  Value value = Value::MakeMap();
  value.Set("id", Value::String(token.id));
  value.Set("secretSha256", Value::String(token.secret_hash));
  value.Set("authority", Value::Int(token.authority));
  value.Set("node", Value::String(token.node));
  value.Set("uses", Value::Int(token.uses));
  value.Set("maxUses", Value::Int(token.max_uses));
  value.Set("created", TimeValue(token.created));
  value.Set("expires", TimeValue(token.expires));
  if (token.revoked.ms != 0) value.Set("revoked", TimeValue(token.revoked));
  Value uses = Value::MakeList();
  for (const TokenUse& use : token.recent_uses) {
    Value item = Value::MakeMap();
    item.Set("node", Value::String(use.node));
    item.Set("key", Value::String(use.key));
    item.Set("at", TimeValue(use.at));
    uses.Append(std::move(item));
  }
  value.Set("recentUses", std::move(uses));
  return value;
}

TokenRecord DecodeToken(const Value& value, Status* problem) {
  StateReader reader(value, "tokens", problem);
  TokenRecord token;
  token.id = reader.Text("id");
  token.secret_hash = reader.Text("secretSha256");
  token.authority = reader.Count("authority");
  token.node = reader.Text("node");
  token.uses = reader.Count("uses");
  token.max_uses = reader.Count("maxUses");
  token.created = reader.Time("created");
  token.expires = reader.Time("expires");
  token.revoked = reader.OptionalTime("revoked");
  for (const Value& item : reader.List("recentUses")) {
    StateReader use(item, "recentUses", problem);
    token.recent_uses.push_back({use.Text("node"), use.Text("key"), use.Time("at")});
  }
  return token;
}

Value EncodeNode(const std::string& name, const NodeRecord& node) {
  Value value = Value::MakeMap();
  value.Set("name", Value::String(name));
  value.Set("serial", Value::String(node.serial));
  value.Set("key", Value::String(node.key));
  value.Set("authority", Value::Int(node.authority));
  value.Set("generation", Value::Int(node.generation));
  value.Set("minGeneration", Value::Int(node.min_generation));
  value.Set("issued", TimeValue(node.issued));
  value.Set("expires", TimeValue(node.expires));
  if (node.revoked.ms != 0) value.Set("revoked", TimeValue(node.revoked));
  return value;
}

NodeRecord DecodeNode(const Value& value, Status* problem) {
  constexpr int64_t kMaxGeneration = (int64_t{1} << (4 * kGenerationDigits)) - 1;
  StateReader reader(value, "nodes", problem);
  NodeRecord node;
  node.serial = reader.Text("serial");
  node.key = reader.Text("key");
  node.authority = reader.Count("authority");
  node.generation = reader.Number("generation", kMaxGeneration);
  node.min_generation = reader.Number("minGeneration", kMaxGeneration);
  node.issued = reader.Time("issued");
  node.expires = reader.Time("expires");
  node.revoked = reader.OptionalTime("revoked");
  return node;
}

Value EncodeContent(const EnrollmentState& state) {
  Value authorities = Value::MakeList();
  for (const AuthorityRecord& authority : state.authorities) {
    authorities.Append(EncodeAuthority(authority));
  }
  Value tokens = Value::MakeList();
  for (const auto& [id, token] : state.tokens) tokens.Append(EncodeToken(token));
  Value nodes = Value::MakeList();
  for (const auto& [name, node] : state.nodes) nodes.Append(EncodeNode(name, node));
  Value value = Value::MakeMap();
  value.Set("clusterId", Value::String(state.cluster_id));
  value.Set("authorities", std::move(authorities));
  value.Set("trustGeneration", Value::Int(state.trust_generation));
  value.Set("newestLineageMs", Value::Int(state.newest_lineage_ms));
  value.Set("tokens", std::move(tokens));
  value.Set("nodes", std::move(nodes));
  return value;
}

Result<EnrollmentState> DecodeContent(const Value& content) {
  constexpr int64_t kMaxTrustGeneration = int64_t{1} << 40;
  Status problem;
  StateReader reader(content, "content", &problem);
  EnrollmentState state;
  state.cluster_id = reader.Text("clusterId");
  state.trust_generation = reader.Number("trustGeneration", kMaxTrustGeneration);
  state.newest_lineage_ms = reader.Number("newestLineageMs", std::numeric_limits<int64_t>::max());
  for (const Value& item : reader.List("authorities")) {
    state.authorities.push_back(DecodeAuthority(item, &problem));
  }
  for (const Value& item : reader.List("tokens")) {
    TokenRecord token = DecodeToken(item, &problem);
    std::string id = token.id;
    state.tokens.insert_or_assign(std::move(id), std::move(token));
  }
  for (const Value& item : reader.List("nodes")) {
    const std::string name = StateReader(item, "nodes", &problem).Text("name");
    state.nodes.insert_or_assign(name, DecodeNode(item, &problem));
  }
  if (state.authorities.empty() || state.authorities.size() > 2) {
    reader.Refuse("authorities", "names no CA, or more than two");
  }
  if (!problem.ok()) return problem;
  return state;
}

}  // namespace

Result<std::string> WriteEnrollmentState(const EnrollmentState& state) {
  Value content = EncodeContent(state);
  Value file = Value::MakeMap();
  file.Set("format", Value::Int(kStateFormat));
  file.Set("sha256", Value::String(Sha256Hex(WriteJson(content))));
  file.Set("content", std::move(content));
  std::string text = WriteJson(file, 1) + "\n";
  if (text.size() <= kMaxStateBytes) return text;
  return ConflictError("the list of tokens and certificates would have " +
                       std::to_string(text.size()) + " bytes; at most " +
                       std::to_string(kMaxStateBytes) + " are kept: revoke join tokens");
}

Result<EnrollmentState> ReadEnrollmentState(std::string_view text) {
  const Result<Value> file = ParseJson(text, {.max_bytes = kMaxStateBytes, .max_depth = 16});
  if (!file.ok()) return file.status();
  const int64_t format = file->GetInt("format");
  if (format > kStateFormat) {
    return InvalidError("it was written by a newer release (format " + std::to_string(format) +
                        "): upgrade this one");
  }
  const Value* content = file->Find("content");
  if (format != kStateFormat || content == nullptr) {
    return InvalidError("it is not a list of tokens and certificates");
  }
  if (file->GetString("sha256") != Sha256Hex(WriteJson(*content))) {
    return InvalidError("its checksum does not fit its content");
  }
  return DecodeContent(*content);
}

}  // namespace reconcile
