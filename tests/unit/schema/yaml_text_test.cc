#include "schema/yaml_text.h"

namespace reconcile {
namespace {

std::string Forbidden(std::string_view text) {
  const std::optional<YamlTextError> error = FindForbiddenCharacter(text);
  return error ? std::to_string(error->offset) + " " + error->message : "none";
}

TEST(YamlText, ForbiddenCharactersAreFoundWhereTheyStand) {
  EXPECT_EQ(Forbidden("a: é\t\r\n😀\xc2\x85"), "none");
  EXPECT_EQ(Forbidden(std::string_view("a\0b", 3)), "1 NUL byte: this is not a text file");
  EXPECT_EQ(Forbidden("ab\x1b[31m"), "2 control character U+001B is not allowed");
  EXPECT_EQ(Forbidden("\x7f"), "0 control character U+007F is not allowed");
  EXPECT_EQ(Forbidden("é\xc2\x9b"), "2 control character U+009B is not allowed");
  EXPECT_EQ(Forbidden("a\xff"), "1 not valid UTF-8");
  EXPECT_EQ(Forbidden("\xff\xfe"
                      "a"),
            "0 not valid UTF-8");
  EXPECT_EQ(Forbidden("a\xef\xbb\xbf"), "1 byte order mark inside the text");
  EXPECT_EQ(Forbidden("\xef\xbf\xbf"), "0 U+FFFE and U+FFFF are not characters");
}

TEST(YamlText, DocumentMarkersStandAtLineStarts) {
  const std::string text = "a\n---\n ---\n----\n--- b\n---";
  EXPECT_EQ(FindDocumentMarker(text, 0), 2U);
  EXPECT_EQ(FindDocumentMarker(text, 2), 2U);
  EXPECT_EQ(FindDocumentMarker(text, 3), 16U);
  EXPECT_EQ(FindDocumentMarker(text, 17), 22U);
  EXPECT_EQ(FindDocumentMarker(text, 23), std::string_view::npos);
  EXPECT_EQ(FindDocumentMarker("", 0), std::string_view::npos);
  EXPECT_FALSE(IsDocumentMarker(text, 7));
}

TEST(YamlText, DocumentEndMayBeFollowedByBlanksAndComments) {
  EXPECT_TRUE(FollowsDocumentEnd("a\n...\n# c\n\nb", 11));
  EXPECT_FALSE(FollowsDocumentEnd("a\n...\nx\nb", 8));
  EXPECT_FALSE(FollowsDocumentEnd("a\nb", 2));
  EXPECT_FALSE(FollowsDocumentEnd("...\na b", 6));  // behind something on its line
  EXPECT_FALSE(FollowsDocumentEnd("a", 0));
}

TEST(YamlText, UnclosedQuotesAreSeenThroughEscapes) {
  EXPECT_TRUE(IsUnclosedQuote("\"a", 0));
  EXPECT_TRUE(IsUnclosedQuote("\"a\\\"", 0));
  EXPECT_TRUE(IsUnclosedQuote("'a''", 0));
  EXPECT_TRUE(IsUnclosedQuote("&x !!str # c\n 'a", 0));
  EXPECT_TRUE(IsUnclosedQuote("\"", 0));
  EXPECT_FALSE(IsUnclosedQuote("\"a\\\\\"", 0));
  EXPECT_FALSE(IsUnclosedQuote("'a'''", 0));
  EXPECT_FALSE(IsUnclosedQuote("a'", 0));
  EXPECT_FALSE(IsUnclosedQuote("&x", 0));
  EXPECT_FALSE(IsUnclosedQuote("a", 5));
}

TEST(YamlText, TabsCountOnlyInFrontOfTheFirstThingOnALine) {
  EXPECT_EQ(FindTabInIndent("a:\n \t b", 6), 4U);
  EXPECT_EQ(FindTabInIndent("\ta", 1), 0U);
  EXPECT_EQ(FindTabInIndent("a:\t b", 4), std::nullopt);
  EXPECT_EQ(FindTabInIndent("a:\n  b", 5), std::nullopt);
  EXPECT_EQ(FindTabInIndent("\t\ta", 2), 0U);  // the first of them
}

}  // namespace
}  // namespace reconcile
