#include "runtime/docker_requests.h"

#include <gtest/gtest.h>

#include "base/check.h"
#include "base/value.h"
#include "runtime/image_archive.h"

namespace reconcile {
namespace {

ContainerConfig AppConfig() {
  ContainerConfig config;
  config.name = "web-app";
  config.image = "nginx:1.25";
  config.labels = {{"k", "v\"\n"}};
  return config;
}

Value BodyOf(const ContainerConfig& config) {
  const Result<Value> body = ParseJson(CreateBody(config));
  CHECK(body.ok());
  return *body;
}

TEST(CreateBody, LeavesOutWhatTheImageDecides) {
  const Value body = BodyOf(AppConfig());
  for (const char* key : {"Entrypoint", "Cmd", "Env", "WorkingDir", "Hostname", "User"}) {
    EXPECT_EQ(body.Find(key), nullptr) << key;
  }
  EXPECT_EQ(body.Find("Labels")->GetString("k"), "v\"\n");
  const Value& host = *body.Find("HostConfig");
  for (const char* key :
       {"Memory", "CpuShares", "CpuQuota", "PidsLimit", "Mounts", "SecurityOpt", "IpcMode",
        "PidMode", "CapAdd", "CapDrop", "GroupAdd", "Privileged", "ReadonlyRootfs", "Sysctls"}) {
    EXPECT_EQ(host.Find(key), nullptr) << key;
  }
  EXPECT_EQ(host.GetString("NetworkMode"), "none");
  EXPECT_EQ(host.Find("RestartPolicy")->GetString("Name"), "no");
}

TEST(CreateBody, GivesNoSwapOnTopOfAMemoryLimit) {
  ContainerConfig config = AppConfig();
  config.memory_bytes = 1 << 30;
  const Value body = BodyOf(config);
  EXPECT_EQ(body.Find("HostConfig")->GetInt("Memory"), 1 << 30);
  EXPECT_EQ(body.Find("HostConfig")->GetInt("MemorySwap"), 1 << 30);
}

TEST(CreateBody, SaysHowMountsPropagateWhereThatIsAsked) {
  ContainerConfig config = AppConfig();
  config.binds = {{"/a", "/x", false, {}}, {"/b", "/y", true, "rslave"}};
  const Value body = BodyOf(config);
  const Value::List& mounts = body.Find("HostConfig")->GetList("Mounts");
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_EQ(mounts[0].Find("BindOptions"), nullptr);
  EXPECT_EQ(mounts[1].Find("BindOptions")->GetString("Propagation"), "rslave");
  EXPECT_TRUE(mounts[1].GetBool("ReadOnly"));
}

TEST(CreateBody, DropsAHostNameBesideAJoinedNetwork) {
  ContainerConfig config = AppConfig();
  config.hostname = "pod";
  EXPECT_EQ(BodyOf(config).GetString("Hostname"), "pod");
  config.network_container = "abc";
  const Value body = BodyOf(config);
  EXPECT_EQ(body.Find("Hostname"), nullptr);
  EXPECT_EQ(body.Find("HostConfig")->GetString("NetworkMode"), "container:abc");
  EXPECT_EQ(body.Find("HostConfig")->GetString("IpcMode"), "container:abc");
}

TEST(CreateBody, LogsAreBoundedForAppsAndAbsentForSandboxes) {
  ContainerConfig config = AppConfig();
  const Value app = BodyOf(config);
  const Value& app_log = *app.Find("HostConfig")->Find("LogConfig");
  EXPECT_EQ(app_log.GetString("Type"), "json-file");
  EXPECT_EQ(app_log.Find("Config")->GetString("max-size"), "10m");
  EXPECT_EQ(app_log.Find("Config")->GetString("max-file"), "5");
  config.is_sandbox = true;
  const Value sandbox = BodyOf(config);
  EXPECT_EQ(sandbox.Find("HostConfig")->Find("LogConfig")->GetString("Type"), "none");
  EXPECT_EQ(sandbox.Find("HostConfig")->GetString("IpcMode"), "shareable");
}

std::string Words(const Value& map, const char* key) {
  std::string words;
  for (const Value& word : map.GetList(key)) words += word.AsString() + " ";
  return words;
}

TEST(CreateBody, SaysWhatProcessesAreAndMayDo) {
  ContainerConfig config = AppConfig();
  config.rights.user = "1000:2000";
  config.rights.groups = {"3000", "4000"};
  config.rights.privileged = true;
  config.rights.read_only_root = true;
  config.rights.capabilities_added = {"NET_ADMIN"};
  config.rights.capabilities_dropped = {"ALL"};
  config.rights.security_options = {"no-new-privileges", "seccomp=unconfined"};
  config.sysctls = {{"net.core.somaxconn", "1024"}};
  const Value body = BodyOf(config);
  EXPECT_EQ(body.GetString("User"), "1000:2000");
  const Value& host = *body.Find("HostConfig");
  EXPECT_EQ(Words(host, "GroupAdd"), "3000 4000 ");
  EXPECT_TRUE(host.GetBool("Privileged"));
  EXPECT_TRUE(host.GetBool("ReadonlyRootfs"));
  EXPECT_EQ(Words(host, "CapAdd"), "NET_ADMIN ");
  EXPECT_EQ(Words(host, "CapDrop"), "ALL ");
  EXPECT_EQ(Words(host, "SecurityOpt"), "no-new-privileges seccomp=unconfined ");
  EXPECT_EQ(host.Find("Sysctls")->GetString("net.core.somaxconn"), "1024");
}

TEST(CreateBody, MasksNothingOfProcWhenAsked) {
  ContainerConfig config = AppConfig();
  const Value masked = BodyOf(config);
  config.rights.proc_unmasked = true;
  const Value unmasked = BodyOf(config);
  for (const char* paths : {"MaskedPaths", "ReadonlyPaths"}) {
    EXPECT_EQ(masked.Find("HostConfig")->Find(paths), nullptr) << "the engine's";
    const Value* none = unmasked.Find("HostConfig")->Find(paths);
    ASSERT_TRUE(none != nullptr && none->IsList()) << paths;
    EXPECT_TRUE(none->AsList().empty());
  }
}

TEST(CreateBody, SharesTheHostsNamespacesOrThoseOfTheSandbox) {
  ContainerConfig config = AppConfig();
  config.process_view = ProcessView::kHosts;
  config.host_ipc = true;
  Value body = BodyOf(config);
  EXPECT_EQ(body.Find("HostConfig")->GetString("PidMode"), "host");
  EXPECT_EQ(body.Find("HostConfig")->GetString("IpcMode"), "host");
  config.network_container = "abc";
  body = BodyOf(config);
  EXPECT_EQ(body.Find("HostConfig")->GetString("NetworkMode"), "container:abc");
  EXPECT_EQ(body.Find("HostConfig")->GetString("IpcMode"), "host");
  config.process_view = ProcessView::kNetworkContainers;
  EXPECT_EQ(BodyOf(config).Find("HostConfig")->GetString("PidMode"), "container:abc");
}

TEST(CreateBody, SandboxIsConfinedHoweverItsNetworkBegins) {
  ContainerConfig config = AppConfig();
  config.is_sandbox = true;
  config.rights.user = "0";
  config.rights.privileged = true;
  config.rights.capabilities_added = {"ALL"};
  for (const NetworkStart start : {NetworkStart::kEngines, NetworkStart::kBare}) {
    config.network_start = start;
    const Value body = BodyOf(config);
    const Value& host = *body.Find("HostConfig");
    EXPECT_EQ(Words(host, "SecurityOpt"), "no-new-privileges ");
    EXPECT_EQ(Words(host, "CapDrop"), "ALL ");
    EXPECT_EQ(host.Find("CapAdd"), nullptr);
    EXPECT_EQ(host.Find("Privileged"), nullptr);
    EXPECT_TRUE(host.GetBool("ReadonlyRootfs"));
    EXPECT_EQ(body.Find("User"), nullptr) << "the image's";
  }
}

TEST(CreateBody, KeepsTheEnginesNetworkCodeOutOfABareNamespace) {
  ContainerConfig config = AppConfig();
  EXPECT_EQ(BodyOf(config).Find("NetworkDisabled"), nullptr);
  config.network_start = NetworkStart::kBare;
  EXPECT_TRUE(BodyOf(config).GetBool("NetworkDisabled"));
  EXPECT_EQ(BodyOf(config).Find("HostConfig")->GetString("NetworkMode"), "none");
  config.network_container = "abc";
  EXPECT_EQ(BodyOf(config).Find("NetworkDisabled"), nullptr) << "it would not join";
}

TEST(ValidateConfig, RefusesNamesImagesAndSandboxesThatBreakAPath) {
  EXPECT_EQ(ValidateConfig(AppConfig()), OkStatus());
  ContainerConfig config = AppConfig();
  config.name = "a/b";
  EXPECT_EQ(ValidateConfig(config).code(), StatusCode::kInvalid);
  config = AppConfig();
  config.image = "a b";
  EXPECT_EQ(ValidateConfig(config).code(), StatusCode::kInvalid);
  EXPECT_NE(ValidateConfig(config).message().find("web-app"), std::string::npos);
  config = AppConfig();
  config.network_container = "x?y=z";
  EXPECT_EQ(ValidateConfig(config).code(), StatusCode::kInvalid);
}

TEST(Paths, EscapeWhatTheyAreGiven) {
  EXPECT_EQ(EscapeUrl("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(EscapeUrl("a b/c?d=e&f\n\xff"), "a%20b%2Fc%3Fd%3De%26f%0A%FF");
  EXPECT_EQ(ListPath("x&y"),
            "/containers/json?all=1&filters=%7B%22label%22%3A%5B%22dev.reconcile.cluster%3Dx%26y"
            "%22%5D%7D");
  EXPECT_EQ(PullPath({"localhost:5000/app", "v1"}),
            "/images/create?fromImage=localhost%3A5000%2Fapp&tag=v1");
  EXPECT_TRUE(EventsPath("c1", 1'790'000'000).starts_with("/events?since=1790000000&filters=%7B"));
}

TEST(Paths, LogsNameTheirStartToTheNanosecond) {
  EXPECT_EQ(LogsPath("abc", false, false, -1, std::nullopt),
            "/containers/abc/logs?stdout=1&stderr=1&tail=all");
  EXPECT_EQ(LogsPath("abc", true, true, 10, LogStamp{1'790'000'000, 5}),
            "/containers/abc/logs?stdout=1&stderr=1&follow=1&timestamps=1&tail=10"
            "&since=1790000000.000000005");
}

TEST(TarWriter, WritesUstarBlocks) {
  TarWriter writer;
  writer.AddFile("dir/file", "hello", 0755);
  writer.AddLink("link", "dir/file");
  const std::string tar = writer.Finish();
  ASSERT_EQ(tar.size(), 512U * 5);  // header, data, header, two blocks of zeros
  EXPECT_EQ(tar.substr(0, 8), "dir/file");
  EXPECT_EQ(tar.substr(100, 7), "0000755");
  EXPECT_EQ(tar.substr(124, 11), "00000000005");
  EXPECT_EQ(tar.substr(257, 8), std::string("ustar\0", 6) + "00");
  EXPECT_EQ(tar.substr(512, 6), std::string("hello\0", 6));
  EXPECT_EQ(tar[1024 + 156], '2');
  EXPECT_EQ(tar.substr(1024 + 157, 8), "dir/file");
  unsigned sum = 8 * ' ';
  for (size_t i = 0; i < 512; ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(tar[i]);
  }
  EXPECT_EQ(std::stoul(tar.substr(148, 6), nullptr, 8), sum);
}

TEST(PauseArchive, IsAFunctionOfProgramAndArchitecture) {
  const ImageArchive archive = BuildPauseArchive("program", "amd64");
  EXPECT_TRUE(archive.reference.starts_with("reconcile.dev/pause:"));
  EXPECT_EQ(BuildPauseArchive("program", "amd64").tar, archive.tar);
  EXPECT_NE(BuildPauseArchive("program2", "amd64").reference, archive.reference);
  EXPECT_NE(BuildPauseArchive("program", "arm64").reference, archive.reference);
}

TEST(PauseProgram, IsASmallExecutable) {
  EXPECT_EQ(PauseProgram().substr(0, 4),
            "\x7f"
            "ELF");
  EXPECT_LT(PauseProgram().size(), 1024U);
}

TEST(ExecBody, AsksForBothOutputsOfAProgramWithItsArguments) {
  EXPECT_EQ(ExecBody({"cat", "a b\"c"}, {false, true, true, false}),
            R"({"AttachStdout":true,"AttachStderr":true,"Cmd":["cat","a b\"c"]})");
}

}  // namespace
}  // namespace reconcile
