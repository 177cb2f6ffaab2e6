#include "base/lines.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

using Lines = std::vector<std::string_view>;

TEST(SplitLines, ABreakAtTheEndBeginsNoFurtherLine) {
  EXPECT_EQ(SplitLines(""), Lines());
  EXPECT_EQ(SplitLines("a"), Lines({"a"}));
  EXPECT_EQ(SplitLines("a\n\nb\n"), Lines({"a", "", "b"}));
  EXPECT_EQ(SplitLines("\n"), Lines({""}));
}

}  // namespace
}  // namespace reconcile
