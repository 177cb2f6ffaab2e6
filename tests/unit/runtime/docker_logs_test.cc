// Following a log of an engine that misbehaves.
#include "runtime/docker_logs.h"

#include <gtest/gtest.h>

#include <atomic>

#include "runtime/docker_runtime.h"
#include "tests/support/canned_server.h"
#include "tests/support/real_loop.h"

namespace reconcile {
namespace {

constexpr const char* kMark =
    "--- reconcile: the log stream broke here; lines may be missing ---\n";

std::string FrameOf(char stream, const std::string& payload) {
  std::string frame = {stream, 0, 0, 0};
  for (const int shift : {24, 16, 8, 0}) {
    frame += static_cast<char>((payload.size() >> shift) & 255);
  }
  return frame + payload;
}

// Lines `first` to `last`, each its number, as the engine gives them with stamps.
std::string Lines(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i) {
    const std::string number = std::to_string(i);
    const std::string nanoseconds = std::string(9 - number.size(), '0') + number;
    text += FrameOf(1, "2026-11-21T01:49:59." + nanoseconds + "Z " + number + "\n");
  }
  return text;
}

std::string Numbers(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i) text += std::to_string(i) + "\n";
  return text;
}

class DockerLogsTest : public ::testing::Test {
 protected:
  void TearDown() override { runtime_.reset(); }

  // Follows the log of a container that gives one of `passes` to each read, and ends before the
  // last.
  Status Follow(const std::vector<std::string>& passes, int64_t tail_lines = -1) {
    const auto next = std::make_shared<std::atomic<size_t>>(0);
    server_ = std::make_unique<CannedServer>([passes, next](const std::string& request) {
      if (request == "GET /version") return CannedServer::Version("1.41");
      if (request.find("/logs") == std::string::npos) {
        const std::string state = *next + 1 < passes.size() ? "running" : "exited";
        return CannedServer::Ok(R"({"Id":"aa","State":{"Status":")" + state + R"("},"Config":{}})");
      }
      return CannedServer::Ok(passes[std::min((*next)++, passes.size() - 1)]);
    });
    DockerOptions options;
    options.socket_path = server_->socket_path();
    runtime_ = MakeDockerRuntime(&loop_, options);
    LogOptions log;
    log.follow = true;
    log.tail_lines = tail_lines;
    std::optional<Status> end;
    const StreamHandle handle = runtime_->ReadLogs(
        "aa", log, [&](LogStream, std::string_view bytes) { text_ += bytes; },
        [&](Status status) { end = std::move(status); });
    EXPECT_TRUE(loop_.RunUntil([&] { return end.has_value(); }));
    return end.value_or(InternalError("no end"));
  }
  // What the reads asked for, in order.
  std::vector<std::string> Tails() const {
    std::vector<std::string> tails;
    for (const std::string& request : server_->requests()) {
      const size_t at = request.find("tail=");
      if (at != std::string::npos) tails.push_back(request.substr(at + 5));
    }
    return tails;
  }

  RealLoop loop_;
  std::unique_ptr<CannedServer> server_;
  std::unique_ptr<ContainerRuntime> runtime_;
  std::string text_;
};

TEST_F(DockerLogsTest, GivesEachLineOnceAndNeverAsksTheEngineToFollow) {
  EXPECT_EQ(Follow({Lines(1, 2), Lines(1, 2), Lines(1, 5), Lines(3, 6)}), OkStatus());
  EXPECT_EQ(text_, Numbers(1, 6));
  for (const std::string& request : server_->requests()) {
    EXPECT_EQ(request.find("follow"), std::string::npos) << request;
  }
}

TEST_F(DockerLogsTest, MarksAGapWhenItsPlaceHasBeenRotatedAway) {
  EXPECT_EQ(Follow({Lines(1, 2), Lines(7, 8), Lines(7, 8), Lines(7, 9)}), OkStatus());
  EXPECT_EQ(text_, Numbers(1, 2) + kMark + Numbers(7, 9)) << "and goes on afterwards";
}

TEST_F(DockerLogsTest, AsksForMoreLinesUntilItFindsItsPlace) {
  EXPECT_EQ(Follow({Lines(4, 5), Lines(92, 99), Lines(36, 99), Lines(1, 99)}, 2), OkStatus());
  EXPECT_EQ(text_, Numbers(4, 99));
  std::vector<std::string> tails = Tails();
  tails.resize(4);
  EXPECT_EQ(tails, (std::vector<std::string>{"2", "8", "64", "512"}));
}

TEST_F(DockerLogsTest, ReadsABadFrameAgain) {
  EXPECT_EQ(Follow({Lines(1, 2), Lines(1, 3) + "no frame at all", Lines(1, 4)}), OkStatus());
  EXPECT_EQ(text_, Numbers(1, 4)) << "nothing was lost, so no gap is marked";
}

TEST_F(DockerLogsTest, ReadsAgainWhenTheEngineFailsAmidTheLog) {
  EXPECT_EQ(Follow({Lines(1, 2) + FrameOf(3, "Error grabbing logs: EOF\n"), Lines(1, 3)}),
            OkStatus());
  EXPECT_EQ(text_, Numbers(1, 3));
}

TEST_F(DockerLogsTest, MarksAGapBehindAnEntryThatCannotBeRead) {
  const std::string bad = Lines(1, 2) + FrameOf(3, "Error grabbing logs: invalid character\n");
  EXPECT_EQ(Follow({bad, bad, bad, Lines(4, 5), Lines(4, 5), Lines(4, 6)}), OkStatus());
  EXPECT_EQ(text_, Numbers(1, 2) + kMark + Numbers(4, 6));
}

TEST_F(DockerLogsTest, EndsWhenNothingCanBeRead) {
  EXPECT_EQ(Follow({FrameOf(3, "Error grabbing logs: no\n"), ""}).code(), StatusCode::kInternal);
  EXPECT_EQ(text_, "");
}

TEST_F(DockerLogsTest, OfNoLinesBeforeGivesOnlyNewOnes) {
  EXPECT_EQ(Follow({Lines(5, 5), Lines(1, 7)}, 0), OkStatus());
  EXPECT_EQ(text_, Numbers(6, 7));
  EXPECT_EQ(Tails()[0], "1");
}

TEST_F(DockerLogsTest, GivesAllThatComesToAnEmptyLog) {
  EXPECT_EQ(Follow({"", "", Lines(1, 20)}, 3), OkStatus());
  EXPECT_EQ(text_, Numbers(1, 20));
  EXPECT_EQ(Tails(), (std::vector<std::string>{"3", "all", "all"}));
}

TEST_F(DockerLogsTest, GivesPiecesOfALongLineWithoutTheirStamps) {
  const std::string piece(16 << 10, 'x');
  const std::string frame = FrameOf(1, "2026-11-21T01:49:59.000000001Z " + piece);
  const std::string end = FrameOf(1, "2026-11-21T01:49:59.000000001Z end\n");
  EXPECT_EQ(Follow({frame + frame, frame + frame + frame + end}), OkStatus());
  EXPECT_EQ(text_, piece + piece + piece + "end\n");
}

}  // namespace
}  // namespace reconcile
