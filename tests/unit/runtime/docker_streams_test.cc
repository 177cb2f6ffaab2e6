#include "runtime/docker_streams.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

std::string Frame(char stream, const std::string& payload) {
  std::string frame = {stream, 0, 0, 0};
  for (const int shift : {24, 16, 8, 0}) {
    frame += static_cast<char>((payload.size() >> shift) & 255);
  }
  return frame + payload;
}

std::string ReadFrames(FrameReader* reader, std::string_view bytes, Status* status) {
  std::string text;
  *status = reader->Feed(bytes, [&](LogStream stream, std::string_view payload) {
    text += stream == LogStream::kOut ? "out:" : "error:";
    text += payload;
  });
  return text;
}

TEST(LineSplitter, CutsLinesHoweverTheBytesArrive) {
  const std::string text = "one\ntwo\r\n\nthree";
  for (size_t step = 1; step <= text.size(); ++step) {
    LineSplitter splitter;
    std::vector<std::string> lines;
    const auto take = [&](std::string_view line) { lines.emplace_back(line); };
    for (size_t i = 0; i < text.size(); i += step) {
      ASSERT_EQ(splitter.Feed(std::string_view(text).substr(i, step), take), OkStatus());
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
    splitter.Finish(take);
    EXPECT_EQ(lines.back(), "three");
  }
}

TEST(LineSplitter, RefusesALineBeyondItsLimit) {
  LineSplitter splitter;
  const auto ignore = [](std::string_view) {};
  EXPECT_EQ(splitter.Feed(std::string(kMaxStreamLineBytes, 'x'), ignore), OkStatus());
  EXPECT_EQ(splitter.Feed("x", ignore).code(), StatusCode::kInvalid);
}

TEST(ProgressReader, TellsTheFirstFailureOfAPull) {
  ProgressReader progress;
  progress.Feed("{\"status\":\"Pulling\"}\n{\"error\":\"first");
  progress.Feed(" words\"}\n{\"error\":\"second\"}\n");
  EXPECT_EQ(progress.Finish().message(), "first words");
  ProgressReader fine;
  fine.Feed("{\"status\":\"Pulling\"}\n{\"status\":\"Done\"}");
  EXPECT_EQ(fine.Finish(), OkStatus());
  ProgressReader cut;
  cut.Feed("{\"status\":\"Pulling\"}\n{\"stat");
  EXPECT_FALSE(cut.Finish().ok()) << "the stream ended inside a line";
}

TEST(FrameReader, GivesWholeFramesHoweverTheBytesArrive) {
  const std::string bytes = Frame(1, "hello\n") + Frame(2, "oops\n") + Frame(1, "");
  for (size_t step = 1; step <= bytes.size(); ++step) {
    FrameReader reader;
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += step) {
      Status status;
      text += ReadFrames(&reader, std::string_view(bytes).substr(i, step), &status);
      ASSERT_EQ(status, OkStatus());
    }
    EXPECT_EQ(text, "out:hello\nerror:oops\nout:");
    EXPECT_EQ(reader.Finish(), OkStatus());
  }
}

TEST(FrameReader, RefusesWhatIsNoFrame) {
  Status status;
  FrameReader raw;
  ReadFrames(&raw, "plain text of a terminal", &status);
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  FrameReader large;
  std::string header = Frame(1, "");
  header[4] = 1;  // 16 MB
  ReadFrames(&large, header, &status);
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  FrameReader cut;
  ReadFrames(&cut, Frame(1, "hello").substr(0, 10), &status);
  EXPECT_EQ(status, OkStatus());
  EXPECT_EQ(cut.Finish().code(), StatusCode::kInternal);
}

TEST(FrameReader, TellsTheEnginesOwnFailure) {
  Status status;
  FrameReader reader;
  EXPECT_EQ(ReadFrames(&reader, Frame(1, "a\n") + Frame(3, "Error grabbing logs: EOF\n"), &status),
            "out:a\n");
  EXPECT_EQ(status, InternalError("the engine cannot read the log: Error grabbing logs: EOF"));
}

TEST(UpgradeReader, GivesWhatFollowsTheHeadToTheStream) {
  const std::string answer = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\n\x01 bytes";
  for (size_t cut = 0; cut <= answer.size(); ++cut) {
    UpgradeReader reader;
    std::string rest;
    std::string stream;
    const bool open = reader.Feed(answer.substr(0, cut), &rest) == UpgradeReader::State::kOpen;
    stream += rest;
    if (open) {
      stream += answer.substr(cut);
    } else {
      ASSERT_EQ(reader.Feed(answer.substr(cut), &rest), UpgradeReader::State::kOpen) << cut;
      stream += rest;
    }
    EXPECT_EQ(stream, "\x01 bytes") << cut;
  }
}

TEST(UpgradeReader, TellsARefusalInTheEnginesWords) {
  UpgradeReader reader;
  std::string rest;
  EXPECT_EQ(reader.Feed("HTTP/1.1 409 Conflict\r\nCONTENT-length:  21\r\n\r\n{\"message\"", &rest),
            UpgradeReader::State::kMore);
  EXPECT_EQ(reader.Feed(":\"paused\"}\n", &rest), UpgradeReader::State::kRefused);
  EXPECT_EQ(reader.refusal(), ConflictError("paused"));
}

TEST(UpgradeReader, RefusesWhatIsNoAnswer) {
  std::string rest;
  const std::string long_head = "HTTP/1.1 101 X\r\n" + std::string(kMaxUpgradeHeadBytes, 'x');
  for (const std::string& text : std::vector<std::string>{
           "\r\n\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 x\r\n\r\n", "HTTP/1.1 99 x\r\n\r\n",
           "HTTP/1.1 99999999999 x\r\n\r\n", long_head, long_head + "\r\n\r\n"}) {
    UpgradeReader reader;
    EXPECT_EQ(reader.Feed(text, &rest), UpgradeReader::State::kRefused) << text.substr(0, 40);
    EXPECT_EQ(reader.refusal().code(), StatusCode::kInternal);
  }
}

TEST(SplitStamp, KeepsNanosecondsAndTheRestOfTheLine) {
  const auto line = SplitStamp("2026-11-21T01:49:59.123456789Z some text\n");
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->stamp.seconds, ParseRfc3339("2026-11-21T01:49:59Z")->ms / 1000);
  EXPECT_EQ(line->stamp.nanoseconds, 123456789);
  EXPECT_EQ(line->text, "some text\n");
  EXPECT_EQ(SplitStamp("2026-11-21T01:49:59.5Z x")->stamp.nanoseconds, 500'000'000);
  EXPECT_EQ(SplitStamp("2026-11-21T01:49:59Z x")->stamp.nanoseconds, 0);
  EXPECT_EQ(SplitStamp("2026-11-21T01:49:59.1234567899999Z x")->stamp.nanoseconds, 123456789);
}

TEST(SplitStamp, GivesNoneForLinesWithoutAStamp) {
  for (const char* line : {"", "no stamp here", "2026-11-21T01:49:59Z", "2026-99-21T01:49:59Z x",
                           "2026-11-21T01:49:59.Zx y", " 2026-11-21T01:49:59Z x"}) {
    EXPECT_FALSE(SplitStamp(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace reconcile
