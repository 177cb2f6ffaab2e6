#include "schema/kustomize/json_patch.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <utility>

#include "schema/kustomize/resource.h"
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
  const auto [last, failure] = std::from_chars(step.data(), end, index);
  if (failure != std::errc() || last != end || step.empty()) return std::nullopt;
  if (index < 0) index += static_cast<int64_t>(size);
  if (index < 0 || static_cast<size_t>(index) >= size) return std::nullopt;
  return static_cast<size_t>(index);
}

class Patcher {
 public:
  Patcher(Session* session, Value* object) : session_(session), object_(object) {}

  // False when it failed.
  bool Apply(const Value& operation);

 private:
  std::optional<Pointer> PointerOf(const Value& operation, std::string_view field);
  Value* Find(const Pointer& pointer, size_t steps, const Value& operation);
  bool Add(const Pointer& pointer, Value value, const Value& operation);
  bool Remove(const Pointer& pointer, const Value& operation);
  bool Test(const Pointer& pointer, const Value& wanted, const Value& operation);
  bool Fail(const Value& operation, const std::string& why);

  Session* session_;
  Value* object_;
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

bool Patcher::Add(const Pointer& pointer, Value value, const Value& operation) {
  if (pointer.empty()) {
    *object_ = std::move(value);
    return true;
  }
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
  const Value* found = Find(pointer, pointer.size(), operation);
  if (found == nullptr) return false;
  // The order of a map's members does not count.
  const std::function<bool(const Value&, const Value&)> equal = [&](const Value& a,
                                                                    const Value& b) -> bool {
    if (a.IsMap() && b.IsMap()) {
      return a.AsMap().size() == b.AsMap().size() &&
             std::all_of(a.AsMap().begin(), a.AsMap().end(), [&](const Value::Member& member) {
               const Value* other = b.Find(member.key);
               return other != nullptr && equal(member.value, *other);
             });
    }
    if (a.IsList() && b.IsList()) {
      return std::equal(a.AsList().begin(), a.AsList().end(), b.AsList().begin(), b.AsList().end(),
                        equal);
    }
    return a == b;
  };
  return equal(*found, wanted) || Fail(operation, "the object has another value there");
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
    const Value* found = Find(*from, from->size(), operation);
    if (found == nullptr || !session_->ChargeObject(*found, operation.mark)) return false;
    Value value = *found;
    return (op == "copy" || Remove(*from, operation)) && Add(*path, std::move(value), operation);
  }
  const Value* value = operation.Find("value");
  if (op != "add" && op != "replace" && op != "test") {
    return Fail(operation, "op must be add, remove, replace, move, copy or test");
  }
  if (value == nullptr) return Fail(operation, "it needs a value");
  if (op == "test") return Test(*path, *value, operation);
  if (op == "add") return Add(*path, *value, operation);
  Value* found = Find(*path, path->size(), operation);
  if (found == nullptr) return false;
  *found = *value;
  return true;
}

}  // namespace

bool LooksLikeJsonPatch(const Value& document) {
  return document.IsList() &&
         std::all_of(document.AsList().begin(), document.AsList().end(),
                     [](const Value& item) { return item.Find("op") != nullptr; });
}

void ApplyJsonPatch(Session* session, Value* object, const Value& operations) {
  Patcher patcher(session, object);
  for (const Value& operation : operations.AsList()) {
    if (!patcher.Apply(operation) || !session->ChargeObject(*object, operation.mark)) return;
  }
}

}  // namespace reconcile::kustomize
