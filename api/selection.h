#pragma once

#include <string>
#include <vector>

#include "schema/object.h"
#include "schema/workload.h"

namespace reconcile {

// Which objects of a kind a client wants: `labelSelector` and `fieldSelector` of a request.
class Selection {
 public:
  Selection() = default;
  // Invalid when a selector cannot be read, or selects by a field by which objects of the kind are
  // not selected.
  static Result<Selection> Parse(Kind kind, const std::string& label_selector,
                                 const std::string& field_selector);
  bool Selects(const Object& object) const;
  void RequireName(const std::string& name);

 private:
  struct FieldRequirement {
    std::string (*read)(const Object&) = nullptr;
    std::string value;
    bool is_equal = true;
  };
  Status ParseFields(Kind kind, const std::string& text);
  Status AddField(Kind kind, const std::string& requirement);

  LabelSelector labels_;
  std::vector<FieldRequirement> fields_;
};

}  // namespace reconcile
