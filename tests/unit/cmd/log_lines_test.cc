#include "cmd/log_lines.h"

namespace reconcile {
namespace {

LineFilter FilterOf(const std::vector<std::string>& matching,
                    const std::vector<std::string>& excluding = {}) {
  const Result<LineFilter> filter = LineFilter::Make(matching, excluding);
  CHECK(filter.ok());
  return *filter;
}

std::string ShowAll(LogLineOptions options, std::string_view bytes, size_t step = 1) {
  LogLines lines(std::move(options));
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += step) text += lines.Feed(bytes.substr(i, step));
  return text + lines.Finish();
}

TEST(LogLines, LeavesBytesAsTheyAreWhereNothingIsAskedOfLines) {
  const std::string bytes = std::string("\0\xff\x1b[2J\r\n no end", 14);
  EXPECT_EQ(ShowAll({}, bytes), bytes);
  EXPECT_EQ(LogLines({}).Feed("half a li"), "half a li") << "at once";
}

TEST(LogLines, PutsThePodBeforeEachLineHoweverBytesArrive) {
  for (size_t step = 1; step < 12; ++step) {
    EXPECT_EQ(ShowAll({.prefix = "web | "}, "one\n\ntwo\nend", step),
              "web | one\nweb | \nweb | two\nweb | end\n");
  }
  EXPECT_EQ(ShowAll({.prefix = "a | ", .prefix_color = "\x1b[36m"}, "x\n"),
            "\x1b[36ma | \x1b[0mx\n");
}

// FAULTS 22.
TEST(LogLines, Faults22EscapesWhatWouldActOnATerminal) {
  EXPECT_EQ(ShowAll({.for_terminal = true},
                    "\x1b[2Jred\a\r\nfree\tof\n\n\xc2\x9b"
                    "1m\n"),
            "\\x1b[2Jred\\x07\nfree\tof\n\n\\u009b1m\n");
  EXPECT_EQ(ShowAll({.for_terminal = true},
                    "\x9b"
                    "31m \xc3\xa4 \xff\n"),
            "\\x9b31m \xc3\xa4 \\xff\n")
      << "bytes that are no UTF-8 too";
}

TEST(LogLines, ShowsTheLinesThatMatchAllPatternsAndNoneToLeaveOut) {
  const std::string text = "GET /a 200\nGET /b 500\nPUT /b 500\n\n";
  EXPECT_EQ(ShowAll({.filter = FilterOf({"GET", "[45]\\d\\d$"})}, text), "GET /b 500\n");
  EXPECT_EQ(ShowAll({.filter = FilterOf({}, {"GET|^$"})}, text), "PUT /b 500\n");
  EXPECT_EQ(ShowAll({.filter = FilterOf({"^$"})}, text), "\n");
  EXPECT_EQ(ShowAll({.filter = FilterOf({"\xff"})}, "a\xff\nb\n"), "a\xff\n");
}

TEST(LogLines, DoesNotSearchTheStamps) {
  const std::string text = "2026-01-02T03:04:05Z ready\n2026-01-02T03:04:06Z 05\nbare\n";
  EXPECT_EQ(ShowAll({.timestamps = true, .filter = FilterOf({"05"})}, text),
            "2026-01-02T03:04:06Z 05\n");
  EXPECT_EQ(ShowAll({.timestamps = true, .filter = FilterOf({"^ready|bare"})}, text),
            "2026-01-02T03:04:05Z ready\nbare\n");
}

TEST(LogLines, ShowsALineWithoutEndInPieces) {
  LogLines lines({.prefix = "p "});
  std::string shown;
  const std::string piece(LogLines::kMaxLineBytes / 4, 'x');
  for (int i = 0; i < 9; ++i) shown += lines.Feed(piece);
  EXPECT_EQ(shown.size(), 2 * (LogLines::kMaxLineBytes + 3));
  EXPECT_EQ(lines.Finish().size(), piece.size() + 3);
}

TEST(LineFilter, RefusesPatternsThatItCannotRun) {
  const Status wrong = LineFilter::Make({"(a"}, {}).status();
  EXPECT_EQ(wrong.code(), StatusCode::kInvalid);
  EXPECT_NE(wrong.message().find("\"(a\" is no regular expression: missing )"), std::string::npos)
      << wrong.message();
  EXPECT_FALSE(LineFilter::Make({"((a{1000}){1000}){1000}"}, {}).ok());
  EXPECT_FALSE(LineFilter::Make({"(?=a)"}, {}).ok()) << "what RE2 has not";
}

TEST(ColorOfPod, IsTheSameForTheSameName) {
  EXPECT_EQ(ColorOfPod("web-1"), ColorOfPod("web-1"));
  EXPECT_NE(ColorOfPod("web-1"), ColorOfPod("web-2"));
}

}  // namespace
}  // namespace reconcile
