#include "schema/other_fields.h"

#include <algorithm>

namespace reconcile {

const Value* OtherFields::Find(std::string_view name) const {
  return fields_ == nullptr ? nullptr : fields_->Find(name);
}

void OtherFields::Set(std::string_view name, Value value) {
  Value::Map members;
  if (fields_ != nullptr) members = fields_->AsMap();
  const auto place =
      std::lower_bound(members.begin(), members.end(), name,
                       [](const Value::Member& a, std::string_view b) { return a.key < b; });
  const bool is_there = place != members.end() && place->key == name;
  if (value.IsNull()) {
    if (is_there) members.erase(place);
  } else if (is_there) {
    place->value = std::move(value);
  } else {
    members.insert(place, {std::string(name), std::move(value), Mark{}});
  }
  fields_ =
      members.empty() ? nullptr : std::make_shared<const Value>(Value::MakeMap(std::move(members)));
}

bool operator==(const OtherFields& a, const OtherFields& b) {
  if (a.fields_ == b.fields_) return true;
  return a.fields_ != nullptr && b.fields_ != nullptr && *a.fields_ == *b.fields_;
}

}  // namespace reconcile
