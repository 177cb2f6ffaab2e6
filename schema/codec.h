#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "schema/object.h"
#include "schema/rules.h"

namespace reconcile {

// Something wrong, or worth saying, about an input. `line` 0: not from a text.
struct Problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;              // what, on which field or object, why, what to do
  Rule rule = Rule::kInvalidValue;  // what kind of thing it is; its severity is the list it is in
  std::string ToString() const;     // "file:line:column: message"
};
struct Problems {
  std::vector<Problem> errors;
  std::vector<Problem> warnings;
};

// What the JSON form carries.
enum class EncodeFor {
  kUser,   // Kubernetes' shape: apiVersion, kind, metadata, spec, status; internal fields left out
  kStore,  // the same plus internal fields (incarnation, origin): decodes to an equal object
  kDiff,   // what Git can declare: no status, no server-set metadata, no internal fields
};

// The object as Kubernetes-shaped JSON, derived from the kind's field table. Unset and default-zero
// fields are left out as Kubernetes leaves them out. Secret data is base64.
Value EncodeObject(const Object& object, EncodeFor purpose);
std::string EncodeObjectJson(const Object& object, EncodeFor purpose);

// Reads one object as a manifest: strict (unknown, unsupported, duplicate, mistyped fields are
// errors at file:line:column), defaults filled, validated as the API server does. Returns null when
// there was any error; all errors of the object are reported, not the first alone. Warnings may
// come with success.
// The caller owns it.
std::unique_ptr<Object> DecodeManifest(const Value& value, const std::string& file,
                                       Problems* problems);

// Reads what EncodeObject(kStore) wrote. Lenient: unknown fields are skipped (a newer release wrote
// them); no defaults, no validation. Invalid when it is not such an object at all.
Result<ObjectPtr> DecodeStored(std::string_view json);
Result<ObjectPtr> DecodeStored(const Value& value);

// Whether nothing that is stored of two objects differs, internal fields and status included.
bool EqualObjects(const Object& a, const Object& b);

// Fills in defaults that depend on other fields and checks everything: what DecodeManifest does
// after decoding, for objects made in code. Mutates `object`.
void ApplyDefaults(Object* object);
void Validate(const Object& object, const std::string& file, Problems* problems);
// What may not change between two versions (selectors, clusterIP ...; SEMANTICS 1.4).
void ValidateUpdate(const Object& before, const Object& after, Problems* problems);

// kubectl keeps a whole copy of what was applied in this annotation, a Secret's data included.
inline constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// One changed field between two objects of one kind, on canonical values (100m = 0.1, map order,
// defaults filled).
struct FieldChange {
  std::string path;     // "spec.template.spec.containers[web].image"
  std::string before;   // JSON text; empty when added
  std::string after;    // empty when removed
  bool secret = false;  // before and after are masks: "*** (before)", "*** (after)"
  // The key of the map entry that changed, as of `data`; empty for everything else.
  std::string map_key = {};
};
// What `before` and `after` declare differently (EncodeFor::kDiff); lists of named things are
// matched by name. Sorted by the order of the field table.
std::vector<FieldChange> DiffObjects(const Object& before, const Object& after);

// Text of `reconcile explain <kind>[.field.field]`: type, doc, default, support state and children
// from the field table. NotFound names the nearest known field.
Result<std::string> Explain(std::string_view path);
// Markdown: every declarable kind with its fields, from the same tables (docs/manifests.md).
std::string DescribeManifests();

}  // namespace reconcile
