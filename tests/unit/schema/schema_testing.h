#pragma once

// What the tests of the typed objects share.

#include <memory>
#include <string>

#include "schema/codec.h"

namespace reconcile::testing {

// The first document of `yaml`, which must be well-formed.
Value Yaml(const std::string& yaml);

// DecodeManifest of that document, as file "m.yaml".
ObjectPtr Decode(const std::string& yaml, Problems* problems);
// The same, for a manifest without errors.
ObjectPtr MustDecode(const std::string& yaml);
template <typename T>
std::shared_ptr<const T> MustDecodeAs(const std::string& yaml) {
  return As<T>(MustDecode(yaml));
}
// Its errors, a line each; empty when there are none.
std::string ErrorsOf(const std::string& yaml);
std::string WarningsOf(const std::string& yaml);
// The errors without their positions.
std::string PlainErrorsOf(const std::string& yaml);

// A Deployment named "web" whose only container has `container_fields` beside its name and image:
// one field a line, not indented.
std::string DeploymentWith(const std::string& container_fields);
// A Deployment "web" with `spec_fields` beside selector and template.
std::string DeploymentWithSpec(const std::string& spec_fields);
// A Pod "p" of one container with `spec_fields` in its spec.
std::string PodWithSpec(const std::string& spec_fields);

std::string ReadFile(const std::string& path);
// Compares with tests/golden/schema/`name`; with RECONCILE_UPDATE_GOLDEN=1 it writes that file.
void ExpectGolden(const std::string& name, const std::string& text);

}  // namespace reconcile::testing
