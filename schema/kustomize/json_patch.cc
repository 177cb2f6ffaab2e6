#include "schema/kustomize/json_patch.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "schema/kustomize/annotations.h"
#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

using Pointer = std::vector<std::string>;

std::optional<Pointer> ParsePointer(std::string_view text) {
  Pointer pointer;
  if (text.empty()) return pointer;
  if (text.front() != '/') return std::nullopt;
  text.remove_prefix(1);
  std::string step;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      pointer.push_back(std::exchange(step, ""));
    } else if (text[i] == '~' && i + 1 < text.size() &&
               (text[i + 1] == '0' || text[i + 1] == '1')) {
      step += text[++i] == '0' ? '~' : '/';
    } else {
      step += text[i];
    }
  }
  pointer.push_back(std::move(step));
  return pointer;
}

// An index below `size`; negative ones count from the end, as kustomize's patches allow.
std::optional<size_t> IndexOf(const std::string& step, size_t size) {
  int64_t index = 0;
  const char* const end = step.data() + step.size();
  const bool plus = step.starts_with('+') && !step.starts_with("+-");
  const auto [last, failure] = std::from_chars(step.data() + (plus ? 1 : 0), end, index);
  if (failure != std::errc() || last != end || step.empty()) return std::nullopt;
  if (index < 0) index += static_cast<int64_t>(size);
  if (index < 0 || static_cast<size_t>(index) >= size) return std::nullopt;
  return static_cast<size_t>(index);
}

// The order of a map's members does not count, nor how a number is written.
bool AreEqual(const Value& a, const Value& b) {
  if (a.IsMap() && b.IsMap()) {
    return a.AsMap().size() == b.AsMap().size() &&
           std::all_of(a.AsMap().begin(), a.AsMap().end(), [&](const Value::Member& member) {
             const Value* other = b.Find(member.key);
             return other != nullptr && AreEqual(member.value, *other);
           });
  }
  if (a.IsList() && b.IsList()) {
    return std::equal(a.AsList().begin(), a.AsList().end(), b.AsList().begin(), b.AsList().end(),
                      AreEqual);
  }
  const auto is_number = [](const Value& value) {
    return value.type() == Value::Type::kInt || value.type() == Value::Type::kDouble;
  };
  if (a.type() != b.type() && is_number(a) && is_number(b)) return a.AsDouble() == b.AsDouble();
  return a == b;
}

class Patcher {
 public:
  Patcher(Session* session, Value* object, bool has_notes)
      : session_(session), object_(object), has_notes_(has_notes) {}

  // False when it failed.
  bool Apply(const Value& operation);

 private:
  std::optional<Pointer> PointerOf(const Value& operation, std::string_view field);
  Value* Find(const Pointer& pointer, size_t steps, const Value& operation);
  std::optional<Value> Get(const Pointer& pointer, const Value& operation);
  bool Add(const Pointer& pointer, Value value, const Value& operation);
  bool Replace(const Pointer& pointer, const Value& value, const Value& operation);
  bool Remove(const Pointer& pointer, const Value& operation);
  bool Test(const Pointer& pointer, const Value& wanted, const Value& operation);
  bool Fail(const Value& operation, const std::string& why);

  Session* session_;
  Value* object_;
  bool has_notes_;
};

bool Patcher::Fail(const Value& operation, const std::string& why) {
  const std::string path = operation.GetString("path");
  session_->Error(operation.mark, "JSON patch: " + operation.GetString("op", "an operation") +
                                      (path.empty() ? "" : " " + Quoted(path)) + ": " + why);
  return false;
}

std::optional<Pointer> Patcher::PointerOf(const Value& operation, std::string_view field) {
  const Value* text = operation.Find(field);
  std::optional<Pointer> pointer;
  if (text != nullptr && text->IsString()) pointer = ParsePointer(text->AsString());
  if (!pointer) {
    Fail(operation, Quoted(field) + " must be a JSON pointer such as \"/spec/replicas\"");
  }
  return pointer;
}

// What the first `steps` steps lead to; nullptr, with an error, when it is not there.
Value* Patcher::Find(const Pointer& pointer, size_t steps, const Value& operation) {
  Value* at = object_;
  for (size_t i = 0; i < steps; ++i) {
    Value* next = nullptr;
    if (at->IsMap()) {
      next = FindMember(at, pointer[i]);
    } else if (at->IsList()) {
      const std::optional<size_t> index = IndexOf(pointer[i], at->AsList().size());
      if (index) next = &at->AsList()[*index];
    }
    if (next == nullptr) {
      Fail(operation, "the object has nothing at " + Quoted(pointer[i]));
      return nullptr;
    }
    at = next;
  }
  return at;
}

// A copy of what the pointer leads to. As in kustomize, a member that a map does not have is null
// there; all that it would stand in must be there.
std::optional<Value> Patcher::Get(const Pointer& pointer, const Value& operation) {
  if (pointer.empty()) {
    Fail(operation, "an object cannot be copied, moved or tested as a whole");
    return std::nullopt;
  }
  Value* found = Find(pointer, pointer.size() - 1, operation);
  if (found == nullptr) return std::nullopt;
  if (found->IsMap()) {
    found = FindMember(found, pointer.back());
    if (found == nullptr) {
      Value absent;
      absent.mark = operation.mark;
      return absent;
    }
  } else {
    found = Find(pointer, pointer.size(), operation);
  }
  if (found == nullptr || !session_->ChargeObject(*found, operation.mark)) return std::nullopt;
  return *found;
}

bool Patcher::Add(const Pointer& pointer, Value value, const Value& operation) {
  if (pointer.empty()) return Fail(operation, "only replace can change an object as a whole");
  Value* parent = Find(pointer, pointer.size() - 1, operation);
  if (parent == nullptr) return false;
  const std::string& last = pointer.back();
  if (parent->IsMap()) {
    *FindOrAddMember(parent, last, operation.mark) = std::move(value);
    return true;
  }
  if (!parent->IsList()) return Fail(operation, "what it stands in is no map or list");
  Value::List& list = parent->AsList();
  if (last == "-") {
    list.push_back(std::move(value));
    return true;
  }
  const std::optional<size_t> index = IndexOf(last, list.size() + 1);
  if (!index) return Fail(operation, "there is no place " + Quoted(last) + " in this list");
  list.insert(list.begin() + static_cast<ptrdiff_t>(*index), std::move(value));
  return true;
}

// A member that a map does not have is added, as kustomize does.
bool Patcher::Replace(const Pointer& pointer, const Value& value, const Value& operation) {
  if (pointer.empty()) {
    *object_ = value;
    return true;
  }
  Value* found = Find(pointer, pointer.size() - 1, operation);
  if (found == nullptr) return false;
  found = found->IsMap() ? FindOrAddMember(found, pointer.back(), operation.mark)
                         : Find(pointer, pointer.size(), operation);
  if (found == nullptr) return false;
  *found = value;
  return true;
}

bool Patcher::Remove(const Pointer& pointer, const Value& operation) {
  if (pointer.empty()) return Fail(operation, "an object cannot be removed so; use $patch: delete");
  Value* parent = Find(pointer, pointer.size() - 1, operation);
  if (parent == nullptr || Find(pointer, pointer.size(), operation) == nullptr) return false;
  if (parent->IsMap()) return RemoveMember(parent, pointer.back());
  Value::List& list = parent->AsList();
  const std::optional<size_t> index = IndexOf(pointer.back(), list.size());
  if (!index) return Fail(operation, "there is nothing there");
  list.erase(list.begin() + static_cast<ptrdiff_t>(*index));
  return true;
}

bool Patcher::Test(const Pointer& pointer, const Value& wanted, const Value& operation) {
  const std::optional<Value> found = Get(pointer, operation);
  if (!found) return false;
  if (AreEqual(*found, wanted)) return true;
  const Pointer annotations = {"metadata", "annotations"};
  const bool has_annotations = pointer.size() <= annotations.size() &&
                               std::equal(pointer.begin(), pointer.end(), annotations.begin());
  return Fail(operation, has_notes_ && has_annotations
                             ? "annotations cannot be tested as a whole, as kustomize keeps notes "
                               "of its own there; test them one by one"
                             : "the object has another value there");
}

bool Patcher::Apply(const Value& operation) {
  if (!operation.IsMap()) {
    session_->Error(operation.mark, "an operation of a JSON patch is a map with op and path");
    return false;
  }
  const std::string op = operation.GetString("op");
  const std::optional<Pointer> path = PointerOf(operation, "path");
  if (!path) return false;
  if (op == "remove") return Remove(*path, operation);
  if (op == "move" || op == "copy") {
    const std::optional<Pointer> from = PointerOf(operation, "from");
    if (!from) return false;
    std::optional<Value> value = Get(*from, operation);
    if (!value) return false;
    return (op == "copy" || Remove(*from, operation)) && Add(*path, std::move(*value), operation);
  }
  const Value* value = operation.Find("value");
  if (op != "add" && op != "replace" && op != "test") {
    return Fail(operation, "op must be add, remove, replace, move, copy or test");
  }
  if (value == nullptr) return Fail(operation, "it needs a value");
  if (op == "test") return Test(*path, *value, operation);
  if (op == "add") return Add(*path, *value, operation);
  return Replace(*path, *value, operation);
}

}  // namespace

bool LooksLikeJsonPatch(const Value& document) {
  return document.IsList() &&
         std::all_of(document.AsList().begin(), document.AsList().end(),
                     [](const Value& item) { return item.Find("op") != nullptr; });
}

void ApplyJsonPatch(Session* session, Resource* resource, const Value& operations) {
  Value* object = &resource->value;
  const bool has_notes = resource->HasBuildNotes();
  if (has_notes) PutBuildNote(object, operations.mark);
  Patcher patcher(session, object, has_notes);
  for (const Value& operation : operations.AsList()) {
    if (!patcher.Apply(operation) || !session->ChargeObject(*object, operation.mark)) break;
  }
  if (has_notes) TakeBuildNote(object);
  FinishAnnotations(object);
}

}  // namespace reconcile::kustomize
