// Termination messages (SEMANTICS 8.9).
#include "agent/end_messages.h"

#include "base/utf8.h"
#include "tests/unit/agent/agent_fixture.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

// ---- what is asked and told ----

class EndMessageStep : public StepTest {
 protected:
  EndMessageStep() { reads_ends = true; }

  static void Set(Container* container, std::string_view field, const std::string& text) {
    container->others.Set(field, Value::String(text));
  }
  std::string FileOf(const std::string& container, int attempt) {
    return EndFilePath(kUid, container, attempt);
  }
};

TEST_F(EndMessageStep, EachAttemptHasAFileAtTheProgramsPath) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("app"), MakeContainer("odd")};
  Set(&pod->spec.containers.Edit()[1], "terminationMessagePath", "var/last-words");
  pod->spec.init_containers = {MakeContainer("init")};
  Assign(pod);
  StringMap mounted;  // by container and path
  for (int turn = 0; turn < 20; ++turn) {
    const StepResult result = Take();
    for (const RunContainer& run : Find<RunContainer>(result)) {
      for (const BindMount& bind : run.config.binds) {
        if (bind.host_path.find("/ends/") == std::string::npos) continue;
        EXPECT_FALSE(bind.read_only);
        mounted[run.container + " " + bind.container_path] = bind.host_path;
      }
    }
    for (const Operation& operation : result.operations) Perform(operation);
    Pass(1);
    for (ContainerInfo& init : std::vector<ContainerInfo>(All("init"))) {
      if (IsLive(init)) Kill("init", 0);
    }
  }
  EXPECT_EQ(mounted["app /dev/termination-log"], "/data/" + FileOf("app", 0));
  EXPECT_EQ(mounted["odd /var/last-words"], "/data/" + FileOf("odd", 0));
  EXPECT_EQ(mounted["init /dev/termination-log"], "/data/" + FileOf("init", 0));
}

TEST_F(EndMessageStep, IsReadOnceAndToldWithTheEnd) {
  Assign(MakePod());
  Settle();
  end_messages[FileOf("app", 0)] = "no more money\n";
  Kill("app", 3);
  const StepResult first = Take();
  EXPECT_TRUE(first.reads_ends);
  ASSERT_EQ(Find<ReadEndMessage>(first).size(), 1U);
  EXPECT_EQ(Find<ReadEndMessage>(first)[0].file, FileOf("app", 0));
  for (const Operation& operation : first.operations) Perform(operation);
  const StepResult second = Settle();
  EXPECT_FALSE(second.reads_ends);
  EXPECT_EQ(StatusOf(second).last_state.terminated->message, "no more money\n");
  EXPECT_EQ(StatusOf(second).last_state.terminated->exit_code, 3);
  EXPECT_EQ(ends_read.size(), 1U);
}

TEST_F(EndMessageStep, IsReadAgainByAnAgentThatStartsAnew) {
  Assign(MakePod());
  Settle();
  end_messages[FileOf("app", 0)] = "no more money";
  Kill("app", 3);
  Settle();
  ForgetEverything();
  EXPECT_EQ(StatusOf(Settle()).last_state.terminated->message, "no more money");
}

TEST_F(EndMessageStep, APodHasNotEndedBeforeItsMessagesAreRead) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  pod->spec.containers.push_back(MakeContainer("other"));
  Assign(pod);
  Settle();
  end_messages[FileOf("app", 0)] = "done";
  Kill("app", 0);
  Settle();
  Kill("other", 1);
  end_messages[FileOf("other", 0)] = "lost";
  Take();
  EXPECT_FALSE(seen.pods[kUid].terminal);
  const StepResult ended = Settle();
  ASSERT_TRUE(seen.pods[kUid].terminal);
  EXPECT_EQ(ReportOf(ended).status.phase, PodPhase::kFailed);
  EXPECT_EQ(StatusOf(ended, 0).state.terminated->message, "done");
  EXPECT_EQ(StatusOf(ended, 1).state.terminated->message, "lost");
}

TEST_F(EndMessageStep, OnlyAFailedProgramsLogStandsInForItsFile) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  pod->spec.containers = {MakeContainer("good"), MakeContainer("bad"), MakeContainer("file"),
                          MakeContainer("never")};
  for (const size_t i : {size_t{0}, size_t{1}, size_t{3}}) {
    Set(&pod->spec.containers.Edit()[i], "terminationMessagePolicy", "FallbackToLogsOnError");
  }
  Assign(pod);
  Settle();
  Kill("good", 0);
  Kill("bad", 1);
  Kill("file", 1);
  Kill("never", 127);
  Newest("never").error = "exec: \"serve\": not found";
  std::set<std::string> from_log;
  for (const ReadEndMessage& read : Find<ReadEndMessage>(Take())) {
    if (read.from_log) from_log.insert(read.file);
  }
  EXPECT_EQ(from_log, std::set<std::string>{FileOf("bad", 0)});
}

TEST_F(EndMessageStep, ComesAfterTheEnginesOwnWords) {
  Assign(MakePod());
  Settle();
  Kill("app", 127);
  Newest("app").error = "cannot run";
  end_messages[FileOf("app", 0)] = "left by hand";
  EXPECT_EQ(StatusOf(Settle()).last_state.terminated->message, "cannot run: left by hand");
}

TEST_F(EndMessageStep, OfInitContainersToo) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  pod->spec.init_containers = {MakeContainer("init")};
  Assign(pod);
  Settle();
  end_messages[FileOf("init", 0)] = "no schema";
  Kill("init", 1);
  const PodStatus status = ReportOf(Settle()).status;
  EXPECT_EQ(status.phase, PodPhase::kFailed);
  EXPECT_EQ(status.init_container_statuses.at(0).state.terminated->message, "no schema");
}

TEST_F(EndMessageStep, APodsMessagesShareWhatAPodMayHave) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  pod->spec.containers.clear();
  for (int i = 0; i < 7; ++i)
    pod->spec.containers.push_back(MakeContainer("c" + std::to_string(i)));
  Assign(pod);
  Settle();
  std::string euros;
  while (euros.size() + 3 <= kMaxEndMessageBytes) euros += "€";
  for (const Container& container : pod->spec.containers) {
    end_messages[FileOf(container.name, 0)] = euros;
    Kill(container.name, 1);
  }
  const StepResult result = Settle();
  for (size_t i = 0; i < 7; ++i) {
    const std::string& message = StatusOf(result, i).state.terminated->message;
    EXPECT_EQ(message.size(), kMaxPodEndMessageBytes / 7 / 3 * 3);
    EXPECT_EQ(FindInvalidUtf8(message), std::string_view::npos);
  }
}

TEST_F(EndMessageStep, NothingIsReadOfContainersThatHaveNoFile) {
  Assign(MakePod());
  Settle();
  Newest("app").labels.erase(std::string(kLabelEndMessage));  // as an earlier release made it
  Kill("app", 3);
  const StepResult result = Take();
  EXPECT_TRUE(Find<ReadEndMessage>(result).empty());
  EXPECT_FALSE(result.reads_ends);
}

TEST_F(EndMessageStep, NothingIsReadOfAPodThatIsToGo) {
  Assign(MakePod());
  Settle();
  Delete(0, 5);
  Kill("app", 3);
  EXPECT_TRUE(Find<ReadEndMessage>(Take()).empty());
}

// ---- how it is read ----

class EndMessageAgent : public AgentTest {
 protected:
  // One pod, whose container ends soon after this.
  void RunPod(const std::string& policy = "File") {
    AddPod("web");
    auto pod = std::make_shared<Pod>(*assignment.pods.back());
    pod->spec.containers.Edit()[0].others.Set("terminationMessagePolicy", Value::String(policy));
    assignment.pods.back() = pod;
    StartAgent();
    Assign();
    Settle();
  }
  std::string File(int attempt = 0) const {
    return EndFilePath(assignment.pods[0]->metadata.uid, "app", attempt);
  }
  void Says(const std::string& text, int attempt = 0) {
    ASSERT_TRUE(files.Write(File(attempt), text, 0666).ok());
  }
  void Crash(int32_t code = 1) { engine.KillContainer(Running()[0].id, code); }
  const std::string& Message() const {
    static const std::string kNone = "(no end)";
    const ContainerStatus& status = Reported("web").status.container_statuses[0];
    const auto& end =
        status.state.terminated ? status.state.terminated : status.last_state.terminated;
    return end ? end->message : kNone;
  }
};

TEST_F(EndMessageAgent, IsInTheReportThatTellsOfTheEnd) {
  RunPod();
  EXPECT_EQ(*files.Read(File()), "");
  Says("no more money\n");
  const size_t before = link.reports.size();
  Crash();
  Settle();
  for (size_t i = before; i < link.reports.size(); ++i) {
    const ContainerStatus& status = link.reports[i].pods[0].status.container_statuses[0];
    for (const ContainerState* state : {&status.state, &status.last_state}) {
      if (!state->terminated) continue;
      EXPECT_EQ(state->terminated->message, "no more money\n");
    }
  }
  EXPECT_EQ(Message(), "no more money\n");
}

TEST_F(EndMessageAgent, ARestartedAgentSaysTheSame) {
  RunPod();
  Says("no more money");
  Crash();
  Settle();
  KillAgent();
  StartAgent();
  const size_t before = link.reports.size();
  Settle();
  EXPECT_EQ(Message(), "no more money");
  for (size_t i = before; i < link.reports.size(); ++i) {
    if (link.reports[i].pods.empty()) continue;
    const ContainerStatus& status = link.reports[i].pods[0].status.container_statuses[0];
    EXPECT_EQ(status.last_state.terminated->message, "no more money");
  }
}

TEST_F(EndMessageAgent, TheEndOfALongFileMadeValid) {
  RunPod();
  Says("x" + std::string(kMaxEndMessageBytes, '\xff') + "the end");
  Crash();
  Settle();
  EXPECT_EQ(Message(), "\xef\xbf\xbdthe end");
}

TEST_F(EndMessageAgent, SomethingElseInTheFilesPlaceIsNotRead) {
  RunPod("FallbackToLogsOnError");
  ASSERT_TRUE(files.RemoveTree(File()).ok());
  ASSERT_TRUE(files.Write(File() + "/a-folder", "", 0666).ok());
  Crash();
  Settle();
  EXPECT_TRUE(Message().starts_with("Error on reading termination message: ")) << Message();
}

TEST_F(EndMessageAgent, AMissingFileSaysNothing) {
  RunPod();
  ASSERT_TRUE(files.RemoveTree(File()).ok());
  Crash();
  Settle();
  EXPECT_EQ(Message(), "");
}

TEST_F(EndMessageAgent, TheLogsEndStandsInForAnEmptyFile) {
  FakeProgram program;
  for (int i = 0; i < 200; ++i)
    program.output.push_back("line " + std::to_string(i) + " " + std::string(40, '.'));
  engine.SetImage("shop:1", {.present = true, .program = program});
  RunPod("FallbackToLogsOnError");
  Crash();
  Settle();
  EXPECT_EQ(Message().size(), kMaxEndLogBytes);
  EXPECT_TRUE(Message().ends_with("line 199 " + std::string(40, '.') + "\n"));
}

TEST_F(EndMessageAgent, NoMoreLinesOfTheLogThanTheKubeletTakes) {
  FakeProgram program;
  for (int i = 0; i < 200; ++i) program.output.push_back(std::to_string(i));
  engine.SetImage("shop:1", {.present = true, .program = program});
  RunPod("FallbackToLogsOnError");
  Crash();
  Settle();
  EXPECT_TRUE(Message().starts_with("120\n121\n")) << Message();
}

TEST_F(EndMessageAgent, ALogThatCannotBeReadIsTriedAgainAndThenSaid) {
  RunPod("FallbackToLogsOnError");
  engine.FailNext(FakeCall::kReadLogs, UnavailableError("no answer"), 2);
  Crash();
  Settle();
  RunFor(60'000);
  EXPECT_EQ(Message(), "");
  engine.FailNext(FakeCall::kReadLogs, UnavailableError("no answer"), 3);
  Crash();
  Settle();
  RunFor(60'000);
  EXPECT_EQ(Message(), "Error on reading termination message from logs: no answer");
}

TEST_F(EndMessageAgent, NewsDoNotWaitForALogForEver) {
  RunPod("FallbackToLogsOnError");
  engine.FailNext(FakeCall::kReadLogs, UnavailableError("no answer"), 2);
  Crash();
  RunFor(1'200);
  EXPECT_EQ(Message(), "");
  EXPECT_EQ(Reported("web").status.container_statuses[0].restart_count, 1);
}

TEST_F(EndMessageAgent, FilesGoWithTheirAttempts) {
  RunPod();
  const std::string folder = EndFilesFolder(assignment.pods[0]->metadata.uid, "app");
  for (int attempt = 0; attempt < 4; ++attempt) {
    ASSERT_TRUE(loop.RunUntil([&] { return Running().size() == 1; }));
    Settle();
    Crash();
    Settle();
    RunFor(400'000);
  }
  EXPECT_EQ(*files.List(folder), (std::vector<std::string>{"3", "4"}));
  for (const ContainerInfo& container : engine.Containers("cluster-a")) {
    if (!IsLive(container)) engine.DestroyContainer(container.id);
  }
  Settle();
  Crash();
  RunFor(400'000);
  EXPECT_EQ(*files.List(folder), (std::vector<std::string>{"4", "5"})) << "3 was taken by hand";
  DeletePod("web");
  Assign();
  Settle();
  EXPECT_TRUE(files.List("pods")->empty());
}

TEST_F(EndMessageAgent, AContainerWaitsForItsFile) {
  AddPod("web");
  StartAgent();
  Assign();
  ASSERT_TRUE(loop.RunUntil(
      [&] { return files.Read("pods/" + assignment.pods[0]->metadata.uid + "/hosts").ok(); }));
  files.FailNextWrites(UnavailableError("no space left on device"), 3);
  RunFor(500);
  EXPECT_TRUE(Running().empty());
  EXPECT_TRUE(loop.RunUntil([&] { return Running().size() == 1; }));
}

}  // namespace
}  // namespace reconcile
