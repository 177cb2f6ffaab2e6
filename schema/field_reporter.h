#pragma once

#include <string>
#include <vector>

#include "schema/codec.h"
#include "schema/field_path.h"

namespace reconcile {

// Errors and warnings kept for one object; the rest is counted.
inline constexpr size_t kMaxProblemsPerObject = 100;

class StructTable;

// A struct that is being decoded, and where it stands; with those around it, on the stack.
struct InsideStruct {
  const StructTable* table;
  const FieldPath* path;
  const InsideStruct* outer;  // null: it is the object
};

// Collects what is wrong with one object, with positions looked up in the manifest it came from.
class FieldReporter {
 public:
  // `root` is null for objects that come from no text: problems then stand at `fallback`. Both
  // pointers must outlive the reporter.
  FieldReporter(std::string file, const Value* root, Problems* problems, Mark fallback = {});
  // Sorts what was reported by position, and says how much was left out.
  ~FieldReporter();
  FieldReporter(const FieldReporter&) = delete;
  FieldReporter& operator=(const FieldReporter&) = delete;

  // A rule is broken. Not reported where decoding failed already: its consequences are no news.
  void Error(const FieldPath& path, const std::string& message, Rule rule = Rule::kInvalidValue);
  void Warn(const FieldPath& path, const std::string& message, Rule rule = Rule::kAdvice);
  // Something stands at `mark`, inside `path`, that should not.
  void Report(const FieldPath& path, Mark mark, const std::string& message, Rule rule);
  // The field could not be read.
  void DecodeError(const FieldPath& path, Mark mark, const std::string& message,
                   Rule rule = Rule::kWrongType);
  // `path` was meant by something that could not be read: rules about it are not reported.
  void ExpectNoValue(const FieldPath& path);

  bool HasFailed(const FieldPath& path) const;
  // What the manifest has at `path`; null when it has nothing there, or there is no manifest.
  const Value* Written(const FieldPath& path) const;
  size_t error_count() const { return error_count_; }

  // Put before each message: the object, where the position does not say it.
  std::string subject;
  // While set, messages show no values: the field holds secrets.
  bool hides_values = false;
  // Whether decoding passes over what it does not know: a stored object, not a manifest.
  bool is_lenient = false;
  const InsideStruct* inside = nullptr;  // the innermost; null between objects

 private:
  void Add(std::vector<Problem>* list, size_t count, Mark mark, const FieldPath& path,
           const std::string& message, Rule rule);

  std::string file_;
  const Value* root_;
  Problems* problems_;
  Mark fallback_;
  size_t first_error_;
  size_t first_warning_;
  size_t error_count_ = 0;
  size_t warning_count_ = 0;
  std::vector<std::string> failed_;  // canonical paths
};

}  // namespace reconcile
