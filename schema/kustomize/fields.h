#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/kustomize/kustomization.h"

namespace reconcile::kustomize {

// Reads a map of a kustomization field by field. A field of the wrong type is an error, and is as
// if it were absent; so is a field that nothing asked for, once Finish is called.
class Fields {
 public:
  // Borrows both. `where` names the map for messages: "images".
  Fields(Session* session, const Value& value, std::string_view where);

  bool ok() const { return value_.IsMap(); }
  Mark mark() const { return value_.mark; }
  const Value* Find(std::string_view name);  // null counts as absent
  Text String(std::string_view name);
  bool Bool(std::string_view name);
  int64_t Int(std::string_view name, int64_t fallback);
  std::vector<Text> Strings(std::string_view name);
  Value::Map StringMap(std::string_view name);
  const Value::List& List(std::string_view name);
  // Reports every field that was not asked for, with the nearest that was.
  void Finish();

 private:
  void WrongType(std::string_view name, const Value& value, std::string_view wanted);
  Session* session_;
  const Value& value_;
  std::string_view where_;
  std::vector<std::string_view> asked_;
};

}  // namespace reconcile::kustomize
