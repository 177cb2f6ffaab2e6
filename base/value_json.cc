#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <optional>

#include "base/escape.h"
#include "base/key_index.h"
#include "base/numbers.h"
#include "base/text_positions.h"
#include "base/value.h"

namespace reconcile {
namespace {

namespace json = boost::json;

// Follows the parser through the text. Boost.JSON does not say where an event stands, but the
// events come in the order of the text, and what they passed over is valid.
class TokenCursor {
 public:
  TokenCursor(std::string_view text, size_t at) : text_(text), at_(at) {}

  // Moves to the next token and over it: the text of that token.
  std::string_view Next() {
    const size_t start = std::min(text_.find_first_not_of(" \t\r\n,:", at_), text_.size());
    at_ = EndOfToken(start);
    return text_.substr(start, at_ - start);
  }
  size_t OffsetOf(std::string_view token) const {
    return static_cast<size_t>(token.data() - text_.data());
  }

 private:
  size_t EndOfToken(size_t start) const {
    if (start >= text_.size()) return start;
    if (text_[start] == '"') return EndOfString(start + 1);
    if (std::string_view("{}[]").find(text_[start]) != std::string_view::npos) return start + 1;
    return std::min(text_.find_first_of(" \t\r\n,:{}[]\"", start), text_.size());
  }
  size_t EndOfString(size_t at) const {
    while (at < text_.size() && text_[at] != '"') at += text_[at] == '\\' ? 2 : 1;
    return std::min(at + 1, text_.size());
  }

  std::string_view text_;
  size_t at_;
};

// Builds the tree from Boost.JSON's events. The first thing wrong stops the parser.
class TreeBuilder {
 public:
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);

  // Of a value that begins at `at` of the text, when `values` were read before.
  TreeBuilder(std::string_view text, size_t at, size_t max_values, size_t values)
      : cursor_(text, at), positions_(text), max_values_(max_values), values_(values) {}

  Value TakeRoot() { return std::move(root_); }
  size_t values() const { return values_; }
  const std::string& problem() const { return problem_; }
  const TextPositions& positions() const { return positions_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code& error) { return Begin(Value::MakeList(), &error); }
  bool on_object_begin(json::error_code& error) { return Begin(Value::MakeMap(), &error); }
  bool on_array_end(size_t, json::error_code& error) { return End(&error); }
  bool on_object_end(size_t, json::error_code& error) { return End(&error); }

  bool on_string_part(json::string_view part, size_t, json::error_code&) { return Keep(part); }
  bool on_string(json::string_view part, size_t, json::error_code& error) {
    Keep(part);
    return Add(Value::String(std::exchange(text_, {})), Here(cursor_.Next()), &error);
  }
  bool on_key_part(json::string_view part, size_t, json::error_code&) { return Keep(part); }
  bool on_key(json::string_view part, size_t, json::error_code& error) {
    Keep(part);
    return SetKey(Here(cursor_.Next()), &error);
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(int64_t number, json::string_view, json::error_code& error) {
    return Add(Value::Int(number), Here(cursor_.Next()), &error);
  }
  bool on_uint64(uint64_t, json::string_view, json::error_code& error) { return Real(&error); }
  bool on_double(double, json::string_view, json::error_code& error) { return Real(&error); }
  bool on_bool(bool value, json::error_code& error) {
    return Add(Value::Bool(value), Here(cursor_.Next()), &error);
  }
  bool on_null(json::error_code& error) { return Add(Value(), Here(cursor_.Next()), &error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  struct Frame {
    Value value;
    Value::Member member;  // the one being read
    KeyIndex keys;
  };

  Mark Here(std::string_view token) const { return positions_.At(cursor_.OffsetOf(token)); }

  bool Keep(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }

  bool Fail(Mark mark, std::string_view message, json::error_code* error) {
    problem_ = AtPosition(mark, message);
    *error = json::error::syntax;
    return false;
  }

  // Boost 1.81 rounds some doubles wrongly: the number is read again from the text.
  bool Real(json::error_code* error) {
    const std::string_view token = cursor_.Next();
    const std::optional<double> number = ParseDouble(token);
    if (!number) {
      return Fail(Here(token), "the number here is out of range", error);
    }
    return Add(Value::Double(*number), Here(token), error);
  }

  bool Begin(Value value, json::error_code* error) {
    value.mark = Here(cursor_.Next());
    if (!CountValue(value.mark, error)) return false;
    stack_.push_back({std::move(value), {}, {}});
    return true;
  }

  bool CountValue(Mark mark, json::error_code* error) {
    if (++values_ <= max_values_) return true;
    return Fail(mark, "JSON of more than " + std::to_string(max_values_) + " values", error);
  }

  bool End(json::error_code* error) {
    cursor_.Next();
    Value value = std::move(stack_.back().value);
    stack_.pop_back();
    --values_;  // counted when it began
    const Mark mark = value.mark;
    return Add(std::move(value), mark, error);
  }

  bool Add(Value value, Mark mark, json::error_code* error) {
    if (!CountValue(mark, error)) return false;
    value.mark = mark;
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (Frame& frame = stack_.back(); frame.value.IsMap()) {
      frame.member.value = std::move(value);
      frame.value.AsMap().push_back(std::move(frame.member));
    } else {
      frame.value.Append(std::move(value));
    }
    return true;
  }

  bool SetKey(Mark mark, json::error_code* error) {
    Frame& frame = stack_.back();
    frame.member = {std::exchange(text_, {}), Value(), mark};
    const std::string& key = frame.member.key;
    const Mark* first = frame.keys.Find(frame.value.AsMap(), key);
    if (first == nullptr) return true;
    return Fail(
        mark,
        "duplicate key '" + EscapeForLog(key) + "', first on line " + std::to_string(first->line),
        error);
  }

  TokenCursor cursor_;
  TextPositions positions_;
  size_t max_values_;
  size_t values_;
  Value root_;
  std::vector<Frame> stack_;
  std::string text_;  // of the string being read
  std::string problem_;
};

std::string MessageOf(const json::error_code& error, const JsonLimits& limits) {
  if (error == json::error::too_deep) {
    return "JSON nested deeper than " + std::to_string(limits.max_depth);
  }
  if (error == json::error::incomplete) return "the JSON text ends too early";
  if (error == json::error::extra_data) return "more text after the end of the JSON value";
  return "not valid JSON: " + error.message();
}

Status CheckSize(std::string_view text, const JsonLimits& limits) {
  if (text.size() <= limits.max_bytes) return OkStatus();
  return InvalidError(AtPosition({1, 1}, "JSON of " + std::to_string(text.size()) +
                                             " bytes; the limit is " +
                                             std::to_string(limits.max_bytes)));
}

// The value that begins at `*at`; then `*at` is behind it and the white space that follows.
// `*values` counts what was read before, and this too.
Result<Value> ParseAt(std::string_view text, const JsonLimits& limits, size_t* at, size_t* values) {
  json::parse_options options;
  options.max_depth = static_cast<size_t>(limits.max_depth);
  json::basic_parser<TreeBuilder> parser(options, text, *at, limits.max_values, *values);
  json::error_code error;
  *at += parser.write_some(false, text.data() + *at, text.size() - *at, error);
  TreeBuilder& builder = parser.handler();
  if (error) {
    if (!builder.problem().empty()) return InvalidError(builder.problem());
    return InvalidError(AtPosition(builder.positions().At(*at), MessageOf(error, limits)));
  }
  *values = builder.values();
  return builder.TakeRoot();
}

}  // namespace

Result<Value> ParseJson(std::string_view text, const JsonLimits& limits) {
  RETURN_IF_ERROR(CheckSize(text, limits));
  size_t at = 0;
  size_t values = 0;
  Result<Value> value = ParseAt(text, limits, &at, &values);
  if (value.ok() && at < text.size()) {
    return InvalidError(
        AtPosition(TextPositions(text).At(at), MessageOf(json::error::extra_data, limits)));
  }
  return value;
}

Result<std::vector<Value>> ParseJsonSequence(std::string_view text, const JsonLimits& limits,
                                             size_t max_count) {
  RETURN_IF_ERROR(CheckSize(text, limits));
  std::vector<Value> all;
  size_t at = 0;
  size_t values = 0;
  do {
    if (all.size() == max_count) {
      return InvalidError(AtPosition(TextPositions(text).At(at),
                                     "more than " + std::to_string(max_count) + " JSON values"));
    }
    Result<Value> value = ParseAt(text, limits, &at, &values);
    if (!value.ok()) return value.status();
    all.push_back(std::move(*value));
  } while (at < text.size());
  return all;
}

}  // namespace reconcile
