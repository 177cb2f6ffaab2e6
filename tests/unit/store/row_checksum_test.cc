#include "store/row_checksum.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

TEST(RowChecksum, TellsColumnsTypesAndTablesApart) {
  const int64_t checksum = RowChecksum("t").Add("ab").Add("c").Finish();
  EXPECT_EQ(checksum, RowChecksum("t").Add("ab").Add("c").Finish());
  EXPECT_NE(checksum, RowChecksum("t").Add("a").Add("bc").Finish());
  EXPECT_NE(checksum, RowChecksum("u").Add("ab").Add("c").Finish());
  EXPECT_NE(RowChecksum("t").Add("1").Finish(), RowChecksum("t").Add(int64_t{1}).Finish());
  EXPECT_NE(RowChecksum("t").Add("").Finish(), RowChecksum("t").AddNull().Finish());
}

TEST(TableDigest, IsTheSameInAnyOrderAndForgetsWhatIsTakenOut) {
  const int64_t a = RowChecksum("t").Add("a").Finish();
  const int64_t b = RowChecksum("t").Add("b").Finish();
  TableDigest forward;
  forward.Add(a);
  forward.Add(b);
  TableDigest backward;
  backward.Add(b);
  backward.Add(a);
  EXPECT_EQ(forward, backward);
  TableDigest doubled = forward;
  doubled.Add(b);
  EXPECT_NE(doubled, forward);
  doubled.Remove(b);
  EXPECT_EQ(doubled, forward);
  EXPECT_EQ(TableDigest(forward.count(), forward.sum()), forward);
}

}  // namespace
}  // namespace reconcile
