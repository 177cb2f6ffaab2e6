#include "base/code_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace reconcile {
namespace {

// Of /proc/self/smaps: kilobytes that are mapped of files' pages that cannot be written.
long MappedCodeKb() {
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool is_code = false;
  long sum = 0;
  while (std::getline(maps, line)) {
    if (line.find(" r-xp ") != std::string::npos)
      is_code = line.find('/') != std::string::npos;
    else if (line.find("-p ") != std::string::npos)
      is_code = false;
    if (is_code && line.starts_with("Rss:")) sum += std::stol(line.substr(4));
  }
  return sum;
}

TEST(CodePagesTest, WhatOnlyTheStartUsedIsNoLongerMappedAndCodeGoesOn) {
  const long before = MappedCodeKb();
  ASSERT_GT(before, 0);
  UnmapStartCode();
  EXPECT_LT(MappedCodeKb(), before);
  EXPECT_EQ(std::to_string(before), testing::PrintToString(before));
  EXPECT_THROW(std::stol("no number"), std::invalid_argument);  // unwinding reads its tables again
}

}  // namespace
}  // namespace reconcile
