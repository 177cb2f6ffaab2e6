#include "schema/field_path.h"

#include "base/check.h"
#include "schema/text.h"

namespace reconcile {

FieldPath FieldPath::Item(const FieldPath& parent, size_t index, std::string_view label) {
  FieldPath path(parent, label);
  path.step_ = Step::kItem;
  path.index_ = index;
  return path;
}

FieldPath FieldPath::Key(const FieldPath& parent, std::string_view key) {
  FieldPath path(parent, key);
  path.step_ = Step::kKey;
  return path;
}

std::string FieldPath::Write(bool with_labels) const {
  if (step_ == Step::kRoot) return "";
  std::string path = parent_->Write(with_labels);
  switch (step_) {
    case Step::kRoot:
      break;
    case Step::kField:
      if (!path.empty()) path += '.';
      path += ShortText(text_);
      break;
    case Step::kItem:
      path += '[';
      path += with_labels && !text_.empty() ? ShortText(text_) : std::to_string(index_);
      path += ']';
      break;
    case Step::kKey:
      path += '[';
      path += with_labels ? ShortText(text_) : std::string(text_);
      path += ']';
      break;
  }
  return path;
}

std::string FieldPath::ToString() const { return Write(true); }
std::string FieldPath::Canonical() const { return Write(false); }

const Value* FieldPath::Resolve(const Value& root) const {
  if (step_ == Step::kRoot) return &root;
  const Value* parent = parent_->Resolve(root);
  if (parent == nullptr) return nullptr;
  if (step_ != Step::kItem) return parent->Find(text_);
  if (!parent->IsList() || index_ >= parent->AsList().size()) return nullptr;
  return &parent->AsList()[index_];
}

Mark FieldPath::MarkIn(const Value& root) const {
  for (const FieldPath* path = this; path != nullptr; path = path->parent_) {
    const Value* value = path->Resolve(root);
    if (value != nullptr && value->mark.line > 0) return value->mark;
  }
  return root.mark;
}

}  // namespace reconcile
