#include "api/json_patch.h"

#include <algorithm>
#include <optional>

namespace reconcile {
namespace {

using Pointer = std::vector<std::string>;

// RFC 6901.
std::optional<Pointer> ParsePointer(std::string_view text) {
  Pointer steps;
  if (text.empty()) return steps;
  if (text.front() != '/') return std::nullopt;
  std::string step;
  for (size_t i = 1; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '/') {
      steps.push_back(std::move(step));
      step.clear();
    } else if (text[i] != '~') {
      step += text[i];
    } else if (++i < text.size() && (text[i] == '0' || text[i] == '1')) {
      step += text[i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return steps;
}

std::optional<size_t> IndexOf(const std::string& step, size_t size) {
  constexpr size_t kMaxDigits = 9;
  const bool is_number = !step.empty() && step.size() <= kMaxDigits &&
                         step.find_first_not_of("0123456789") == std::string::npos &&
                         (step.size() == 1 || step.front() != '0');
  if (!is_number) return std::nullopt;
  const size_t index = std::stoul(step);
  return index < size ? std::optional(index) : std::nullopt;
}

Value* Child(Value* parent, const std::string& step) {
  if (!parent->IsList()) return MutableMember(step, parent);
  const auto index = IndexOf(step, parent->AsList().size());
  return index ? &parent->AsList()[*index] : nullptr;
}

Value* Find(Value* root, Pointer::const_iterator begin, Pointer::const_iterator end) {
  for (; root != nullptr && begin != end; ++begin) root = Child(root, *begin);
  return root;
}

Value* Find(Value* root, const Pointer& pointer) {
  return Find(root, pointer.begin(), pointer.end());
}

bool Add(const Pointer& at, Value value, Value* root) {
  if (at.empty()) {
    *root = std::move(value);
    return true;
  }
  Value* const parent = Find(root, at.begin(), at.end() - 1);
  if (parent == nullptr) return false;
  if (parent->IsMap()) {
    parent->Set(at.back(), std::move(value));
    return true;
  }
  if (!parent->IsList()) return false;
  Value::List& list = parent->AsList();
  const auto index = at.back() == "-" ? list.size() : IndexOf(at.back(), list.size() + 1);
  if (!index) return false;
  list.insert(list.begin() + static_cast<ptrdiff_t>(*index), std::move(value));
  return true;
}

bool Remove(const Pointer& at, Value* root) {
  if (at.empty() || Find(root, at) == nullptr) return false;
  Value* const parent = Find(root, at.begin(), at.end() - 1);
  if (parent->IsMap()) {
    EraseMember(at.back(), parent);
  } else {
    Value::List& list = parent->AsList();
    list.erase(list.begin() + static_cast<ptrdiff_t>(*IndexOf(at.back(), list.size())));
  }
  return true;
}

size_t DepthOf(const Value& value) {
  size_t most = 0;
  if (value.IsList()) {
    for (const Value& element : value.AsList()) most = std::max(most, DepthOf(element) + 1);
  } else if (value.IsMap()) {
    for (const Value::Member& member : value.AsMap()) {
      most = std::max(most, DepthOf(member.value) + 1);
    }
  }
  return most;
}

// One operation; its parts are known to be there.
struct Operation {
  std::string op;
  Pointer path;
  Pointer from;
  Value value;
};

bool NeedsFrom(const std::string& op) { return op == "move" || op == "copy"; }
bool NeedsValue(const std::string& op) { return op == "add" || op == "replace" || op == "test"; }

Result<Operation> ReadOperation(const Value& written) {
  Operation operation;
  operation.op = written.GetString("op");
  const std::string& op = operation.op;
  if (op != "remove" && !NeedsFrom(op) && !NeedsValue(op)) {
    return InvalidError("op is add, remove, replace, move, copy or test");
  }
  const Value* path = written.Find("path");
  const auto pointer = path != nullptr && path->IsString() ? ParsePointer(path->AsString())
                                                           : std::optional<Pointer>();
  if (!pointer) return InvalidError("path is no JSON pointer");
  operation.path = *pointer;
  if (NeedsFrom(op)) {
    const Value* from = written.Find("from");
    const auto source = from != nullptr && from->IsString() ? ParsePointer(from->AsString())
                                                            : std::optional<Pointer>();
    if (!source) return InvalidError("from is no JSON pointer");
    operation.from = *source;
  }
  if (NeedsValue(op)) {
    const Value* value = written.Find("value");
    if (value == nullptr) return InvalidError("there is no value");
    operation.value = *value;
  }
  return operation;
}

bool IsInside(const Pointer& inner, const Pointer& outer) {
  return inner.size() > outer.size() && std::equal(outer.begin(), outer.end(), inner.begin());
}

bool FitsAt(const Pointer& at, const Value& value) {
  return at.size() + DepthOf(value) <= kMaxPatchedDepth;
}

bool Do(Operation operation, size_t* copied_bytes, Value* root) {
  if (!FitsAt(operation.path, operation.value)) return false;
  if (operation.op == "add") return Add(operation.path, std::move(operation.value), root);
  if (operation.op == "remove") return Remove(operation.path, root);
  if (NeedsFrom(operation.op)) {
    const Value* source = Find(root, operation.from);
    if (source == nullptr) return false;
    Value value = *source;
    *copied_bytes += WriteJson(value).size();
    if (*copied_bytes > kMaxCopiedPatchBytes || !FitsAt(operation.path, value)) return false;
    const bool is_moved = operation.op == "move";
    if (is_moved && IsInside(operation.path, operation.from)) return false;
    if (is_moved && !Remove(operation.from, root)) return false;
    return Add(operation.path, std::move(value), root);
  }
  Value* const target = Find(root, operation.path);
  if (target == nullptr) return false;
  if (operation.op == "test") return *target == operation.value;
  *target = std::move(operation.value);
  return true;
}

}  // namespace

void EraseMember(std::string_view key, Value* map) {
  std::erase_if(map->AsMap(), [&](const Value::Member& member) { return member.key == key; });
}

Value* MutableMember(std::string_view key, Value* map) {
  if (!map->IsMap()) return nullptr;
  for (Value::Member& member : map->AsMap()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Value JsonMergePatch(Value target, const Value& patch) {
  if (!patch.IsMap()) return patch;
  if (!target.IsMap()) target = Value::MakeMap();
  for (const Value::Member& member : patch.AsMap()) {
    if (member.value.IsNull()) {
      EraseMember(member.key, &target);
      continue;
    }
    const Value* known = target.Find(member.key);
    target.Set(member.key, JsonMergePatch(known == nullptr ? Value() : *known, member.value));
  }
  return target;
}

Result<Value> JsonPatch(Value target, const Value& patch) {
  if (!patch.IsList()) return InvalidError("a JSON patch is a list of operations");
  if (patch.AsList().size() > kMaxPatchOperations) {
    return InvalidError("a JSON patch has at most " + std::to_string(kMaxPatchOperations) +
                        " operations");
  }
  size_t copied_bytes = 0;
  for (size_t i = 0; i < patch.AsList().size(); ++i) {
    const std::string number = "operation " + std::to_string(i) + " of the JSON patch";
    Result<Operation> operation = ReadOperation(patch.AsList()[i]);
    if (!operation.ok()) return operation.status().WithContext(number);
    const std::string what =
        patch.AsList()[i].GetString("op") + " " + patch.AsList()[i].GetString("path");
    if (!Do(std::move(operation).value(), &copied_bytes, &target)) {
      return NotFoundError(number + ", " + what + ": cannot be done on what is there");
    }
  }
  return target;
}

}  // namespace reconcile
