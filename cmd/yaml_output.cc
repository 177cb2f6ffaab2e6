#include "cmd/yaml_output.h"

#include <yaml-cpp/yaml.h>

#include "schema/manifests.h"

namespace reconcile {
namespace {

// Our own reader decides: a plain scalar is safe when it reads back as the same string.
bool ReadsBackPlain(const std::string& text) {
  if (text.empty() || text.find('\n') != std::string::npos) return false;
  const YamlDocuments read = ReadYaml("- " + text + "\n");
  return read.errors.empty() && read.documents.size() == 1 && read.documents[0].IsList() &&
         read.documents[0].AsList().size() == 1 && read.documents[0].AsList()[0].IsString() &&
         read.documents[0].AsList()[0].AsString() == text;
}

void Emit(const Value& value, YAML::Emitter* out) {
  switch (value.type()) {
    case Value::Type::kNull:
      *out << YAML::Null;
      break;
    case Value::Type::kBool:
      *out << value.AsBool();
      break;
    case Value::Type::kInt:
      *out << value.AsInt();
      break;
    case Value::Type::kDouble:
      *out << value.AsDouble();
      break;
    case Value::Type::kString:
      if (!ReadsBackPlain(value.AsString())) *out << YAML::DoubleQuoted;
      *out << value.AsString();
      break;
    case Value::Type::kList:
      if (value.AsList().empty()) *out << YAML::Flow;
      *out << YAML::BeginSeq;
      for (const Value& item : value.AsList()) Emit(item, out);
      *out << YAML::EndSeq;
      break;
    case Value::Type::kMap:
      if (value.AsMap().empty()) *out << YAML::Flow;
      *out << YAML::BeginMap;
      for (const Value::Member& member : value.AsMap()) {
        *out << YAML::Key;
        Emit(Value::String(member.key), out);
        *out << YAML::Value;
        Emit(member.value, out);
      }
      *out << YAML::EndMap;
      break;
  }
}

}  // namespace

std::string WriteYaml(const Value& value) {
  YAML::Emitter out;
  Emit(value, &out);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace reconcile
