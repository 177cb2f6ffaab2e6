#include <algorithm>

#include "base/escape.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text_positions.h"
#include "base/utf8.h"

namespace reconcile {
namespace {

TEST(Utf8, AcceptsWellFormedSequencesOnly) {
  EXPECT_EQ(Utf8SequenceLength("a", 0), 1U);
  EXPECT_EQ(Utf8SequenceLength("é", 0), 2U);
  EXPECT_EQ(Utf8SequenceLength("€", 0), 3U);
  EXPECT_EQ(Utf8SequenceLength("😀", 0), 4U);
  EXPECT_EQ(Utf8SequenceLength("\xf4\x8f\xbf\xbf", 0), 4U);  // U+10FFFF
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(Utf8SequenceLength(bad, 0), 0U);
  }
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(FindInvalidUtf8("aé€😀"), std::string_view::npos);
  EXPECT_EQ(FindInvalidUtf8(""), std::string_view::npos);
  EXPECT_EQ(FindInvalidUtf8("aé\xff"), 3U);
  EXPECT_EQ(FindInvalidUtf8("a\xe2\x82"), 1U);
}

TEST(Utf8, ARunOfBadBytesBecomesOneCharacter) {
  EXPECT_EQ(ToValidUtf8("aé€😀"), "aé€😀");
  EXPECT_EQ(ToValidUtf8(""), "");
  EXPECT_EQ(ToValidUtf8("a\xff\xfe\xffz\xe2\x82"), "a\xef\xbf\xbdz\xef\xbf\xbd");
  EXPECT_EQ(ToValidUtf8("\x82\xac€"), "\xef\xbf\xbd€") << "the rest of a character";
}

TEST(Utf8, IsCutBetweenCharacters) {
  EXPECT_EQ(CutUtf8("a€", 4), "a€");
  EXPECT_EQ(CutUtf8("a€", 3), "a");
  EXPECT_EQ(CutUtf8("a€", 1), "a");
  EXPECT_EQ(CutUtf8("€", 2), "");
  EXPECT_EQ(CutUtf8("abc", 0), "");
  EXPECT_EQ(EndOfUtf8("€a", 4), "€a");
  EXPECT_EQ(EndOfUtf8("€a", 3), "a");
  EXPECT_EQ(EndOfUtf8("€", 2), "");
}

TEST(TextPositions, CountsLinesAndCharactersFromOne) {
  const TextPositions positions("ab\néx\n");
  EXPECT_EQ(positions.At(0).line, 1);
  EXPECT_EQ(positions.At(0).column, 1);
  EXPECT_EQ(positions.At(2).column, 3);
  EXPECT_EQ(positions.At(3).line, 2);
  EXPECT_EQ(positions.At(5).column, 2);  // x, behind a character of two bytes
  EXPECT_EQ(positions.At(7).line, 3);
  EXPECT_EQ(positions.At(1000).line, 3);
  EXPECT_EQ(TextPositions("").At(0).column, 1);
}

TEST(TextPositions, AgreesWithCountingFromTheStart) {
  SeededRandom random(1);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += random.Below(20) == 0 ? "\n" : i % 3 == 0 ? "é" : "x";
  const TextPositions positions(text);
  Mark expected{1, 1};
  for (size_t offset = 0; offset < text.size(); ++offset) {
    ASSERT_EQ(positions.At(offset).line, expected.line) << offset;
    ASSERT_EQ(positions.At(offset).column, expected.column) << offset;
    if (text[offset] == '\n') {
      expected = {expected.line + 1, 1};
    } else if (text[offset] != '\xa9') {
      ++expected.column;
    }
  }
}

TEST(Log, FieldsStayOnOneLine) {
  EXPECT_EQ(EscapeForLog("a\nb\r\x1b[31m\x7f"), "a\\nb\\x0d\\x1b[31m\\x7f");
  EXPECT_EQ(EscapeForLog("say \"x\" \\ é"), "say \\\"x\\\" \\\\ é");
  EXPECT_EQ(EscapeForLog(std::string_view("\0", 1)), "\\x00");
}

TEST(Escape, InJsonWhatReordersIsWrittenAsItsEscape) {
  EXPECT_EQ(EscapeForJson("{\"a\": \"b\xe2\x80\xae"
                          "c\\n\"}\n"),
            "{\"a\": \"b\\u202ec\\n\"}\n");
}

TEST(Terminal, ObeysNothingThatItIsShown) {
  EXPECT_EQ(EscapeForTerminal("a\nb\x1b[31m"), "a\\nb\\x1b[31m");
  EXPECT_EQ(EscapeForTerminal("\xc2\x9b"
                              "2J"),
            "\\u009b2J");  // CSI as one C1 character
  EXPECT_EQ(EscapeForTerminal("a\xe2\x80\xae"
                              "b"),
            "a\\u202eb");                                                // right-to-left override
  EXPECT_EQ(EscapeForTerminal("say \"x\" \\ é …"), "say \"x\" \\ é …");  // text stays
}

TEST(Log, ARecordIsOneLineWithItsFields) {
  testing::internal::CaptureStderr();
  LogWarning("two\nlines", {{"pod", "a\"b\nfake=\"yes"}});
  const std::string record = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(record.begin(), record.end(), '\n'), 1);
  EXPECT_NE(record.find("W two\\nlines pod=\"a\\\"b\\nfake=\\\"yes\"\n"), std::string::npos)
      << record;
}

TEST(Log, RecordsBelowTheLevelAreDropped) {
  testing::internal::CaptureStderr();
  LogDebug("quiet");
  SetLogLevel(LogLevel::kError);
  LogWarning("quiet too");
  SetLogLevel(LogLevel::kInfo);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace reconcile
