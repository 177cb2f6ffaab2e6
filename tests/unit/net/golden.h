#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace reconcile {

// Compares with tests/golden/net/`name`; with RECONCILE_UPDATE_GOLDEN=1 it writes that file.
inline void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = "tests/golden/net/" + name;
  if (std::getenv("RECONCILE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.good()) << path << " is missing: run with RECONCILE_UPDATE_GOLDEN=1";
  const std::string expected((std::istreambuf_iterator<char>(file)),
                             std::istreambuf_iterator<char>());
  EXPECT_EQ(text, expected) << path;
}

}  // namespace reconcile
