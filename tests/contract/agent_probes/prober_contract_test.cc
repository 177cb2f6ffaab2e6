#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "agent/curl_prober.h"
#include "agent/fake_prober.h"
#include "base/subprocess.h"
#include "tests/contract/agent_probes/probed_server.h"
#include "tests/support/real_loop.h"

namespace reconcile {
namespace {

enum class Mood { kHealthy, kIll, kSilent };

std::string Reply(const std::string& status, const std::string& more = "") {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + more + "\r\n";
}

// A prober, and a program of the mood that the test sets.
struct World {
  explicit World(bool fake) {
    if (fake) {
      prober = std::make_unique<FakeProber>(&loop, [this](const ProbeRequest&) { return Fake(); });
    } else {
      prober = std::make_unique<CurlProber>(&loop);
    }
  }
  std::optional<ProbeOutcome> Fake() const {
    if (mood == Mood::kSilent) return std::nullopt;
    return OutcomeOfHttpStatus(mood == Mood::kHealthy ? 200 : 503);
  }

  RealLoop loop;
  std::atomic<Mood> mood = Mood::kHealthy;
  ProbedServer server{[this](const std::string&) {
    if (mood == Mood::kSilent) return std::string();
    return Reply(mood == Mood::kHealthy ? "200 OK" : "503 Service Unavailable");
  }};
  std::unique_ptr<Prober> prober;
};

ProbeRequest HttpRequestTo(int port) {
  ProbeRequest request{.container_id = "one", .address = "127.0.0.1", .probe = {}};
  request.probe.action =
      HttpProbe{.host = "", .port = port, .path = "/", .tls = false, .headers = {}};
  return request;
}

Result<ProbeOutcome> Ask(World* world, const ProbeRequest& request) {
  std::optional<Result<ProbeOutcome>> answer;
  world->prober->Ask(request, [&](Result<ProbeOutcome> outcome) { answer = std::move(outcome); });
  EXPECT_FALSE(answer) << "answered inside the call";
  EXPECT_TRUE(world->loop.RunUntil([&] { return answer.has_value(); }, 20'000));
  return answer ? *answer : InternalError("no answer");
}

// A name server that never answers, for this thread and those that it starts.
class SilentNameServer {
 public:
  SilentNameServer() {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    ::inet_pton(AF_INET, "127.0.97.53", &address.sin_addr);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<struct sockaddr*>(&address), sizeof(address)), 0);
    std::ofstream(path_) << "nameserver 127.0.97.53\n";
    EXPECT_EQ(::unshare(CLONE_NEWNS), 0);
    EXPECT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    EXPECT_EQ(::mount(path_.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr), 0);
  }
  ~SilentNameServer() {
    ::close(fd_);
    std::filesystem::remove(path_);
  }

 private:
  int fd_ = -1;
  const std::string path_ =
      std::filesystem::temp_directory_path() / ("resolv-" + std::to_string(::getpid()));
};

TEST(CurlProber, ANameThatNobodyResolvesKeepsNoOtherProbeWaiting) {
  std::thread([] {
    SilentNameServer name_server;
    World world(false);
    ProbeRequest named = HttpRequestTo(world.server.port());
    std::get<HttpProbe>(named.probe.action).host = "nobody.example.test";
    named.probe.timeout_ms = 1'000;
    std::vector<Result<ProbeOutcome>> answers;
    for (int i = 0; i < kMaxNamedProbes + 1; ++i) {
      world.prober->Ask(named, [&](Result<ProbeOutcome> outcome) { answers.push_back(outcome); });
    }
    // A resolver gives up after 10 s and more.
    const auto all = [&] { return answers.size() == kMaxNamedProbes + 1; };
    EXPECT_TRUE(world.loop.RunUntil(all, 6'000));
    EXPECT_EQ(answers.at(0).status().code(), StatusCode::kUnavailable) << "there is a limit";
    EXPECT_EQ(Ask(&world, HttpRequestTo(world.server.port())).value(), (ProbeOutcome{true, ""}));
  }).join();
}

class ProberContract : public testing::TestWithParam<bool> {
 protected:
  World world{GetParam()};
};

TEST_P(ProberContract, SaysWhatTheProgramSays) {
  const ProbeRequest request = HttpRequestTo(world.server.port());
  EXPECT_EQ(Ask(&world, request).value(), (ProbeOutcome{true, ""}));
  world.mood = Mood::kIll;
  EXPECT_EQ(Ask(&world, request).value(),
            (ProbeOutcome{false, "HTTP probe failed with statuscode: 503"}));
}

TEST_P(ProberContract, SilenceFailsAfterTheTimeout) {
  world.mood = Mood::kSilent;
  ProbeRequest request = HttpRequestTo(world.server.port());
  request.probe.timeout_ms = 1'000;
  const MonoTime began = world.loop.now().mono;
  const Result<ProbeOutcome> outcome = Ask(&world, request);
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->success);
  EXPECT_FALSE(outcome->message.empty());
  EXPECT_GE(world.loop.now().mono - began, 990);
  EXPECT_LT(world.loop.now().mono - began, 10'000);
}

TEST_P(ProberContract, SilenceKeepsNoOtherProbeWaiting) {
  world.mood = Mood::kSilent;
  ProbeRequest slow = HttpRequestTo(world.server.port());
  slow.probe.timeout_ms = 600'000;
  bool answered = false;
  for (int i = 0; i < 20; ++i) {
    world.prober->Ask(slow, [&](const Result<ProbeOutcome>&) { answered = true; });
  }
  ProbeRequest none = HttpRequestTo(0);
  EXPECT_FALSE(Ask(&world, none)->success);
  EXPECT_FALSE(answered);
}

TEST_P(ProberContract, APortWithoutANumberFails) {
  const Result<ProbeOutcome> outcome = Ask(&world, HttpRequestTo(0));
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->success);
}

TEST_P(ProberContract, OtherActionsAreNotTried) {
  ProbeRequest request = HttpRequestTo(world.server.port());
  request.probe.action = ExecProbe{{"true"}};
  EXPECT_EQ(Ask(&world, request).status().code(), StatusCode::kInvalid);
}

TEST_P(ProberContract, NothingIsAnsweredAfterItsEnd) {
  bool answered = false;
  world.prober->Ask(HttpRequestTo(world.server.port()),
                    [&](const Result<ProbeOutcome>&) { answered = true; });
  world.prober.reset();
  bool later = false;
  world.loop.After(100, [&] { later = true; });
  ASSERT_TRUE(world.loop.RunUntil([&] { return later; }));
  EXPECT_FALSE(answered);
}

INSTANTIATE_TEST_SUITE_P(All, ProberContract, testing::Values(true, false),
                         [](const auto& each) { return each.param ? "Fake" : "Curl"; });

// ---- What only a real program shows ----

TEST(CurlProber, SendsThePathAndItsOwnHeaders) {
  World world(false);
  ProbeRequest request = HttpRequestTo(world.server.port());
  auto& http = std::get<HttpProbe>(request.probe.action);
  http.path = "/a/../healthz?full=1";
  http.headers = {{"Host", "shop.example.com"}, {"X-Empty", ""}, {"User-Agent", "mine"}};
  EXPECT_TRUE(Ask(&world, request)->success);
  const std::string head = world.server.heads().at(0);
  EXPECT_TRUE(head.starts_with("GET /a/../healthz?full=1 HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("Host: shop.example.com\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("X-Empty:"), std::string::npos) << head;
  EXPECT_NE(head.find("User-Agent: mine\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("kube-probe"), std::string::npos) << head;
}

class Redirects : public testing::Test {
 protected:
  Result<ProbeOutcome> AskFor(const std::string& path) {
    World world(false);
    ProbedServer server([](const std::string& head) {
      if (head.starts_with("GET /here ")) return Reply("302 Found", "Location: /bad\r\n");
      if (head.starts_with("GET /loop ")) return Reply("302 Found", "Location: /loop\r\n");
      if (head.starts_with("GET /away ")) {
        return Reply("302 Found", "Location: http://localhost:1/bad\r\n");
      }
      return Reply("500 Internal Server Error");
    });
    ProbeRequest request = HttpRequestTo(server.port());
    std::get<HttpProbe>(request.probe.action).path = path;
    request.probe.timeout_ms = 10'000;
    Result<ProbeOutcome> outcome = Ask(&world, request);
    asked = server.heads().size();
    return outcome;
  }
  size_t asked = 0;
};

TEST_F(Redirects, AreFollowedWithinTheHost) {
  EXPECT_EQ(AskFor("/here")->message, "HTTP probe failed with statuscode: 500");
  EXPECT_EQ(asked, 2u);
}

TEST_F(Redirects, ToAnotherHostCountAsSuccess) {
  EXPECT_TRUE(AskFor("/away")->success);
  EXPECT_EQ(asked, 1u);
}

TEST_F(Redirects, WithoutEndFail) {
  const ProbeOutcome outcome = AskFor("/loop").value();
  EXPECT_FALSE(outcome.success);
  EXPECT_NE(outcome.message.find("stopped after 10 redirects"), std::string::npos);
  EXPECT_EQ(asked, 11u);
}

TEST(CurlProber, ReadsNoMoreThanTheBeginningOfABody) {
  World world(false);
  ProbedServer server([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n" + std::string(100'000, 'x');
  });
  EXPECT_TRUE(Ask(&world, HttpRequestTo(server.port()))->success);
}

TEST(CurlProber, ATcpProbeSucceedsWhenTheConnectionOpens) {
  World world(false);
  ProbeRequest request = HttpRequestTo(0);
  std::optional<ProbedServer> server;
  server.emplace([](const std::string&) { return std::string(); });
  const int port = server->port();
  request.probe.action = TcpProbe{"", port};
  EXPECT_TRUE(Ask(&world, request)->success);
  server.reset();
  EXPECT_EQ(
      Ask(&world, request).value(),
      (ProbeOutcome{false, "dial 127.0.0.1:" + std::to_string(port) + ": Connection refused"}));
  request.probe.action =
      HttpProbe{.host = "", .port = port, .path = "/", .tls = false, .headers = {}};
  EXPECT_EQ(Ask(&world, request)->message,
            "Get \"http://127.0.0.1:" + std::to_string(port) + "/\": Connection refused");
}

TEST(HttpHooks, AnyAnswerIsSuccessAndNoneIsNot) {
  World world(false);
  std::string asked;
  std::atomic<bool> answered = false;
  auto server = std::make_unique<ProbedServer>([&](const std::string& request) {
    if (!answered.exchange(true)) asked = request;
    return Reply("500 Internal Server Error");
  });
  ProbeRequest request = HttpRequestTo(server->port());
  std::get<HttpProbe>(request.probe.action).of_hook = true;
  EXPECT_EQ(Ask(&world, request).value(), (ProbeOutcome{true, ""}));
  server.reset();  // its thread has ended
  EXPECT_NE(asked.find("User-Agent: kube-lifecycle/"), std::string::npos) << asked;
  EXPECT_FALSE(Ask(&world, request)->success);
}

// ---- gRPC: an HTTP/2 server by hand, which answers stream 1 ----

std::string Frame(char type, char flags, char stream, const std::string& payload) {
  std::string frame = {0,
                       static_cast<char>(payload.size() >> 8),
                       static_cast<char>(payload.size()),
                       type,
                       flags,
                       0,
                       0,
                       0,
                       stream};
  return frame + payload;
}

// A header that no table knows (RFC 7541, 6.2.2).
std::string Field(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name +
         static_cast<char>(value.size()) + value;
}

std::string GrpcReply(const std::string& message, const std::string& status,
                      const std::string& words = "") {
  const std::string ok = "\x88" + Field("content-type", "application/grpc");
  std::string frame(4, '\0');
  frame += static_cast<char>(message.size());
  std::string trailers = Field("grpc-status", status);
  if (!words.empty()) trailers += Field("grpc-message", words);
  return Frame(4, 0, 0, "") + Frame(1, 4, 1, ok) + Frame(0, 0, 1, frame + message) +
         Frame(1, 4 | 1, 1, trailers);
}

class GrpcProbes : public testing::Test {
 protected:
  ProbeOutcome AskWhileItSays(const std::string& reply) {
    World world(false);
    ProbedServer server([&](const std::string&) { return reply; });
    ProbeRequest request = HttpRequestTo(0);
    request.probe.action = GrpcProbe{server.port(), "shop"};
    request.probe.timeout_ms = 5'000;
    const Result<ProbeOutcome> outcome = Ask(&world, request);
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    heads = server.heads();
    return outcome.ok() ? *outcome : ProbeOutcome{};
  }
  std::vector<std::string> heads;
};

TEST_F(GrpcProbes, AServiceThatServesIsHealthy) {
  EXPECT_EQ(AskWhileItSays(GrpcReply("\x08\x01", "0")), (ProbeOutcome{true, ""}));
  ASSERT_EQ(heads.size(), 1U);
  EXPECT_NE(heads[0].find(GrpcHealthRequest("shop")), std::string::npos);
}

TEST_F(GrpcProbes, AnyOtherAnswerIsAFailure) {
  EXPECT_EQ(AskWhileItSays(GrpcReply("\x08\x02", "0")).message,
            "service unhealthy (responded with \"NOT_SERVING\")");
  EXPECT_EQ(AskWhileItSays(GrpcReply("", "0")).message,
            "service unhealthy (responded with \"UNKNOWN\")");
  EXPECT_EQ(AskWhileItSays(GrpcReply("", "12", "unknown service")).message,
            "error: this server does not implement the grpc health protocol "
            "(grpc.health.v1.Health): unknown service");
  EXPECT_EQ(AskWhileItSays(GrpcReply("", "5", "no such")).message,
            "error: health rpc probe failed: rpc error: code = 5 desc = no such");
  EXPECT_FALSE(AskWhileItSays("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").success);
}

TEST(GrpcHealth, TheRequestNamesTheService) {
  EXPECT_EQ(GrpcHealthRequest(""), std::string(5, '\0'));
  EXPECT_EQ(GrpcHealthRequest("ab"), std::string("\0\0\0\0\x04\x0A\x02"
                                                 "ab",
                                                 9));
}

TEST(GrpcHealth, WhatIsNoAnswerFails) {
  EXPECT_FALSE(OutcomeOfGrpc({200, std::nullopt, "", ""}).success);
  for (const std::string body : {"", "x", "\x01\x01\x01\x01\x01", "\x08"}) {
    EXPECT_FALSE(OutcomeOfGrpc({200, 0, "", body}).success) << body;
  }
  // A field of a later version before the one that counts.
  const std::string more("\0\0\0\0\x05\x12\x01z\x08\x01", 10);
  EXPECT_TRUE(OutcomeOfGrpc({200, 0, "", more}).success);
}

// An HTTPS server whose certificate nobody has signed: openssl's.
class TlsServer {
 public:
  explicit TlsServer(int port) {
    char pattern[] = "/tmp/probed-XXXXXX";
    folder_ = mkdtemp(pattern);
    SubprocessOptions make;
    make.command = {"openssl", "req",   "-x509", "-newkey", "ed25519", "-nodes",
                    "-subj",   "/CN=x", "-out",  Cert(),    "-keyout", folder_ + "/key"};
    const auto made = RunSubprocess(make);
    CHECK(made.ok() && made->exit_code == 0);
    std::vector<std::string> words = {"openssl", "s_server",
                                      "-www",    "-quiet",
                                      "-accept", "127.0.0.1:" + std::to_string(port),
                                      "-cert",   Cert(),
                                      "-key",    folder_ + "/key"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    CHECK(posix_spawnp(&process_, "openssl", nullptr, nullptr, arguments.data(), environ) == 0);
  }
  ~TlsServer() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

 private:
  std::string Cert() const { return folder_ + "/cert"; }
  std::string folder_;
  pid_t process_ = 0;
};

TEST(CurlProber, TakesAnyCertificateOverHttps) {
  World world(false);
  int port = 0;
  {
    const ProbedServer free_port([](const std::string&) { return std::string(); });
    port = free_port.port();
  }
  const TlsServer server(port);
  ProbeRequest request = HttpRequestTo(port);
  request.probe.action = TcpProbe{"", port};
  const MonoTime deadline = world.loop.now().mono + 20'000;
  while (!Ask(&world, request)->success) ASSERT_LT(world.loop.now().mono, deadline);
  request = HttpRequestTo(port);
  request.probe.timeout_ms = 10'000;
  std::get<HttpProbe>(request.probe.action).tls = true;
  EXPECT_EQ(Ask(&world, request).value(), (ProbeOutcome{true, ""}));
}

}  // namespace
}  // namespace reconcile
