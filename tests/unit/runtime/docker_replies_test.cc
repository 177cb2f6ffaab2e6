#include "runtime/docker_replies.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

constexpr std::string_view kInspect = R"({
  "Id": "abc123", "Created": "2026-11-21T01:49:59.123456789Z", "Name": "/web",
  "Image": "sha256:feed", "RestartCount": 0,
  "State": {"Status": "exited", "Running": false, "OOMKilled": true, "Pid": 0, "ExitCode": 137,
            "Error": "", "StartedAt": "2026-11-21T01:50:00.5Z",
            "FinishedAt": "2026-11-21T01:50:01.999999999Z"},
  "Config": {"Tty": false, "Labels": {"dev.reconcile.pod": "web", "a": ""}}})";

TEST(DockerReplies, ReadsAContainerWithItsTimesInMilliseconds) {
  const auto container = ParseContainer(kInspect);
  ASSERT_TRUE(container.ok()) << container.status().ToString();
  const ContainerInfo& info = container->info;
  EXPECT_EQ(info.id, "abc123");
  EXPECT_EQ(info.name, "web");
  EXPECT_EQ(info.image_id, "sha256:feed");
  EXPECT_EQ(info.state, ContainerRunState::kExited);
  EXPECT_EQ(info.exit_code, 137);
  EXPECT_TRUE(info.oom_killed);
  EXPECT_EQ(info.labels, (StringMap{{"dev.reconcile.pod", "web"}, {"a", ""}}));
  EXPECT_EQ(FormatRfc3339(*info.created_at), "2026-11-21T01:49:59.123Z");
  EXPECT_EQ(FormatRfc3339(*info.started_at), "2026-11-21T01:50:00.500Z");
  EXPECT_EQ(FormatRfc3339(*info.finished_at), "2026-11-21T01:50:01.999Z");
  EXPECT_FALSE(container->terminal);
}

TEST(DockerReplies, ReadsGosZeroTimeAsNever) {
  const auto container = ParseContainer(
      R"({"Id":"x","State":{"Status":"created","StartedAt":"0001-01-01T00:00:00Z","FinishedAt":""}})");
  ASSERT_TRUE(container.ok());
  EXPECT_FALSE(container->info.started_at.has_value());
  EXPECT_FALSE(container->info.finished_at.has_value());
  EXPECT_FALSE(container->info.created_at.has_value());
}

TEST(DockerReplies, KnowsEveryStatusOfAContainer) {
  const auto state_of = [](const std::string& status) {
    return ParseContainer(R"({"Id":"x","State":{"Status":")" + status + "\"}}")->info.state;
  };
  EXPECT_EQ(state_of("created"), ContainerRunState::kCreated);
  EXPECT_EQ(state_of("running"), ContainerRunState::kRunning);
  EXPECT_EQ(state_of("paused"), ContainerRunState::kPaused);
  EXPECT_EQ(state_of("exited"), ContainerRunState::kExited);
  EXPECT_EQ(state_of("restarting"), ContainerRunState::kExited);
  EXPECT_EQ(state_of("removing"), ContainerRunState::kDead);
  EXPECT_EQ(state_of("dead"), ContainerRunState::kDead);
}

TEST(DockerReplies, CallsDamagedRepliesInternal) {
  for (const char* body : {"", "{", "[]", "null", "{\"Id\":\"\"}", "{\"Id\":7}", "<html>"}) {
    EXPECT_EQ(ParseContainer(body).status().code(), StatusCode::kInternal) << body;
    EXPECT_EQ(ParseImage(body).status().code(), StatusCode::kInternal) << body;
    EXPECT_EQ(ParseCreatedId(body).status().code(), StatusCode::kInternal) << body;
  }
  const std::string deep = std::string(kMaxReplyDepth + 1, '[');
  EXPECT_EQ(ParseContainerList(deep).status().code(), StatusCode::kInternal);
}

TEST(DockerReplies, ListsContainersUpToItsLimit) {
  const auto listed = ParseContainerList(
      R"([{"Id":"a","Names":["/x"],"ImageID":"sha256:1","Created":1790000000,"State":"running",)"
      R"("Labels":{"one":"two"},"Status":"Up 3 minutes"},{"Id":"b"}])");
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ(listed->at(0).id, "a");
  EXPECT_EQ(listed->at(0).name, "x");
  EXPECT_EQ(listed->at(0).image_id, "sha256:1");
  EXPECT_EQ(listed->at(0).labels, (StringMap{{"one", "two"}}));
  EXPECT_EQ(listed->at(0).state, ContainerRunState::kRunning);
  EXPECT_EQ(listed->at(0).created_at, WallTime{1'790'000'000'000});
  EXPECT_TRUE(listed->at(0).from_list_alone);
  EXPECT_EQ(listed->at(1).id, "b");
  EXPECT_FALSE(ParseContainerList(R"([{"Names":[]}])").ok());
  EXPECT_FALSE(ParseContainerList("{}").ok());
  std::string many = "[{\"Id\":\"a\"}";
  for (size_t i = 1; i < kMaxListedContainers; ++i) many += ",{\"Id\":\"a\"}";
  EXPECT_TRUE(ParseContainerList(many + "]").ok());
  EXPECT_FALSE(ParseContainerList(many + ",{\"Id\":\"a\"}]").ok());
}

TEST(DockerReplies, AContainerThatCannotBeDescribedKeepsWhatTheListSays) {
  const auto taken = [](const std::string& state, const std::string& status) {
    const auto listed = ParseContainerList(R"([{"Id":"a","State":")" + state + R"(","Status":")" +
                                           status + R"("}])");
    EXPECT_TRUE(listed.ok());
    return WithoutInspection(listed->at(0), InternalError("RWLayer unexpectedly nil"));
  };
  const ContainerInfo running = taken("running", "Up 3 minutes");
  EXPECT_EQ(running.state, ContainerRunState::kRunning);
  EXPECT_EQ(running.error, "");
  const ContainerInfo ended = taken("exited", "Exited (0) 3 minutes ago");
  EXPECT_EQ(ended.state, ContainerRunState::kExited);
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.error, "");
  EXPECT_EQ(taken("exited", "Exited (137) 3 minutes ago").exit_code, 137);
  for (const std::string state : {"created", "dead", "removing", "exited"}) {
    const ContainerInfo dead = taken(state, "Dead");
    EXPECT_EQ(dead.state, ContainerRunState::kDead) << state;
    EXPECT_EQ(dead.error, "the engine cannot describe it: RWLayer unexpectedly nil");
  }
}

TEST(DockerReplies, GivesTheEnginesWordsWithTheCodeThatHelps) {
  const auto expect = [](int code, StatusCode wanted) {
    const Status status = StatusOfReply(code, R"({"message":"No such thing: x"})");
    EXPECT_EQ(status.code(), wanted) << code;
    EXPECT_EQ(status.message(), "No such thing: x");
  };
  expect(400, StatusCode::kInvalid);
  expect(404, StatusCode::kNotFound);
  expect(409, StatusCode::kConflict);
  expect(500, StatusCode::kInternal);
  expect(501, StatusCode::kInvalid);
  expect(503, StatusCode::kUnavailable);
  for (const int code : {200, 201, 204, 304}) EXPECT_EQ(StatusOfReply(code, "{}"), OkStatus());
  EXPECT_EQ(StatusOfReply(500, "page not found\n").message(), "page not found");
  EXPECT_EQ(StatusOfReply(502, "").message(), "the engine answered 502");
  EXPECT_LE(StatusOfReply(500, std::string(100'000, 'x')).message().size(), kMaxErrorBytes + 3);
}

TEST(DockerReplies, AStartThatCannotExecuteItsProgramIsInvalidWhateverTheCode) {
  const std::string body = R"({"message":"OCI runtime create failed: executable file not found"})";
  for (const int code : {400, 404, 500}) {
    EXPECT_EQ(StatusOfStart(code, body).code(), StatusCode::kInvalid) << code;
  }
  EXPECT_EQ(StatusOfStart(404, R"({"message":"No such container: x"})").code(),
            StatusCode::kNotFound);
  EXPECT_EQ(StatusOfStart(304, ""), OkStatus());
}

TEST(DockerReplies, SpeaksTheNewestVersionThatBothKnow) {
  const auto negotiate = [](const std::string& newest, const std::string& oldest) {
    EngineVersion version;
    version.newest_api = newest;
    version.oldest_api = oldest;
    version.info.version = "19.03";
    return NegotiateApi(version);
  };
  EXPECT_EQ(*negotiate("1.41", "1.12"), "1.41");
  EXPECT_EQ(*negotiate("1.43", "1.12"), "1.43");
  EXPECT_EQ(*negotiate("1.52", "1.24"), "1.44");
  EXPECT_EQ(*negotiate("1.60", "1.50"), "1.50");
  const Status old = negotiate("1.40", "1.12").status();
  EXPECT_EQ(old.code(), StatusCode::kInvalid);
  EXPECT_NE(old.message().find("19.03"), std::string::npos);
  EXPECT_NE(old.message().find("1.41"), std::string::npos) << "says what is needed";
  for (const char* text : {"", "1", "1.", "2.0", "1.4x", "1.99999999999"}) {
    EXPECT_FALSE(negotiate(text, "").ok()) << text;
  }
}

TEST(DockerReplies, ReadsTheEngineFromVersionAndInfo) {
  const auto version = ParseEngineVersion(
      R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux",)"
      R"("Arch":"arm64","KernelVersion":"6.1.0"})");
  ASSERT_TRUE(version.ok());
  const auto info = ParseInfo(
      *version,
      R"({"NCPU":4,"MemTotal":8000000000,"OperatingSystem":"Debian GNU/Linux 12",)"
      R"("LiveRestoreEnabled":true,"CgroupDriver":"systemd","DockerRootDir":"/srv/docker","Extra":[1,2]})");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->version, "20.10.24");
  EXPECT_EQ(info->architecture, "arm64");
  EXPECT_EQ(info->kernel_version, "6.1.0");
  EXPECT_EQ(info->operating_system, "Debian GNU/Linux 12");
  EXPECT_EQ(info->cpus, 4);
  EXPECT_EQ(info->memory_bytes, 8'000'000'000);
  EXPECT_TRUE(info->live_restore);
  EXPECT_EQ(info->cgroup_driver, "systemd");
  EXPECT_EQ(info->root_folder, "/srv/docker");
}

TEST(DockerReplies, ReadsTheListOfImages) {
  const auto images = ParseImageList(
      R"([{"Id":"sha256:1","RepoTags":["shop:1","shop:2"],"RepoDigests":["shop@sha256:a"],)"
      R"("Size":123},{"Id":"sha256:2","RepoTags":["<none>:<none>"],)"
      R"("RepoDigests":["<none>@<none>"],"Size":4},{"Id":"sha256:3","RepoTags":null}])");
  ASSERT_TRUE(images.ok()) << images.status().ToString();
  ASSERT_EQ(images->size(), 3U);
  EXPECT_EQ(images->at(0).references, (std::vector<std::string>{"shop:1", "shop:2"}));
  EXPECT_EQ(images->at(0).digests, std::vector<std::string>{"shop@sha256:a"});
  EXPECT_EQ(images->at(0).size_bytes, 123);
  for (const size_t nameless : {1, 2}) {
    EXPECT_TRUE(images->at(nameless).references.empty() && images->at(nameless).digests.empty());
  }
  for (const char* wrong : {"", "{}", R"([{"Size":1}])"}) {
    EXPECT_FALSE(ParseImageList(wrong).ok()) << wrong;
  }
}

TEST(DockerReplies, ReadsWhatAContainerHasOfItsHost) {
  const auto v2 = ParseContainerStats(
      R"({"memory_stats":{"usage":5000,"stats":{"inactive_file":2000,"anon":3000}},)"
      R"("pids_stats":{"current":7}})");
  EXPECT_EQ(*v2, (ContainerUse{3'000, 7, 0}));
  const auto v1 = ParseContainerStats(
      R"({"memory_stats":{"usage":5000,"stats":{"inactive_file":1,"total_inactive_file":6000}}})");
  EXPECT_EQ(*v1, ContainerUse()) << "never less than nothing";
  EXPECT_FALSE(ParseContainerStats("[]").ok());
  EXPECT_EQ(*ParseLayerBytes(R"({"Id":"x","SizeRw":4096})"), 4'096);
  EXPECT_EQ(*ParseLayerBytes("{}"), 0);
  EXPECT_FALSE(ParseLayerBytes("7").ok());
}

TEST(DockerReplies, SaysWhyAHostsProgramCannotRunInContainers) {
  const auto why = [](const std::string& runtime, const std::string& options) {
    return ParseInfo(
               {}, R"({"DefaultRuntime":")" + runtime + R"(","SecurityOptions":[)" + options + "]}")
        ->no_start_program;
  };
  EXPECT_EQ(why("runc", ""), "");
  EXPECT_EQ(why("runc", R"("name=apparmor","name=seccomp,profile=default","name=cgroupns")"), "");
  EXPECT_EQ(why("runc", R"("name=seccomp,profile=default","name=userns")"),
            "it runs with name=userns");
  EXPECT_EQ(why("runc", R"("name=rootless")"), "it runs with name=rootless");
  EXPECT_EQ(why("runc", R"("name=selinux")"), "it runs with name=selinux");
  EXPECT_EQ(why("crun", ""), "");
  EXPECT_EQ(why("runsc", ""), "its default runtime is \"runsc\", neither runc nor crun");
  EXPECT_NE(ParseInfo({}, "{}")->no_start_program, "");
}

TEST(DockerReplies, KnowsTheDefaultRuntimeByItsProgramWhateverItsName) {
  const auto why = [](const std::string& path) {
    return ParseInfo({}, R"({"DefaultRuntime":"fast","Runtimes":{"runc":{"path":"runc"},)"
                         R"("fast":{"path":")" +
                             path + R"("}}})")
        ->no_start_program;
  };
  EXPECT_EQ(why("/usr/bin/crun"), "");
  EXPECT_EQ(why("runc"), "");
  EXPECT_EQ(why("/opt/runsc"), "its default runtime is \"runsc\", neither runc nor crun");
  EXPECT_NE(why(""), "");
}

TEST(DockerReplies, ReadsAnImage) {
  const auto image = ParseImage(R"({"Id":"sha256:1","RepoTags":["a:1","b:2"],"Size":42,)"
                                R"("Config":{"StopSignal":"SIGQUIT","User":"nobody",)"
                                R"("Entrypoint":["/run","-x"],"Cmd":["serve"]}})");
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->id, "sha256:1");
  EXPECT_EQ(image->entrypoint, (std::vector<std::string>{"/run", "-x"}));
  EXPECT_EQ(image->cmd, std::vector<std::string>{"serve"});
  EXPECT_EQ(image->tags, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(image->size_bytes, 42);
  EXPECT_EQ(image->stop_signal, "SIGQUIT");
  EXPECT_EQ(image->user, "nobody");
  EXPECT_TRUE(ParseImage(R"({"Id":"x","RepoTags":null,"Config":null})").ok());
}

TEST(DockerReplies, AHostHasAppArmorWhenItsEngineSaysSo) {
  EXPECT_TRUE(
      ParseInfo({}, R"({"SecurityOptions":["name=seccomp","name=apparmor"]})")->has_apparmor);
  EXPECT_FALSE(
      ParseInfo({}, R"({"SecurityOptions":["name=seccomp,profile=default"]})")->has_apparmor);
}

TEST(DockerReplies, OfTooManyImagesTheLargestAreKept) {
  std::string body = "[";
  for (size_t i = 0; i < kMaxListedImages + 5; ++i) {
    body += std::string(i == 0 ? "" : ",") + R"({"Id":"sha256:)" + std::to_string(i) +
            R"(","Size":)" + std::to_string(i) + "}";
  }
  const auto images = ParseImageList(body + "]");
  ASSERT_TRUE(images.ok());
  ASSERT_EQ(images->size(), kMaxListedImages);
  EXPECT_EQ(images->back().size_bytes, 5);
}

TEST(DockerReplies, ReadsContainerEventsAndSkipsOthers) {
  const auto event = ParseEvent(
      R"({"status":"die","id":"a1","Type":"container","Action":"die","Actor":{"ID":"a1"}})");
  ASSERT_TRUE(event.ok() && event->has_value());
  EXPECT_EQ((*event)->container_id, "a1");
  EXPECT_EQ((*event)->action, "die");
  EXPECT_FALSE(ParseEvent(R"({"Type":"image","Action":"pull","Actor":{"ID":"x"}})")->has_value());
  EXPECT_FALSE(ParseEvent(R"({"Type":"container","Action":"die","Actor":{"ID":""}})")->has_value())
      << "an empty id would mean a resync";
  EXPECT_FALSE(ParseEvent("garbage").ok());
}

TEST(DockerReplies, FindsTheFailureInsideAPullThatAnswered200) {
  EXPECT_EQ(ParseProgressLine(R"({"status":"Downloading","progressDetail":{"current":1}})"),
            OkStatus());
  const Status absent = ParseProgressLine(
      R"({"errorDetail":{"message":"manifest for a:b not found"},"error":"manifest"})");
  EXPECT_EQ(absent.code(), StatusCode::kNotFound);
  EXPECT_EQ(absent.message(), "manifest for a:b not found");
  const Status broken = ParseProgressLine(R"({"error":"unexpected EOF"})");
  EXPECT_EQ(broken.code(), StatusCode::kUnavailable);
  EXPECT_EQ(broken.message(), "unexpected EOF");
  EXPECT_EQ(ParseProgressLine("nonsense").code(), StatusCode::kInternal);
}

TEST(DockerReplies, ReadsHowACommandEnded) {
  EXPECT_EQ(*ParseExecExitCode(R"({"Running":false,"ExitCode":3})"), 3);
  EXPECT_EQ(*ParseExecExitCode(R"({"Running":true,"ExitCode":0})"), std::nullopt);
  const auto process = ParseExecProcess(R"({"Running":true,"Pid":42,"ContainerID":"abc"})");
  ASSERT_TRUE(process.ok());
  EXPECT_FALSE(process->has_ended);
  EXPECT_EQ(process->process_id, 42);
  EXPECT_EQ(process->container_id, "abc");
  EXPECT_TRUE(ParseExecProcess(R"({"Running":false,"ExitCode":3,"Pid":42})")->has_ended);
  EXPECT_EQ(*ParseExecExitCode(R"({"Running":false,"ExitCode":null})"), std::nullopt);
  for (const char* damaged : {"", "[]", "{}", R"({"Running":"no","ExitCode":0})"}) {
    EXPECT_EQ(ParseExecExitCode(damaged).status().code(), StatusCode::kInternal) << damaged;
  }
}

}  // namespace
}  // namespace reconcile
