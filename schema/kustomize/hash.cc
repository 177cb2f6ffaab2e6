#include <algorithm>

#include "base/digest.h"
#include "base/utf8.h"
#include "schema/kustomize/generators.h"

namespace reconcile::kustomize {
namespace {

constexpr size_t kHashLength = 10;

// JSON as Go's encoder writes it: members sorted, and what HTML or JavaScript could take amiss
// escaped.
void AppendGoString(const std::string& text, std::string* json) {
  constexpr std::string_view kHex = "0123456789abcdef";
  *json += '"';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *json += '\\';
      *json += c;
    } else if (c == '\n') {
      *json += "\\n";
    } else if (c == '\r') {
      *json += "\\r";
    } else if (c == '\t') {
      *json += "\\t";
    } else if (c == '\b') {
      *json += "\\b";
    } else if (c == '\f') {
      *json += "\\f";
    } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
      *json += "\\u00";
      *json += kHex[byte >> 4];
      *json += kHex[byte & 15];
    } else if (text.compare(i, 3, "\xe2\x80\xa8") == 0 || text.compare(i, 3, "\xe2\x80\xa9") == 0) {
      *json += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      *json += c;
    }
  }
  *json += '"';
}

void AppendGoJson(const Value& value, std::string* json) {
  if (value.IsString()) {
    AppendGoString(value.AsString(), json);
  } else if (value.IsList()) {
    *json += '[';
    for (const Value& item : value.AsList()) {
      if (json->back() != '[') *json += ',';
      AppendGoJson(item, json);
    }
    *json += ']';
  } else if (value.IsMap()) {
    std::vector<const Value::Member*> members;
    for (const Value::Member& member : value.AsMap()) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key < b->key; });
    *json += '{';
    for (const Value::Member* member : members) {
      if (member != members.front()) *json += ',';
      AppendGoString(member->key, json);
      *json += ':';
      AppendGoJson(member->value, json);
    }
    *json += '}';
  } else {
    *json += WriteJson(value);
  }
}

}  // namespace

std::string HashOf(const Value& object) {
  const std::string kind = object.GetString("kind");
  Value hashed = Value::MakeMap();
  const auto take = [&](std::string_view field) {
    const Value* value = object.Find(field);
    hashed.Set(std::string(field), value == nullptr ? Value::String("") : *value);
  };
  if (kind == "ConfigMap" || kind == "Secret") {
    hashed.Set("kind", Value::String(kind));
    hashed.Set("name", Value::String(""));  // kustomize looks for it at the wrong place
    take("data");
    if (kind == "Secret") take("type");
    const std::string_view more = kind == "Secret" ? "stringData" : "binaryData";
    if (object.Find(more) != nullptr) take(more);
  } else {
    hashed = object;
  }
  std::string json;
  AppendGoJson(hashed, &json);
  std::string hash = ToHex(Sha256(json)).substr(0, kHashLength);
  // Digits and vowels that could make words give way to other letters.
  for (char& c : hash) {
    constexpr std::string_view kFrom = "013ae";
    constexpr std::string_view kTo = "ghkmt";
    if (const size_t at = kFrom.find(c); at != std::string_view::npos) c = kTo[at];
  }
  return hash;
}

void AddHashes(Resources* resources) {
  for (Resource& resource : *resources) {
    if (!resource.needs_hash) continue;
    const std::string hash = HashOf(resource.value);
    resource.RememberId();
    Value* name = FindMember(FindMember(&resource.value, "metadata"), "name");
    const Mark mark = name->mark;
    *name = StringAt(ScalarText(*name) + "-" + hash, mark);
  }
}

}  // namespace reconcile::kustomize
