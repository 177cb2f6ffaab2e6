#include "cmd/json_path.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

#include "cmd/value_at.h"
#include "schema/text.h"

namespace reconcile {

struct PathStep;
using PathSteps = std::vector<PathStep>;

// What a filter compares: a path from the item, or a scalar.
struct FilterTerm {
  PathSteps path;
  bool is_path = false;
  Value literal;
};

struct PathStep {
  enum class What { kField, kAnyField, kDescend, kSlice, kFilter };
  What what = What::kField;
  std::string name;   // kField, kDescend
  int64_t first = 0;  // kSlice
  std::optional<int64_t> last;
  bool is_index = false;   // kSlice of one item, that has to be there
  FilterTerm left, right;  // kFilter
  std::string comparison;  // "" is existence
};

struct JsonPath::Node {
  enum class What { kText, kPath, kRange };
  What what = What::kText;
  std::string text;
  PathSteps path;
  std::vector<std::shared_ptr<const Node>> body;  // kRange
};

namespace {

using What = PathStep::What;
using Nodes = std::vector<std::shared_ptr<const JsonPath::Node>>;
using Values = std::vector<const Value*>;

constexpr size_t kMaxTemplateBytes = 16 << 10;
constexpr int kMaxDepth = 32;  // of {range} in {range}, filter in filter

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '/' || c == '$';
}

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  Result<Nodes> Template(int depth, bool in_range) {
    Nodes nodes;
    while (at_ < text_.size()) {
      if (text_[at_] != '{') {
        AddText(TakeUntil('{'), &nodes);
        continue;
      }
      ++at_;
      SkipSpaces();
      if (Takes("end")) {
        RETURN_IF_ERROR(Expect('}'));
        if (!in_range) return Wrong("{end} without a {range}");
        return nodes;
      }
      RETURN_IF_ERROR(Action(depth, &nodes));
    }
    if (in_range) return Wrong("{range} has no {end}");
    return nodes;
  }

 private:
  Status Wrong(const std::string& why) const {
    return InvalidError("JSONPath, character " + std::to_string(at_ + 1) + ": " + why);
  }
  bool Sees(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool Takes(std::string_view word) {
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(word)) return false;
    if (IsWordCharacter(word.back()) && rest.size() > word.size() &&
        IsWordCharacter(rest[word.size()])) {
      return false;
    }
    at_ += word.size();
    return true;
  }
  void SkipSpaces() {
    while (Sees(' ')) ++at_;
  }
  Status Expect(char c) {
    SkipSpaces();
    if (!Sees(c)) return Wrong(std::string("there is no '") + c + "'");
    ++at_;
    return OkStatus();
  }
  std::string_view TakeUntil(char c) {
    const size_t end = std::min(text_.find(c, at_), text_.size());
    const std::string_view taken = text_.substr(at_, end - at_);
    at_ = end;
    return taken;
  }
  static void AddText(std::string_view text, Nodes* nodes) {
    auto node = std::make_shared<JsonPath::Node>();
    node->text = std::string(text);
    nodes->push_back(std::move(node));
  }

  // What stands in braces, of which the first was taken.
  Status Action(int depth, Nodes* nodes) {
    if (Sees('"') || Sees('\'')) {
      const Result<std::string> text = QuotedText();
      if (!text.ok()) return text.status();
      AddText(*text, nodes);
      return Expect('}');
    }
    auto node = std::make_shared<JsonPath::Node>();
    const bool is_range = Takes("range");
    node->what = is_range ? JsonPath::Node::What::kRange : JsonPath::Node::What::kPath;
    SkipSpaces();
    RETURN_IF_ERROR(Path(depth, &node->path));
    RETURN_IF_ERROR(Expect('}'));
    if (is_range) {
      if (depth >= kMaxDepth) return Wrong("too many {range} in one another");
      Result<Nodes> body = Template(depth + 1, true);
      if (!body.ok()) return body.status();
      node->body = std::move(body).value();
    }
    nodes->push_back(std::move(node));
    return OkStatus();
  }

  Status Path(int depth, PathSteps* steps) {
    if (Sees('$') || Sees('@')) ++at_;
    while (at_ < text_.size()) {
      if (Sees('[')) {
        ++at_;
        RETURN_IF_ERROR(Bracket(depth, steps));
      } else if (Sees('.')) {
        ++at_;
        RETURN_IF_ERROR(Dotted(steps));
      } else if (steps->empty() && IsWordCharacter(text_[at_])) {
        RETURN_IF_ERROR(Dotted(steps));
      } else {
        return OkStatus();
      }
    }
    return OkStatus();
  }

  Status Dotted(PathSteps* steps) {
    PathStep step;
    if (Sees('.')) {
      ++at_;
      step.what = What::kDescend;
    } else if (Sees('*')) {
      ++at_;
      step.what = What::kAnyField;
      steps->push_back(std::move(step));
      return OkStatus();
    } else if (Sees('}') || Sees(' ') || Sees('[')) {
      return OkStatus();  // {.} and {.['a']}
    }
    while (at_ < text_.size() && (IsWordCharacter(text_[at_]) || Sees('\\'))) {
      if (Sees('\\') && at_ + 1 < text_.size()) ++at_;
      step.name += text_[at_++];
    }
    if (step.name.empty()) return Wrong("a name was expected");
    steps->push_back(std::move(step));
    return OkStatus();
  }

  Status Bracket(int depth, PathSteps* steps) {
    PathStep step;
    if (Sees('?')) {
      ++at_;
      RETURN_IF_ERROR(Filter(depth, &step));
    } else if (Sees('\'') || Sees('"')) {
      Result<std::string> name = QuotedText();
      if (!name.ok()) return name.status();
      step.name = std::move(name).value();
      if (Sees(',')) return Wrong("unions of names are not done here");
    } else if (Sees('*')) {
      ++at_;
      step.what = What::kAnyField;
    } else {
      RETURN_IF_ERROR(Slice(&step));
    }
    steps->push_back(std::move(step));
    return Expect(']');
  }

  std::optional<int64_t> Number() {
    int64_t number = 0;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number);
    if (error != std::errc()) return std::nullopt;
    at_ += static_cast<size_t>(end - begin);
    return number;
  }

  Status Slice(PathStep* step) {
    step->what = What::kSlice;
    const std::optional<int64_t> first = Number();
    step->first = first.value_or(0);
    step->is_index = !Sees(':');
    if (step->is_index) return first ? OkStatus() : Wrong("no index, slice, filter or quoted name");
    ++at_;
    step->last = Number();
    return Sees(':') ? Wrong("steps of slices are not done here") : OkStatus();
  }

  Status Filter(int depth, PathStep* step) {
    step->what = What::kFilter;
    if (depth >= kMaxDepth) return Wrong("too many filters in one another");
    RETURN_IF_ERROR(Expect('('));
    RETURN_IF_ERROR(Term(depth, &step->left));
    for (const char* word : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      step->comparison = word;
      at_ += step->comparison.size();
      RETURN_IF_ERROR(Term(depth, &step->right));
      break;
    }
    return Expect(')');
  }

  Status Term(int depth, FilterTerm* term) {
    SkipSpaces();
    if (Sees('@') || Sees('.')) {
      term->is_path = true;
      RETURN_IF_ERROR(Path(depth + 1, &term->path));
    } else if (Sees('"') || Sees('\'')) {
      Result<std::string> text = QuotedText();
      if (!text.ok()) return text.status();
      term->literal = Value::String(std::move(text).value());
    } else if (Takes("true") || Takes("false")) {
      term->literal = Value::Bool(text_[at_ - 2] == 'u');
    } else if (const std::optional<int64_t> number = Number()) {
      term->literal = Value::Int(*number);
    } else {
      return Wrong("a path from @, a text in quotes, a whole number, true or false was expected");
    }
    SkipSpaces();
    return OkStatus();
  }

  Result<std::string> QuotedText() {
    const char quote = text_[at_++];
    std::string text;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (Sees('\\') && at_ + 1 < text_.size()) {
        ++at_;
        const char c = text_[at_++];
        text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else {
        text += text_[at_++];
      }
    }
    if (at_ == text_.size()) return Wrong("a quote is not closed");
    ++at_;
    return text;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Result<Values> Walk(const PathSteps& steps, const Value& root);

void Descend(const Value& value, const std::string& name, Values* found) {
  if (value.IsMap()) {
    for (const Value::Member& member : value.AsMap()) {
      if (member.key == name) found->push_back(&member.value);
      Descend(member.value, name, found);
    }
  } else if (value.IsList()) {
    for (const Value& item : value.AsList()) Descend(item, name, found);
  }
}

int64_t Place(int64_t index, int64_t size) {
  return std::clamp<int64_t>(index < 0 ? size + index : index, 0, size);
}

Status AddSlice(const PathStep& step, const Value& value, Values* found) {
  if (!value.IsList()) return InvalidError("an index of what is no list");
  const Value::List& items = value.AsList();
  const auto size = static_cast<int64_t>(items.size());
  const int64_t wanted = step.first < 0 ? size + step.first : step.first;
  if (step.is_index) {
    if (wanted < 0 || wanted >= size) {
      return InvalidError("index " + std::to_string(step.first) + " of a list of " +
                          std::to_string(size));
    }
    found->push_back(&items[static_cast<size_t>(wanted)]);
    return OkStatus();
  }
  const int64_t last = step.last ? Place(*step.last, size) : size;
  for (int64_t i = Place(step.first, size); i < last; ++i) {
    found->push_back(&items[static_cast<size_t>(i)]);
  }
  return OkStatus();
}

// Null when the term is a path that leads nowhere.
const Value* ValueOfTerm(const FilterTerm& term, const Value& item) {
  if (!term.is_path) return &term.literal;
  const Result<Values> found = Walk(term.path, item);
  return found.ok() && !found->empty() ? found->front() : nullptr;
}

bool Passes(const PathStep& step, const Value& item) {
  const Value* left = ValueOfTerm(step.left, item);
  if (left == nullptr || step.comparison.empty()) return left != nullptr;
  const Value* right = ValueOfTerm(step.right, item);
  if (right == nullptr) return false;
  const auto is_number = [](const Value& value) {
    return value.IsInt() || value.type() == Value::Type::kDouble;
  };
  int order = 0;
  if (is_number(*left) && is_number(*right)) {
    const double difference = left->AsDouble() - right->AsDouble();
    order = difference < 0 ? -1 : difference > 0 ? 1 : 0;
  } else {
    order = TextOf(*left).compare(TextOf(*right));
  }
  if (step.comparison == "==") return order == 0;
  if (step.comparison == "!=") return order != 0;
  if (step.comparison == "<") return order < 0;
  if (step.comparison == "<=") return order <= 0;
  return step.comparison == ">" ? order > 0 : order >= 0;
}

void ForEachChild(const Value& value, const std::function<void(const Value&)>& fn) {
  if (value.IsMap()) {
    for (const Value::Member& member : value.AsMap()) fn(member.value);
  } else if (value.IsList()) {
    for (const Value& item : value.AsList()) fn(item);
  }
}

Status TakeStep(const PathStep& step, const Value& value, bool lenient, Values* found) {
  switch (step.what) {
    case What::kField:
      if (const Value* member = value.Find(step.name)) {
        found->push_back(member);
      } else if (!lenient) {
        return NotFoundError(step.name + " is not found");
      }
      return OkStatus();
    case What::kAnyField:
      ForEachChild(value, [&](const Value& child) { found->push_back(&child); });
      return OkStatus();
    case What::kDescend:
      Descend(value, step.name, found);
      return OkStatus();
    case What::kSlice: {
      const Status status = AddSlice(step, value, found);
      return lenient ? OkStatus() : status;
    }
    case What::kFilter:
      ForEachChild(value, [&](const Value& child) {
        if (Passes(step, child)) found->push_back(&child);
      });
      return OkStatus();
  }
  return OkStatus();
}

// Behind a wildcard, some may lack what others have.
Result<Values> Walk(const PathSteps& steps, const Value& root) {
  Values at = {&root};
  bool lenient = false;
  for (const PathStep& step : steps) {
    Values next;
    for (const Value* value : at) RETURN_IF_ERROR(TakeStep(step, *value, lenient, &next));
    lenient = lenient || step.what == What::kAnyField || step.what == What::kDescend ||
              step.what == What::kFilter || (step.what == What::kSlice && !step.is_index);
    at = std::move(next);
  }
  return at;
}

Status WriteNodes(const Nodes& nodes, const Value& root, bool lenient, std::string* text) {
  for (const auto& node : nodes) {
    if (node->what == JsonPath::Node::What::kText) {
      *text += node->text;
      continue;
    }
    const Result<Values> found = Walk(node->path, root);
    if (!found.ok()) {
      // Of items that are ranged over, some may lack what others have.
      if (lenient && found.status().code() == StatusCode::kNotFound) continue;
      return InvalidError("JSONPath: " + found.status().message());
    }
    if (node->what == JsonPath::Node::What::kRange) {
      for (const Value* item : *found) RETURN_IF_ERROR(WriteNodes(node->body, *item, true, text));
      continue;
    }
    for (size_t i = 0; i < found->size(); ++i) {
      *text += (i == 0 ? "" : " ") + TextOf(*(*found)[i]);
    }
  }
  return OkStatus();
}

}  // namespace

Result<JsonPath> JsonPath::Parse(std::string_view text) {
  if (text.size() > kMaxTemplateBytes) {
    return InvalidError("JSONPath: more than " + std::to_string(kMaxTemplateBytes) + " bytes");
  }
  std::string in_braces(text);
  if (text.find('{') == std::string_view::npos) {
    in_braces = text.starts_with('.') || text.starts_with('$') || text.starts_with('[')
                    ? "{" + in_braces + "}"
                    : "{." + in_braces + "}";
  }
  Result<Nodes> nodes = PathParser(in_braces).Template(0, false);
  if (!nodes.ok()) return nodes.status();
  JsonPath path;
  path.nodes_ = std::move(nodes).value();
  return path;
}

Result<std::string> JsonPath::Write(const Value& root) const {
  std::string text;
  RETURN_IF_ERROR(WriteNodes(nodes_, root, false, &text));
  return text;
}

}  // namespace reconcile
