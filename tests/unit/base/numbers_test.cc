#include "base/numbers.h"

#include <limits>

#include "base/key_index.h"

namespace reconcile {
namespace {

TEST(Numbers, ReadsDecimalNumbers) {
  EXPECT_EQ(ParseDouble("1.5"), 1.5);
  EXPECT_EQ(ParseDouble("-1e3"), -1000.0);
  EXPECT_EQ(ParseDouble(".5"), 0.5);
  EXPECT_EQ(ParseDouble("5."), 5.0);
  EXPECT_EQ(ParseDouble("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(ParseDouble("1.7976931348623157e308"), std::numeric_limits<double>::max());
}

TEST(Numbers, TooSmallIsZeroTooLargeIsNone) {
  EXPECT_EQ(ParseDouble("1e-999"), 0.0);
  EXPECT_EQ(ParseDouble("-1e-99999999999999999999"), 0.0);
  EXPECT_EQ(ParseDouble("0." + std::string(400, '0') + "1"), 0.0);
  EXPECT_EQ(ParseDouble("0." + std::string(400, '0') + "1e-20"), 0.0);
  EXPECT_EQ(ParseDouble("1e999"), std::nullopt);
  EXPECT_EQ(ParseDouble("-1e99999999999999999999"), std::nullopt);
  EXPECT_EQ(ParseDouble("1" + std::string(400, '0')), std::nullopt);
  EXPECT_EQ(ParseDouble("0.01e+999"), std::nullopt);
}

TEST(Numbers, RefusesWhatIsNone) {
  for (const char* text : {"", "x", "1x", "--1", " 1", "1 ", "+1"}) {
    EXPECT_EQ(ParseDouble(text), std::nullopt) << text;
  }
}

TEST(KeyIndex, FindsKeysOfSmallAndLargeMaps) {
  Value map = Value::MakeMap();
  KeyIndex index;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_EQ(index.Find(map.AsMap(), key), nullptr);
    map.AsMap().push_back({key, Value(), {i + 1, 1}});
    for (int j = 0; j <= i; j += 7) {
      const Mark* found = index.Find(map.AsMap(), "k" + std::to_string(j));
      ASSERT_NE(found, nullptr);
      ASSERT_EQ(found->line, j + 1);
    }
  }
}

}  // namespace
}  // namespace reconcile
