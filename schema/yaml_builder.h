#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/key_index.h"
#include "base/text_positions.h"
#include "base/value.h"
#include "schema/manifests.h"

namespace reconcile {

// Thrown to leave the YAML parser when a document cannot be read on; caught by the reader.
struct YamlStop {
  size_t offset;
  std::string message;
  Rule rule = Rule::kSyntax;
};

// What is left of a file's limits; shared by its documents.
struct YamlBudget {
  size_t nodes;
  size_t alias_nodes;
};

// Builds the tree of one document after another from a parser's events, with duplicate keys,
// aliases, merge keys and limits seen to. Offsets are bytes of the text. Anchors are numbers that
// the parser gives, 0 for none.
class YamlBuilder {
 public:
  using Anchor = size_t;
  // Borrows all of them. Errors that do not stop the document go to `errors`.
  YamlBuilder(std::string_view text, const TextPositions& positions, const ManifestLimits& limits,
              YamlBudget* budget, std::vector<Problem>* errors);

  void StartDocument();
  void Scalar(size_t offset, const std::string& tag, Anchor anchor, const std::string& text);
  void Null(size_t offset, Anchor anchor);  // written or left out
  void Alias(size_t offset, Anchor anchor);
  void StartList(size_t offset, const std::string& tag, Anchor anchor, bool flow);
  void StartMap(size_t offset, const std::string& tag, Anchor anchor, bool flow);
  void EndList() { EndContainer(); }
  void EndMap();
  // The document, unless it is empty or had an error.
  std::optional<Value> TakeDocument();

 private:
  struct Frame {
    Value value;  // a list or a map, being filled
    size_t offset = 0;
    Anchor anchor = 0;
    bool flow = false;
    bool in_merge = false;  // below a merge key: its place in the tree is not to stay
    // Maps only:
    bool has_key = false;  // the key of `member` is read, its value is next
    Value::Member member;
    size_t key_offset = 0;
    KeyIndex keys;
    std::optional<Mark> merge_mark;  // of its `<<`
    bool merge_is_next = false;
    std::vector<Value> merges;
  };
  using Path = std::vector<size_t>;  // child by child from the root

  void Fail(Mark mark, std::string message, Rule rule = Rule::kSyntax);
  [[noreturn]] void Stop(size_t offset, std::string message, Rule rule = Rule::kSyntax) const;
  void CountNode(size_t offset);
  void CheckIndent(size_t offset);
  void CheckColon(size_t offset);
  void CountAnchor(size_t offset, Anchor anchor);
  void StartContainer(size_t offset, Value value, Anchor anchor, bool flow);
  void EndContainer();
  void Place(Value value, size_t offset);
  void PlaceKey(Value key, size_t offset);
  void PlaceMerge(Value value);
  Value ScalarValue(Mark mark, const std::string& tag, const std::string& text);
  Mark MarkOfOmitted(size_t offset) const;
  bool IsWrittenNull(size_t offset, Anchor anchor) const;
  bool BelowMerge() const;
  const Value* FindAnchored(Anchor anchor) const;
  void ChargeAlias(size_t offset, const Value& value, size_t depth);

  std::string_view text_;
  const TextPositions& positions_;
  const ManifestLimits& limits_;
  YamlBudget* budget_;
  std::vector<Problem>* errors_;

  std::optional<Value> root_;
  bool failed_ = false;
  std::optional<size_t> reported_tab_;
  std::vector<Frame> frames_;
  std::map<Anchor, Path> paths_;    // anchored lists and maps that are complete
  std::map<Anchor, Value> copies_;  // anchored scalars, and what stands below merge keys
};

}  // namespace reconcile
