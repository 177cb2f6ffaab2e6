#include "schema/yaml_builder.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/escape.h"
#include "schema/yaml_scalar.h"
#include "schema/yaml_text.h"

namespace reconcile {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";
constexpr size_t kBytesPerAliasNode = 256;

// YAML's own tags as people write them, "the tag '!!int'"; others are not repeated: a password that
// begins with an exclamation mark reads as one.
std::string DescribeTag(const std::string& tag) {
  constexpr std::array<std::string_view, 14> kKnown = {
      "binary", "bool",  "float", "int", "map", "merge",     "null",
      "omap",   "pairs", "seq",   "set", "str", "timestamp", "value"};
  const std::string name = tag.starts_with(kTagPrefix) ? tag.substr(kTagPrefix.size()) : "";
  const bool known = std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
  return known ? "the tag '!!" + name + "'" : "this tag";
}

// A key as messages show it: quoted, on one line, cut short. Values are never shown: they may be
// those of a Secret (FAULTS 25).
std::string Shown(std::string_view text) {
  constexpr size_t kLongest = 64;
  const size_t size = text.size() <= kLongest ? text.size() : kLongest;
  return "'" + EscapeForLog(text.substr(0, size)) + (size < text.size() ? "...'" : "'");
}

// Adds what `merged` has and `map` has not.
void MergeInto(const Value::Map& merged, Value::Map* map, std::set<std::string>* keys) {
  for (const Value::Member& member : merged) {
    if (keys->insert(member.key).second) map->push_back(member);
  }
}

}  // namespace

YamlBuilder::YamlBuilder(std::string_view text, const TextPositions& positions,
                         const ManifestLimits& limits, YamlBudget* budget,
                         std::vector<Problem>* errors)
    : text_(text), positions_(positions), limits_(limits), budget_(budget), errors_(errors) {}

void YamlBuilder::StartDocument() {
  root_.reset();
  failed_ = false;
  frames_.clear();
  paths_.clear();
  copies_.clear();
}

std::optional<Value> YamlBuilder::TakeDocument() {
  if (failed_ || !root_ || root_->IsNull()) return std::nullopt;
  return std::exchange(root_, std::nullopt);
}

void YamlBuilder::Fail(Mark mark, std::string message, Rule rule) {
  failed_ = true;
  if (errors_->size() < limits_.max_problems) {
    errors_->push_back({"", mark.line, mark.column, std::move(message), rule});
  }
}

void YamlBuilder::Stop(size_t offset, std::string message, Rule rule) const {
  throw YamlStop{offset, std::move(message), rule};
}

void YamlBuilder::CountNode(size_t offset) {
  if (budget_->nodes == 0) {
    Stop(offset, "more than " + std::to_string(limits_.max_nodes_per_file) + " values in one file",
         Rule::kLimit);
  }
  --budget_->nodes;
}

// go-yaml refuses a tab where a line's indentation could begin a node; brackets free from that.
void YamlBuilder::CheckIndent(size_t offset) {
  if (!frames_.empty() && frames_.back().flow) return;
  const std::optional<size_t> tab = FindTabInIndent(text_, offset);
  if (tab && tab != reported_tab_) {
    reported_tab_ = tab;
    Fail(positions_.At(*tab), "a tab in the indentation; YAML takes spaces only");
  }
}

void YamlBuilder::CountAnchor(size_t offset, Anchor anchor) {
  if (anchor > limits_.max_alias_nodes) {
    Stop(offset, "more than " + std::to_string(limits_.max_alias_nodes) + " anchors in a document",
         Rule::kLimit);
  }
}

void YamlBuilder::Scalar(size_t offset, const std::string& tag, Anchor anchor,
                         const std::string& text) {
  CountNode(offset);
  CheckIndent(offset);
  const Mark mark = positions_.At(offset);
  Value value = ScalarValue(mark, tag, text);
  value.mark = mark;
  if (anchor != 0) {
    CountAnchor(offset, anchor);
    copies_[anchor] = value;
  }
  Place(std::move(value), offset);
}

Value YamlBuilder::ScalarValue(Mark mark, const std::string& tag, const std::string& text) {
  if (tag == "?") return ResolvePlainScalar(text);
  if (tag == "!" || tag == "tag:yaml.org,2002:str") return Value::String(text);
  constexpr std::array<std::string_view, 4> kTypes = {"null", "bool", "int", "float"};
  const std::string name = tag.starts_with(kTagPrefix) ? tag.substr(kTagPrefix.size()) : "";
  if (std::find(kTypes.begin(), kTypes.end(), name) == kTypes.end()) {
    Fail(mark, DescribeTag(tag) + " is not supported");
    return Value::String(text);
  }
  Value value = ResolvePlainScalar(text);
  value.plain = false;
  const Value::Type type = value.type();
  const bool fits = (name == "null" && type == Value::Type::kNull) ||
                    (name == "bool" && type == Value::Type::kBool) ||
                    (name == "int" && type == Value::Type::kInt) ||
                    (name == "float" && type == Value::Type::kDouble);
  if (name == "float" && type == Value::Type::kInt) {
    Value number = Value::Double(value.AsDouble());
    number.source_text = text;
    return number;
  }
  if (!fits) Fail(mark, "the value does not fit " + DescribeTag(tag));
  return value;
}

// The parser gives no text for a null, and for an omitted one the place of what comes next.
bool YamlBuilder::IsWrittenNull(size_t offset, Anchor anchor) const {
  if (anchor != 0) return true;
  if (!frames_.empty() && frames_.back().has_key && frames_.back().key_offset == offset) {
    return false;
  }
  const std::string_view rest = text_.substr(std::min(offset, text_.size()));
  return rest.starts_with("~") || rest.starts_with("null") || rest.starts_with("Null") ||
         rest.starts_with("NULL");
}

Mark YamlBuilder::MarkOfOmitted(size_t offset) const {
  if (frames_.empty()) return positions_.At(offset);
  if (frames_.back().has_key) return frames_.back().member.key_mark;
  // A list: its dash or comma is the last thing before what comes next.
  const size_t last = text_.substr(0, offset).find_last_not_of(" \t\r\n");
  const bool dash = last != std::string_view::npos && text_[last] == '-';
  return positions_.At(dash ? last : offset);
}

// At the end of a text, yaml-cpp takes a lone word below a block map's keys for a key; the null it
// gives then stands where the key does. In flow maps that is no mistake. The word may be a line of
// a Secret's value at a wrong indentation: it is not repeated.
void YamlBuilder::CheckColon(size_t offset) {
  if (frames_.empty()) return;
  const Frame& frame = frames_.back();
  if (frame.has_key && !frame.flow && frame.key_offset == offset) {
    Fail(frame.member.key_mark, "a ':' is missing after what begins here");
  }
}

void YamlBuilder::Null(size_t offset, Anchor anchor) {
  CountNode(offset);
  Value value = ResolvePlainScalar("");
  if (IsWrittenNull(offset, anchor)) {
    CheckIndent(offset);
    value.mark = positions_.At(offset);
    value.source_text = text_[std::min(offset, text_.size() - 1)] == '~' ? "~" : "null";
  } else {
    value.mark = MarkOfOmitted(offset);
    CheckColon(offset);
  }
  if (anchor != 0) {
    CountAnchor(offset, anchor);
    copies_[anchor] = value;
  }
  Place(std::move(value), offset);
}

void YamlBuilder::StartList(size_t offset, const std::string& tag, Anchor anchor, bool flow) {
  if (tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:seq") {
    Fail(positions_.At(offset), DescribeTag(tag) + " is not supported on a list");
  }
  StartContainer(offset, Value::MakeList(), anchor, flow);
}

void YamlBuilder::StartMap(size_t offset, const std::string& tag, Anchor anchor, bool flow) {
  if (tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:map") {
    Fail(positions_.At(offset), DescribeTag(tag) + " is not supported on a map");
  }
  StartContainer(offset, Value::MakeMap(), anchor, flow);
}

bool YamlBuilder::BelowMerge() const {
  return !frames_.empty() && (frames_.back().in_merge || frames_.back().merge_is_next);
}

void YamlBuilder::StartContainer(size_t offset, Value value, Anchor anchor, bool flow) {
  CountNode(offset);
  CheckIndent(offset);
  if (!frames_.empty() && frames_.back().value.IsMap() && !frames_.back().has_key) {
    Stop(offset, "a list or a map cannot be a key; if this is a template, render it first");
  }
  if (frames_.size() >= static_cast<size_t>(limits_.max_depth)) {
    Stop(offset, "nested deeper than " + std::to_string(limits_.max_depth), Rule::kLimit);
  }
  CountAnchor(offset, anchor);
  value.mark = positions_.At(offset);
  Frame frame;
  frame.value = std::move(value);
  frame.offset = offset;
  frame.anchor = anchor;
  frame.flow = flow || (!frames_.empty() && frames_.back().flow);
  frame.in_merge = BelowMerge();
  frames_.push_back(std::move(frame));
}

void YamlBuilder::EndMap() {
  Frame& frame = frames_.back();
  if (!frame.merges.empty()) {
    Value::Map& map = frame.value.AsMap();
    std::set<std::string> keys;
    for (const Value::Member& member : map) keys.insert(member.key);
    for (const Value& merged : frame.merges) MergeInto(merged.AsMap(), &map, &keys);
  }
  EndContainer();
}

void YamlBuilder::EndContainer() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.anchor != 0 && frame.in_merge) {
    ChargeAlias(frame.offset, frame.value, frames_.size());
    copies_[frame.anchor] = frame.value;
  } else if (frame.anchor != 0) {
    Path path;
    for (const Frame& open : frames_) {
      path.push_back(open.value.IsMap() ? open.value.AsMap().size() : open.value.AsList().size());
    }
    paths_[frame.anchor] = std::move(path);
  }
  Place(std::move(frame.value), frame.offset);
}

void YamlBuilder::Place(Value value, size_t offset) {
  if (frames_.empty()) {
    root_ = std::move(value);
    return;
  }
  Frame& frame = frames_.back();
  if (frame.value.IsList()) {
    frame.value.Append(std::move(value));
  } else if (!frame.has_key) {
    PlaceKey(std::move(value), offset);
  } else if (frame.merge_is_next) {
    PlaceMerge(std::move(value));
  } else {
    frame.member.value = std::move(value);
    frame.value.AsMap().push_back(std::move(frame.member));
    frame.has_key = false;
  }
}

void YamlBuilder::PlaceKey(Value key, size_t offset) {
  Frame& frame = frames_.back();
  const std::string written = key.plain        ? key.source_text
                              : key.IsString() ? key.AsString()
                                               : key.source_text;
  const std::string shown = Shown(written);
  const std::optional<std::string> canonical = CanonicalKey(key);
  if (!canonical) {
    Fail(key.mark, "a key is missing or null");
  } else if (*canonical != written) {
    Fail(key.mark, "the key " + shown + " reads as the " + std::string(ToString(key.type())) + " " +
                       *canonical + "; put it in quotes if it is text");
  }
  const bool merge = key.plain && key.IsString() && written == "<<";
  const Mark* first = frame.keys.Find(frame.value.AsMap(), written);
  if (merge && frame.merge_mark) first = &*frame.merge_mark;
  if (first != nullptr && canonical) {
    Fail(key.mark, "duplicate key " + shown + ", first on line " + std::to_string(first->line),
         Rule::kDuplicateKey);
  }
  if (merge) frame.merge_mark = key.mark;
  frame.merge_is_next = merge;
  frame.member = {written, Value(), key.mark};
  frame.key_offset = offset;
  frame.has_key = true;
}

void YamlBuilder::PlaceMerge(Value value) {
  Frame& frame = frames_.back();
  frame.has_key = false;
  frame.merge_is_next = false;
  Value::List items = value.IsList() ? std::move(value.AsList()) : Value::List{std::move(value)};
  for (Value& item : items) {
    if (item.IsMap()) {
      frame.merges.push_back(std::move(item));
    } else {
      Fail(item.mark,
           "the merge key << takes maps only, got " + std::string(ToString(item.type())));
    }
  }
}

const Value* YamlBuilder::FindAnchored(Anchor anchor) const {
  if (const auto copy = copies_.find(anchor); copy != copies_.end()) return &copy->second;
  const auto found = paths_.find(anchor);
  if (found == paths_.end() || frames_.empty())
    return nullptr;  // still open: it would contain itself
  size_t depth = 0;
  const Value* value = &frames_[0].value;
  for (const size_t child : found->second) {
    const size_t size = value->IsMap() ? value->AsMap().size() : value->AsList().size();
    if (child == size) {  // not placed yet: the way goes on in the next open container
      value = &frames_[++depth].value;
    } else {
      value = value->IsMap() ? &value->AsMap()[child].value : &value->AsList()[child];
    }
  }
  return value;
}

void YamlBuilder::Alias(size_t offset, Anchor anchor) {
  CheckIndent(offset);
  const Mark mark = positions_.At(offset);
  const Value* value = FindAnchored(anchor);
  if (value == nullptr) Stop(offset, "this alias stands inside what it names: a cycle");
  const bool as_key = !frames_.empty() && frames_.back().value.IsMap() && !frames_.back().has_key;
  if (as_key && (value->IsMap() || value->IsList())) {
    Stop(offset, "a list or a map cannot be a key");
  }
  ChargeAlias(offset, *value, frames_.size());
  Value copy = *value;
  copy.mark = mark;
  Place(std::move(copy), offset);
}

// Takes what a copy of `value` costs from the budget; it is to stand below `depth` containers.
// Recursion is bounded by the depth limit.
void YamlBuilder::ChargeAlias(size_t offset, const Value& value, size_t depth) {
  const size_t cost = 1 + (value.IsString() ? (value.AsString().size() + value.source_text.size()) /
                                                  kBytesPerAliasNode
                                            : 0);
  if (cost > budget_->alias_nodes) {
    Stop(offset,
         "aliases expand to more than " + std::to_string(limits_.max_alias_nodes) +
             " values in one file",
         Rule::kLimit);
  }
  budget_->alias_nodes -= cost;
  if (!value.IsMap() && !value.IsList()) return;
  if (depth >= static_cast<size_t>(limits_.max_depth)) {
    Stop(offset, "nested deeper than " + std::to_string(limits_.max_depth) + " through an alias",
         Rule::kLimit);
  }
  if (value.IsList()) {
    for (const Value& item : value.AsList()) ChargeAlias(offset, item, depth + 1);
  } else {
    for (const Value::Member& member : value.AsMap()) ChargeAlias(offset, member.value, depth + 1);
  }
}

}  // namespace reconcile
