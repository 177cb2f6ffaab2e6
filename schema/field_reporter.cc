#include "schema/field_reporter.h"

#include <algorithm>
#include <tuple>

namespace reconcile {

namespace {

void SortFrom(std::vector<Problem>* problems, size_t first) {
  std::stable_sort(problems->begin() + static_cast<std::ptrdiff_t>(first), problems->end(),
                   [](const Problem& a, const Problem& b) {
                     return std::tie(a.line, a.column) < std::tie(b.line, b.column);
                   });
}

// Whether one of two canonical paths leads to, or through, the other.
bool AreRelated(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.substr(0, a.size()) != a) return false;
  return a.empty() || a.size() == b.size() || b[a.size()] == '.' || b[a.size()] == '[';
}

}  // namespace

FieldReporter::FieldReporter(std::string file, const Value* root, Problems* problems, Mark fallback)
    : file_(std::move(file)),
      root_(root),
      problems_(problems),
      fallback_(fallback),
      first_error_(problems->errors.size()),
      first_warning_(problems->warnings.size()) {}

FieldReporter::~FieldReporter() {
  SortFrom(&problems_->errors, first_error_);
  SortFrom(&problems_->warnings, first_warning_);
  if (error_count_ <= kMaxProblemsPerObject) return;
  const Mark mark = root_ == nullptr ? fallback_ : root_->mark;
  problems_->errors.push_back({file_, mark.line, mark.column,
                               std::to_string(error_count_ - kMaxProblemsPerObject) +
                                   " more errors in this object are not shown",
                               Rule::kLimit});
}

void FieldReporter::Add(std::vector<Problem>* list, size_t count, Mark mark, const FieldPath& path,
                        const std::string& message, Rule rule) {
  if (count > kMaxProblemsPerObject) return;
  std::string text = subject.empty() ? "" : subject + ": ";
  const std::string where = path.ToString();
  if (!where.empty()) text += where + ": ";
  list->push_back({file_, mark.line, mark.column, text + message, rule});
}

void FieldReporter::Error(const FieldPath& path, const std::string& message, Rule rule) {
  if (HasFailed(path)) return;
  Add(&problems_->errors, ++error_count_, root_ == nullptr ? fallback_ : path.MarkIn(*root_), path,
      message, rule);
}

void FieldReporter::Warn(const FieldPath& path, const std::string& message, Rule rule) {
  Add(&problems_->warnings, ++warning_count_, root_ == nullptr ? fallback_ : path.MarkIn(*root_),
      path, message, rule);
}

void FieldReporter::DecodeError(const FieldPath& path, Mark mark, const std::string& message,
                                Rule rule) {
  ExpectNoValue(path);
  Report(path, mark, message, rule);
}

void FieldReporter::Report(const FieldPath& path, Mark mark, const std::string& message,
                           Rule rule) {
  Add(&problems_->errors, ++error_count_, mark, path, message, rule);
}

void FieldReporter::ExpectNoValue(const FieldPath& path) {
  if (failed_.size() < kMaxProblemsPerObject) failed_.push_back(path.Canonical());
}

const Value* FieldReporter::Written(const FieldPath& path) const {
  return root_ == nullptr ? nullptr : path.Resolve(*root_);
}

bool FieldReporter::HasFailed(const FieldPath& path) const {
  if (failed_.empty()) return false;
  const std::string canonical = path.Canonical();
  return std::any_of(failed_.begin(), failed_.end(),
                     [&](const std::string& failed) { return AreRelated(failed, canonical); });
}

}  // namespace reconcile
