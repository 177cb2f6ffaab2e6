#include <algorithm>

#include "schema/field_reporter.h"
#include "schema/field_types.h"

namespace reconcile {
namespace {

constexpr size_t kMostReservedElements = 256;  // elements of a list, before they are there

}  // namespace

// Each field that is not as it begins: its number, counted from 1, then the member; 0 at the end.
void StructTable::Pack(const void* source, PackWriter* out) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    const FieldInfo& field = fields_[i];
    if (!field.IsKept() || field.is_decode_only) continue;
    if (field.type->Equal(field.Get(source), field.Get(initial_))) continue;
    out->Number(i + 1);
    field.type->Pack(field.Get(source), out);
  }
  out->Number(0);
}

void StructTable::Unpack(PackReader* in, void* target) const {
  for (uint64_t number = in->Number(); number != 0; number = in->Number()) {
    if (number > fields_.size() || !fields_[number - 1].IsKept()) return in->Fail();
    const FieldInfo& field = fields_[number - 1];
    field.type->Unpack(in, field.access(target));
  }
}

void EnumTypeBase::Unpack(PackReader* in, void* target) const {
  const uint64_t value = in->Number();
  if (value >= names_.size()) return in->Fail();
  Set(target, static_cast<size_t>(value));
}

void ListTypeBase::Pack(const void* source, PackWriter* out) const {
  out->Number(Count(source));
  for (size_t i = 0; i < Count(source); ++i) element_.Pack(At(source, i), out);
}

void ListTypeBase::Unpack(PackReader* in, void* target) const {
  const size_t count = in->Count();
  Clear(target);
  Reserve(target, std::min(count, kMostReservedElements));
  for (size_t i = 0; i < count && in->ok(); ++i) element_.Unpack(in, Append(target));
}

bool FieldType::Fits(const Value&) const { return false; }

void FieldType::Pack(const void* source, PackWriter* out) const {
  out->Tree(Encode(source, EncodeFor::kStore));
}

void FieldType::Unpack(PackReader* in, void* target) const {
  const Value value = in->Tree();
  if (!in->ok() || value.IsNull()) return;
  Problems problems;
  {
    FieldReporter reporter("", nullptr, &problems);
    reporter.is_lenient = true;
    Decode(value, FieldPath(), &reporter, target);
  }
  if (!problems.errors.empty()) in->Fail();
}

}  // namespace reconcile
