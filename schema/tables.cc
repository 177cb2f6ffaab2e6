#include "schema/tables.h"

#include "base/check.h"
#include "schema/all_kinds.h"

namespace reconcile {

namespace {

// What the codec needs to know about a kind's C++ type.
struct KindEntry {
  const StructTable& (*table)();
  void* (*struct_of)(Object*);
  std::unique_ptr<Object> (*make)();
};

template <typename T>
KindEntry EntryOf() {
  return {&TableOf<T>, [](Object* object) -> void* { return static_cast<T*>(object); },
          []() -> std::unique_ptr<Object> { return std::make_unique<T>(); }};
}

template <typename... Types>
std::array<KindEntry, kKindCount> EntriesOf(TypeList<Types...>) {
  return {EntryOf<Types>()...};
}

const KindEntry& EntryOf(Kind kind) {
  static const std::array<KindEntry, kKindCount> entries = EntriesOf(ObjectTypes());
  return entries[static_cast<size_t>(kind)];
}

}  // namespace

const StructTable& TableOf(Kind kind) { return EntryOf(kind).table(); }

void* StructOf(Object* object) { return EntryOf(object->kind).struct_of(object); }

const void* StructOf(const Object& object) { return StructOf(const_cast<Object*>(&object)); }

std::unique_ptr<Object> NewObject(Kind kind) {
  std::unique_ptr<Object> object = EntryOf(kind).make();
  CHECK(object->kind == kind);
  return object;
}

}  // namespace reconcile
