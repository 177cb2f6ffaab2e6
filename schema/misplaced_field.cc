#include "schema/misplaced_field.h"

#include <algorithm>
#include <vector>

#include "schema/field_table.h"

namespace reconcile {
namespace {

// How many structs deep is looked: a field of a container may be misplaced in a Deployment's spec.
constexpr size_t kMaxStructsBelow = 4;

bool HasField(const StructTable& table, std::string_view name) {
  const FieldInfo* field = table.Find(name);
  return field != nullptr && !field->is_internal;
}

std::string Joined(const std::string& path, std::string_view step) {
  return path.empty() ? std::string(step) : path + "." + std::string(step);
}

struct Below {
  const StructTable* table;
  std::string path;
};

// The structs right below those of `level`.
std::vector<Below> NextLevel(const std::vector<Below>& level) {
  std::vector<Below> next;
  for (const Below& each : level) {
    for (const FieldInfo& field : each.table->fields()) {
      const StructTable* table = field.IsKept() ? field.type->table() : nullptr;
      if (table == nullptr || field.is_internal || field.is_read_only) continue;
      const bool is_list = field.type->shape() == FieldShape::kList;
      next.push_back({table, Joined(each.path, field.name) + (is_list ? "[]" : "")});
    }
  }
  return next;
}

// Of several structs that have it, people mean that of the containers.
std::optional<std::string> Choose(const std::vector<std::string>& paths) {
  if (paths.size() == 1) return paths.front();
  const auto found = std::find_if(paths.begin(), paths.end(), [](const std::string& path) {
    return path == "containers[]" || path.ends_with(".containers[]");
  });
  if (found == paths.end()) return std::nullopt;
  return *found;
}

std::optional<std::string> FindBelow(std::string_view name, const StructTable& table,
                                     const std::string& path) {
  std::vector<Below> level = {{&table, path}};
  for (size_t depth = 0; depth < kMaxStructsBelow; ++depth) {
    level = NextLevel(level);
    std::vector<std::string> paths;
    for (const Below& each : level) {
      if (HasField(*each.table, name)) paths.push_back(each.path);
    }
    if (!paths.empty()) return Choose(paths);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> FindWhereFieldBelongs(std::string_view name,
                                                 const InsideStruct& inside) {
  for (const InsideStruct* outer = inside.outer; outer != nullptr; outer = outer->outer) {
    if (HasField(*outer->table, name)) return outer->path->ToString();
  }
  for (const InsideStruct* each = &inside; each != nullptr; each = each->outer) {
    const FieldInfo* metadata = each->table->Find("metadata");
    if (metadata == nullptr || !metadata->IsKept() || metadata->type->table() == nullptr) continue;
    if (!HasField(*metadata->type->table(), name)) continue;
    return Joined(each->path->ToString(), "metadata");
  }
  return FindBelow(name, *inside.table, inside.path->ToString());
}

}  // namespace reconcile
