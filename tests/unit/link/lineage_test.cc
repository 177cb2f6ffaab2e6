#include "link/lineage.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

TEST(Lineage, TextNamesTheClusterTheLineageAndItsBeginning) {
  EXPECT_EQ(LineageText({"c1", "l1", 1'790'000'000'000}),
            "reconcile lineage 1\n2:c1\n2:l1\n13:1790000000000\n");
}

TEST(Lineage, TextsOfDifferentClaimsDiffer) {
  EXPECT_NE(LineageText({"c1", "l", 12}), LineageText({"c1", "l1", 2}));
  EXPECT_NE(LineageText({"c\n1:l", "m", 1}), LineageText({"c", "l\n1:m", 1}));
}

}  // namespace
}  // namespace reconcile
