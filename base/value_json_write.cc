#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "base/value.h"

namespace reconcile {
namespace {

class JsonWriter {
 public:
  JsonWriter(int indent, std::string* out) : indent_(indent), out_(*out) {}

  void Write(const Value& value) {
    switch (value.type()) {
      case Value::Type::kNull:
        out_ += "null";
        return;
      case Value::Type::kBool:
        out_ += value.AsBool() ? "true" : "false";
        return;
      case Value::Type::kInt:
        WriteInt(value.AsInt());
        return;
      case Value::Type::kDouble:
        WriteDouble(value.AsDouble());
        return;
      case Value::Type::kString:
        WriteString(value.AsString());
        return;
      case Value::Type::kList:
        WriteList(value.AsList());
        return;
      case Value::Type::kMap:
        WriteMap(value.AsMap());
        return;
    }
  }

  void WriteString(std::string_view text) {
    out_ += '"';
    for (size_t at = 0; at < text.size();) {
      size_t end = at;
      while (end < text.size() && StandsForItself(text[end])) ++end;
      out_.append(text, at, end - at);
      at = end;
      if (at == text.size()) break;
      const size_t length = Utf8SequenceLength(text, at);
      if (length == 0) {
        out_ += "\xef\xbf\xbd";  // U+FFFD
        ++at;
        continue;
      }
      WriteCharacter(text.substr(at, length));
      at += length;
    }
    out_ += '"';
  }

 private:
  void WriteInt(int64_t number) {
    std::array<char, 24> buffer;
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    out_.append(buffer.data(), result.ptr);
  }

  void WriteDouble(double number) {
    if (!std::isfinite(number)) {
      out_ += "null";
      return;
    }
    std::array<char, 40> buffer;
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    CHECK(result.ec == std::errc());
    const std::string_view text(buffer.data(), static_cast<size_t>(result.ptr - buffer.data()));
    out_ += text;
    if (text.find_first_of(".e") == std::string_view::npos) out_ += ".0";
  }

  // ASCII without controls and what a string's syntax needs.
  static bool StandsForItself(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

  void WriteCharacter(std::string_view character) {
    const auto byte = static_cast<unsigned char>(character[0]);
    if (character.size() == 1 && (byte < 0x20 || byte == 0x7f)) {
      WriteControl(byte);
    } else if (byte == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0) {
      WriteControl(static_cast<unsigned char>(character[1]));  // U+0080 to U+009F
    } else {
      if (byte == '"' || byte == '\\') out_ += '\\';
      out_ += character;
    }
  }

  void WriteControl(unsigned char code) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (code == '\n') {
      out_ += "\\n";
    } else if (code == '\t') {
      out_ += "\\t";
    } else if (code == '\r') {
      out_ += "\\r";
    } else {
      out_ += "\\u00";
      out_ += kDigits[code >> 4];
      out_ += kDigits[code & 15];
    }
  }

  void WriteList(const Value::List& items) {
    out_ += '[';
    ++depth_;
    for (size_t i = 0; i < items.size(); ++i) {
      StartItem(i == 0);
      Write(items[i]);
    }
    Close(items.empty(), ']');
  }

  void WriteMap(const Value::Map& members) {
    out_ += '{';
    ++depth_;
    for (size_t i = 0; i < members.size(); ++i) {
      StartItem(i == 0);
      WriteString(members[i].key);
      out_ += indent_ > 0 ? ": " : ":";
      Write(members[i].value);
    }
    Close(members.empty(), '}');
  }

  void StartItem(bool first) {
    if (!first) out_ += ',';
    BreakLine();
  }
  void Close(bool empty, char bracket) {
    --depth_;
    if (!empty) BreakLine();
    out_ += bracket;
  }
  void BreakLine() {
    if (indent_ == 0) return;
    out_ += '\n';
    out_.append(static_cast<size_t>(indent_ * depth_), ' ');
  }

  int indent_;
  int depth_ = 0;
  std::string& out_;
};

}  // namespace

std::string WriteJson(const Value& value, int indent) {
  std::string json;
  JsonWriter(indent, &json).Write(value);
  return json;
}

void AppendJson(const Value& value, std::string* json) { JsonWriter(0, json).Write(value); }

void AppendJsonString(std::string_view text, std::string* json) {
  JsonWriter(0, json).WriteString(text);
}

}  // namespace reconcile
