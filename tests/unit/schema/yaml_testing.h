#pragma once

#include <gtest/gtest.h>

#include <string>

#include "schema/manifests.h"

namespace reconcile {

// The documents of `text` as one line of JSON each, then its errors as "line:column: message".
inline std::string Yaml(std::string_view text, const ManifestLimits& limits = {}) {
  const YamlDocuments result = ReadYaml(text, limits);
  std::string shown;
  for (const Value& document : result.documents) shown += WriteJson(document) + "\n";
  for (const Problem& error : result.errors) {
    EXPECT_EQ(error.file, "");
    shown += std::to_string(error.line) + ":" + std::to_string(error.column) + ": " +
             error.message + "\n";
  }
  return shown;
}

}  // namespace reconcile
