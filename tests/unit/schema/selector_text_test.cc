#include "schema/selector_text.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

std::string Again(std::string_view text) {
  const Result<LabelSelector> selector = ParseLabelSelector(text);
  return selector.ok() ? FormatLabelSelector(*selector) : selector.status().message();
}

TEST(SelectorText, ReadsWhatKubectlReads) {
  EXPECT_EQ(Again(""), "");
  EXPECT_EQ(Again(" a = b , c==d,e!= f"), "a in (b),c in (d),e notin (f)");
  EXPECT_EQ(Again("app in (web,  api,web),tier notin (db)"), "app in (api,web),tier notin (db)");
  EXPECT_EQ(Again("has,!lacks"), "has,!lacks");
  EXPECT_EQ(Again("example.com/role=,x in ()"), "example.com/role in (),x in ()");
  EXPECT_EQ(Again("tier notin (db,)"), "tier notin (,db)");
  EXPECT_EQ(Again("in in (in),notin"), "in in (in),notin");
}

TEST(SelectorText, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Again("a=b,"),
            "selector \"a=b,\", at character 5: expected a label's key, got the end");
  EXPECT_EQ(Again("a b"),
            "selector \"a b\", at character 3: expected =, ==, !=, in or notin, got \"b\"");
  EXPECT_EQ(Again("a in b"), "selector \"a in b\", at character 6: expected \"(\", got \"b\"");
  EXPECT_EQ(Again("a in (b"),
            "selector \"a in (b\", at character 8: expected \",\" or \")\", got the end");
  EXPECT_EQ(Again("a>1").substr(0, 24), "selector \"a>1\", at chara");
  EXPECT_EQ(Again("a=b=c"),
            "selector \"a=b=c\", at character 4: expected \",\" or the end, got \"=\"");
  EXPECT_EQ(Again("!a=b"),
            "selector \"!a=b\", at character 3: expected \",\" or the end, got \"=\"");
  EXPECT_EQ(Again("-a").substr(0, 19), "selector \"-a\": key ");
  EXPECT_EQ(Again("a=b$").substr(0, 23), "selector \"a=b$\": value ");
  EXPECT_EQ(Again(std::string(kMaxSelectorBytes + 1, 'a')), "a selector is at most 16384 bytes");
}

TEST(SelectorText, MatchesAsItSays) {
  const auto matches = [](std::string_view text, const StringMap& labels) {
    return Matches(*ParseLabelSelector(text), labels);
  };
  EXPECT_TRUE(matches("app=web,tier!=db", {{"app", "web"}}));
  EXPECT_FALSE(matches("app=web,tier!=db", {{"app", "web"}, {"tier", "db"}}));
  EXPECT_TRUE(matches("", {}));
  EXPECT_TRUE(matches("!gone", {}));
  EXPECT_FALSE(matches("there", {}));
  EXPECT_TRUE(matches("empty=", {{"empty", ""}}));
}

}  // namespace
}  // namespace reconcile
