#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/parallel.h"
#include "reconciler/reference_table.h"
#include "reconciler/referred.h"
#include "schema/manifests.h"
#include "schema/workload.h"

namespace reconcile {

// What CheckTogether asks of an object, and nothing else: what it names, and what others look for
// in it (referred.h). Borrows the digest that it was unpacked from, and its bytes.
struct ObjectFacts {
  const ObjectDigest* of = nullptr;
  int32_t wave = 0;
  bool awaits_pods = false;
  FieldPlace namespace_at;  // of places, the file where it is not the object's
  std::vector<Reference> references;
  std::optional<StringMap> pod_labels;  // of what makes pods
  std::optional<LabelSelector> selector;
  FieldPlace selector_at;
  bool has_every_part = false;
  std::vector<std::string_view> parts;
  std::vector<std::string_view> claim_templates;
  std::vector<TargetPort> target_ports;
  std::vector<std::string_view> port_names;  // of what makes pods
};

// An object's facts, packed: ManifestReading::digest for CheckTogether. Of data there are the keys,
// never values. PURE, any thread.
std::string PackFacts(const Object& object, const FieldPlaces& places);

// Nothing when the digest's bytes are nothing that PackFacts gave.
std::optional<ObjectFacts> UnpackFacts(const ObjectDigest& digest);

// PURE. What BuildDesired finds wrong, and where in more detail, with objects that each passed
// CheckDeclared, no two of one key, in an empty cluster: by their digests, which PackFacts gave.
// False, with nothing looked at, when one of them it did not give. `parallel`, null for none, only
// saves time.
bool CheckTogether(const std::vector<ObjectDigest>& objects, Problems* problems,
                   Parallel* parallel = nullptr);

}  // namespace reconcile
