// Streams of commands and of containers, both ways.
#include <algorithm>

#include "tests/contract/runtime/contract_fixture.h"

namespace reconcile {
namespace {

constexpr StreamOptions kAllStreams = {true, true, true, false};
constexpr StreamOptions kTerminal = {true, true, false, true};

class RuntimeStreams : public RuntimeContract {
 protected:
  // One stream, and what came of it.
  struct Seen {
    ~Seen() {
      if (stream) stream->Cancel();
    }
    std::string out;
    std::string err;
    size_t input_taken = 0;
    std::optional<PodStreamEnd> end;
    bool takes = true;
    std::shared_ptr<PodStream> stream;
    size_t untaken = 0;
  };
  static PodStreamSink SinkOf(Seen* seen) {
    PodStreamSink sink;
    sink.on_output = [seen](PodOutput output, std::string_view bytes) {
      EXPECT_FALSE(seen->end.has_value());
      EXPECT_LE(bytes.size(), kMaxStreamFrameBytes);
      (output == PodOutput::kOut ? seen->out : seen->err) += bytes;
      seen->untaken += bytes.size();
      EXPECT_LE(seen->untaken, kStreamWindowBytes);
      if (seen->takes) seen->stream->Taken(std::exchange(seen->untaken, 0));
    };
    sink.on_input_taken = [seen](size_t bytes) { seen->input_taken += bytes; };
    sink.on_end = [seen](const PodStreamEnd& end) {
      EXPECT_FALSE(seen->end.has_value());
      seen->end = end;
    };
    return sink;
  }
  void Exec(const std::string& id, const std::vector<std::string>& command,
            const StreamOptions& options, Seen* seen) {
    seen->stream = runtime().OpenExec(id, command, options, SinkOf(seen));
  }
  void Attach(const std::string& id, const StreamOptions& options, Seen* seen) {
    seen->stream = runtime().Attach(id, options, SinkOf(seen));
  }
  void AwaitEnd(const Seen& seen) {
    ASSERT_TRUE(harness_->RunUntil([&] { return seen.end.has_value(); }));
  }
  bool AnswersAgain() {
    const MonoTime deadline = harness_->loop().now().mono + 60'000;
    while (!blocking_->List(cluster_).ok()) {
      if (harness_->loop().now().mono > deadline) return false;
    }
    return true;
  }
  static void ExpectExit(const Seen& seen, int exit_code) {
    ASSERT_TRUE(seen.end.has_value());
    EXPECT_TRUE(seen.end->status.ok()) << seen.end->status.ToString();
    EXPECT_EQ(seen.end->exit_code, exit_code);
  }
};
std::string EngineName(const ::testing::TestParamInfo<Engine>& engine) {
  return engine.param == Engine::kFake ? "Fake" : "Docker";
}
INSTANTIATE_TEST_SUITE_P(Engines, RuntimeStreams, ::testing::Values(Engine::kFake, Engine::kDocker),
                         EngineName);

TEST_P(RuntimeStreams, KeepBothOutputsApartAndTheExitCode) {
  Seen seen;
  Exec(Run("says", kRunsForever), kSaysAndFails, kAllStreams, &seen);
  AwaitEnd(seen);
  ExpectExit(seen, 3);
  EXPECT_EQ(seen.out, "out\n");
  EXPECT_EQ(seen.err, "err\n");
}

TEST_P(RuntimeStreams, GiveOnlyWhatIsAskedFor) {
  Seen seen;
  Exec(Run("half", kRunsForever), kSaysAndFails, {false, true, false, false}, &seen);
  AwaitEnd(seen);
  ExpectExit(seen, 3);
  EXPECT_EQ(seen.out, "out\n");
  EXPECT_EQ(seen.err, "");
}

TEST_P(RuntimeStreams, CarryBytesAndTheEndOfInput) {
  Seen seen;
  Exec(Run("bytes", kRunsForever), kGivesBack, kAllStreams, &seen);
  const std::string bytes("\0\xff\x10\x11\r\n\x04 end", 11);
  seen.stream->Write(bytes);
  ASSERT_TRUE(harness_->RunUntil([&] { return seen.out == bytes; }));
  EXPECT_EQ(seen.input_taken, bytes.size());
  EXPECT_FALSE(seen.end.has_value());
  seen.stream->CloseInput();
  AwaitEnd(seen);
  ExpectExit(seen, 0);
  EXPECT_EQ(seen.out, bytes);
}

TEST_P(RuntimeStreams, CarryMuchBothWaysThroughAWindow) {
  constexpr size_t kMuch = 8 << 20;
  Seen seen;
  Exec(Run("muchboth", kRunsForever), kGivesBack, kAllStreams, &seen);
  std::string sent;
  for (size_t i = 0; sent.size() < kMuch; ++i) sent += std::to_string(i) + "\n";
  size_t written = 0;
  const auto write = [&] {
    while (written < sent.size() && written - seen.input_taken + 10'000 <= kStreamWindowBytes) {
      const size_t size = std::min<size_t>(10'000, sent.size() - written);
      seen.stream->Write(std::string_view(sent).substr(written, size));
      written += size;
    }
    if (written == sent.size()) seen.stream->CloseInput();
    return seen.end.has_value();
  };
  ASSERT_TRUE(harness_->RunUntil(write));
  ExpectExit(seen, 0);
  EXPECT_TRUE(seen.out == sent) << seen.out.size() << " bytes of " << sent.size();
}

TEST_P(RuntimeStreams, PauseWhileNothingIsTaken) {
  Seen seen;
  seen.takes = false;
  Exec(Run("slow", kRunsForever), kSaysMuch, kAllStreams, &seen);
  ASSERT_TRUE(harness_->RunUntil(
      [&] { return seen.out.size() + kMaxStreamFrameBytes > kStreamWindowBytes; }));
  EXPECT_FALSE(seen.end.has_value());
  seen.takes = true;
  seen.stream->Taken(std::exchange(seen.untaken, 0));
  AwaitEnd(seen);
  ExpectExit(seen, 0);
  EXPECT_EQ(seen.out, std::string(300'000, 'x'));
}

TEST_P(RuntimeStreams, EndWhenMoreIsWrittenThanTheyTake) {
  Seen seen;
  Exec(Run("flood", kRunsForever), kTakesLong, kAllStreams, &seen);
  for (size_t i = 0; i <= kStreamWindowBytes / kMaxStreamFrameBytes; ++i) {
    seen.stream->Write(std::string(kMaxStreamFrameBytes, 'x'));
  }
  EXPECT_FALSE(seen.end.has_value()) << "ended inside a call";
  AwaitEnd(seen);
  EXPECT_EQ(seen.end->status.code(), StatusCode::kInternal);
}

TEST_P(RuntimeStreams, HaveATerminalOfTheSizeThatWasToldLast) {
  Seen seen;
  Exec(Run("tty", kRunsForever), kTellsSize, kTerminal, &seen);
  seen.stream->Resize(80, 24);
  seen.stream->Resize(97, 31);
  size_t asked = 0;
  ASSERT_TRUE(harness_->RunUntil([&] {
    if (seen.out.size() >= asked) {  // the size may come behind the first line
      seen.stream->Write("\n");
      asked = seen.out.size() + 1;
    }
    return seen.out.find("31 97") != std::string::npos;
  })) << seen.out;
  EXPECT_EQ(seen.err, "");
  seen.stream->Cancel();
}

TEST_P(RuntimeStreams, SayWhatCannotBeRun) {
  Seen seen;
  Exec(Run("noprogram", kRunsForever), kIsNoProgram, kAllStreams, &seen);
  AwaitEnd(seen);
  ASSERT_TRUE(seen.end->status.ok());
  EXPECT_TRUE(seen.end->exit_code == 126 || seen.end->exit_code == 127);
  EXPECT_NE((seen.out + seen.err).find("no such file"), std::string::npos) << seen.out;
}

TEST_P(RuntimeStreams, RefuseWhatDoesNotRun) {
  const std::string ended = Run("over", kExitsWithSeven);
  ASSERT_TRUE(blocking_->Until(ended, ContainerRunState::kExited).has_value());
  for (const bool attach : {false, true}) {
    Seen nobody;
    Seen over;
    if (attach) {
      Attach(cluster_ + "-nobody", {false, true, true, false}, &nobody);
      Attach(ended, {false, true, true, false}, &over);
    } else {
      Exec(cluster_ + "-nobody", {"true"}, kAllStreams, &nobody);
      Exec(ended, {"true"}, kAllStreams, &over);
    }
    AwaitEnd(nobody);
    AwaitEnd(over);
    EXPECT_EQ(nobody.end->status.code(), StatusCode::kNotFound);
    EXPECT_EQ(over.end->status.code(), StatusCode::kConflict);
  }
}

TEST_P(RuntimeStreams, EndWithTheirContainer) {
  const std::string id = Run("dies", kRunsForever);
  Seen exec;
  Seen attached;
  Exec(id, kGivesBack, kAllStreams, &exec);
  Attach(id, {false, true, true, false}, &attached);
  exec.stream->Write("x");
  ASSERT_TRUE(harness_->RunUntil([&] { return exec.out == "x"; }));
  harness_->KillProcess(*blocking_->Inspect(id));
  AwaitEnd(exec);
  AwaitEnd(attached);
  EXPECT_TRUE(!exec.end->status.ok() || exec.end->exit_code != 0);
  EXPECT_TRUE(attached.end->status.ok()) << attached.end->status.ToString();
}

TEST_P(RuntimeStreams, EndWhenTheEngineDies) {
  const std::string id = Run("away", kRunsForever);
  Seen seen;
  Exec(id, kGivesBack, kAllStreams, &seen);
  seen.stream->Write("x");
  ASSERT_TRUE(harness_->RunUntil([&] { return seen.out == "x"; }));
  harness_->CrashEngine();
  AwaitEnd(seen);
  EXPECT_EQ(seen.end->status.code(), StatusCode::kUnavailable);
  harness_->StartEngine();
  EXPECT_TRUE(AnswersAgain());
}

TEST_P(RuntimeStreams, SayNothingAfterTheirCancellation) {
  Seen seen;
  Exec(Run("cancel", kRunsForever), kGivesBack, kAllStreams, &seen);
  seen.stream->Write("x");
  ASSERT_TRUE(harness_->RunUntil([&] { return seen.out == "x"; }));
  seen.stream->Write("y");
  seen.stream->Cancel();
  seen.stream->CloseInput();
  EXPECT_EQ(blocking_->Exec(Run("other", kRunsForever), {"true"}, 30'000)->exit_code, 0);
  EXPECT_EQ(seen.out, "x");
  EXPECT_FALSE(seen.end.has_value());
}

TEST_P(RuntimeStreams, DoNotAttachToWhatTheContainerLacks) {
  const std::string id = Run("lacks", kRunsForever);
  Seen input;
  Seen terminal;
  Attach(id, kAllStreams, &input);
  Attach(id, {false, true, false, true}, &terminal);
  AwaitEnd(input);
  AwaitEnd(terminal);
  EXPECT_EQ(input.end->status.code(), StatusCode::kInvalid);
  EXPECT_EQ(terminal.end->status.code(), StatusCode::kInvalid);
}

TEST_P(RuntimeStreams, WriteIntoAProgramThatIsAttachedToAndLeaveItToTheNext) {
  ContainerConfig config = TestContainer(cluster_, "reads", kGivesBack);
  config.has_input = true;
  const std::string id = Run(config);
  for (const std::string line : {"one\n", "two\n"}) {
    Seen seen;
    Attach(id, kAllStreams, &seen);
    seen.stream->Write(line);
    ASSERT_TRUE(harness_->RunUntil([&] { return seen.out == line; })) << seen.out;
    EXPECT_EQ(seen.input_taken, line.size());
    seen.stream->CloseInput();
    AwaitEnd(seen);
    EXPECT_TRUE(seen.end->status.ok()) << seen.end->status.ToString();
    EXPECT_EQ(blocking_->Inspect(id)->state, ContainerRunState::kRunning);
  }
}

TEST_P(RuntimeStreams, EndTheInputOfAProgramThatHasItOnce) {
  ContainerConfig config = TestContainer(cluster_, "once", kGivesBack);
  config.has_input = config.input_once = true;
  const std::string id = Run(config);
  Seen seen;
  Attach(id, kAllStreams, &seen);
  seen.stream->Write("all\n");
  ASSERT_TRUE(harness_->RunUntil([&] { return seen.out == "all\n"; })) << seen.out;
  seen.stream->CloseInput();
  AwaitEnd(seen);
  EXPECT_TRUE(seen.end->status.ok()) << seen.end->status.ToString();
  const auto ended = blocking_->Until(id, ContainerRunState::kExited);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_code, 0);
}

// What only a real engine has: processes.
class DockerStreams : public RuntimeStreams {};
INSTANTIATE_TEST_SUITE_P(Engines, DockerStreams, ::testing::Values(Engine::kDocker), EngineName);

TEST_P(DockerStreams, KillTheCommandWhoseClientGoes) {
  const std::string id = Run("kill", kRunsForever);
  // Looks until the command runs, or does not.
  const auto becomes = [&](bool running) {
    const MonoTime deadline = harness_->loop().now().mono + 60'000;
    while (harness_->loop().now().mono < deadline) {
      const auto found =
          blocking_->Exec(id, {"sh", "-c", "grep -q 9876[5] /proc/[0-9]*/cmdline"}, 30'000);
      if (found.ok() && (found->exit_code == 0) == running) return true;
    }
    return false;
  };
  for (const StreamOptions& options : {kAllStreams, kTerminal}) {
    Seen seen;
    Exec(id, {"sleep", "98765"}, options, &seen);
    ASSERT_TRUE(becomes(true));
    seen.stream->Cancel();
    ASSERT_TRUE(becomes(false));
    EXPECT_EQ(blocking_->Inspect(id)->state, ContainerRunState::kRunning);
  }
}

TEST_P(DockerStreams, AttachToWhatAProgramSaysFromNowOn) {
  Seen seen;
  Attach(Run("ticks", {"sh", "-c", "while :; do echo tick; echo tock >&2; sleep 0.1; done"}),
         {false, true, true, false}, &seen);
  ASSERT_TRUE(harness_->RunUntil([&] { return seen.out.size() > 20 && seen.err.size() > 20; }));
  EXPECT_TRUE(seen.out.starts_with("tick\ntick\n")) << seen.out;
  EXPECT_TRUE(seen.err.starts_with("tock\ntock\n")) << seen.err;
  seen.stream->Cancel();
}

TEST_P(DockerStreams, AttachToATerminalOfTheClientsSize) {
  ContainerConfig config = TestContainer(cluster_, "terminal", kTellsSize);
  config.has_input = config.has_terminal = true;
  const std::string id = Run(config);
  Seen seen;
  Attach(id, kTerminal, &seen);
  seen.stream->Resize(101, 33);
  // A size may reach the terminal after what is typed: asked until it does.
  size_t asked_at = 0;
  seen.stream->Write("\n");
  EXPECT_TRUE(harness_->RunUntil([&] {
    const size_t last = seen.out.rfind("\n");
    if (last != std::string::npos && last > asked_at) {
      asked_at = last;
      seen.stream->Write("\n");
    }
    return seen.out.find("33 101\r\n") != std::string::npos;
  })) << seen.out;
  seen.stream->Cancel();
}

}  // namespace
}  // namespace reconcile
