#include "cmd/yaml_output.h"

#include <algorithm>

#include "base/escape.h"
#include "schema/manifests.h"

namespace reconcile {
namespace {

constexpr size_t kFurtherIn = 2;

// Our own reader decides what `yaml` means.
bool ReadsBackAs(const std::string& yaml, const std::string& text) {
  const YamlDocuments read = ReadYaml(yaml);
  return read.errors.empty() && read.documents.size() == 1 && read.documents[0].IsList() &&
         read.documents[0].AsList().size() == 1 && read.documents[0].AsList()[0].IsString() &&
         read.documents[0].AsList()[0].AsString() == text;
}

bool HidesNothing(const std::string& text) { return EscapeForJson(text) == text; }

std::string ScalarText(const Value& value) {
  if (!value.IsString()) return WriteJson(value);
  const std::string& text = value.AsString();
  const bool may_be_plain = !text.empty() && text != "<<" && text.find('\n') == std::string::npos;
  if (may_be_plain && HidesNothing(text) && ReadsBackAs("- " + text + "\n", text)) return text;
  return EscapeForJson(WriteJson(value));
}

// "|\n" and the lines of the text, for a scalar that stands `indent` spaces in; empty when it is to
// be quoted: a text of one line, or with what cannot be seen in it.
std::string LiteralText(const Value& value, size_t indent) {
  if (!value.IsString()) return "";
  const std::string& text = value.AsString();
  if (text.find('\n') == std::string::npos || text.find('\r') != std::string::npos) return "";
  const std::string sign = !text.ends_with('\n') ? "|-" : text.ends_with("\n\n") ? "|+" : "|";
  const auto write = [&](size_t columns) {
    std::string literal = sign + "\n";
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      if (end > at) literal.append(columns, ' ').append(text, at, end - at);
      literal += '\n';
      at = end + 1;
    }
    return literal;
  };
  if (!HidesNothing(text) || !ReadsBackAs("- " + write(kFurtherIn), text)) return "";
  return write(indent + kFurtherIn);
}

bool IsBlock(const Value& value) {
  return (value.IsMap() && !value.AsMap().empty()) || (value.IsList() && !value.AsList().empty());
}

std::string Block(const Value& value, size_t indent);

// What stands behind a key or a dash on its line, and below.
std::string Inline(const Value& value, size_t indent) {
  const std::string literal = LiteralText(value, indent);
  return literal.empty() ? ScalarText(value) + "\n" : literal;
}

std::string Block(const Value& value, size_t indent) {
  const std::string margin(indent, ' ');
  std::string text;
  if (value.IsMap()) {
    for (const Value::Member& member : value.AsMap()) {
      text += margin + ScalarText(Value::String(member.key)) + ":";
      text += IsBlock(member.value) ? "\n" + Block(member.value, indent + kFurtherIn)
                                    : " " + Inline(member.value, indent);
    }
    return text;
  }
  for (const Value& item : value.AsList()) {
    // The dash takes the place of the first line's margin.
    const size_t further = indent + kFurtherIn;
    text += margin + "- ";
    text += IsBlock(item) ? Block(item, further).substr(further) : Inline(item, indent);
  }
  return text;
}

}  // namespace

std::string WriteYaml(const Value& value) {
  return IsBlock(value) ? Block(value, 0) : Inline(value, 0);
}

}  // namespace reconcile
