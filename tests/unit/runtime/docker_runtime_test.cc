// The Docker adapter against an engine that misbehaves.
#include "runtime/docker_runtime.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/docker_http.h"
#include "tests/support/canned_server.h"
#include "tests/support/real_loop.h"

namespace reconcile {
namespace {

class DockerRuntimeTest : public ::testing::Test {
 protected:
  void Serve(std::string version, CannedServer::Answer answer, DockerOptions options = {}) {
    server_ = std::make_unique<CannedServer>(
        [version = std::move(version), answer = std::move(answer)](const std::string& request) {
          return request == "GET /version" ? CannedServer::Version(version) : answer(request);
        });
    options.socket_path = server_->socket_path();
    runtime_ = MakeDockerRuntime(&loop_, options);
  }
  void TearDown() override { runtime_.reset(); }

  template <typename R>
  R Wait(const std::function<void(std::function<void(R)>)>& call) {
    std::optional<R> answer;
    call([&](R result) { answer = std::move(result); });
    EXPECT_TRUE(loop_.RunUntil([&] { return answer.has_value(); }));
    return answer.has_value() ? *answer : R(InternalError("no answer"));
  }
  Status Start(const std::string& id = "some-id") {
    return Wait<Status>([&](auto done) { runtime_->StartContainer(id, done); });
  }
  Status Pull() {
    return Wait<Status>([&](auto done) { runtime_->PullImage("app:1", std::nullopt, done); });
  }

  RealLoop loop_;
  std::unique_ptr<CannedServer> server_;
  std::unique_ptr<ContainerRuntime> runtime_;
};

TEST_F(DockerRuntimeTest, RefusesAnEngineThatIsTooOldInWordsThatHelp) {
  Serve("1.40", [](const std::string&) { return CannedServer::Ok("{}"); });
  const Status status = Start();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("1.41"), std::string::npos) << status.message();
  EXPECT_EQ(server_->requests(), std::vector<std::string>{"GET /version"});
}

TEST_F(DockerRuntimeTest, AsksForTheVersionOnceAndSpeaksIt) {
  Serve("1.43", [](const std::string&) { return CannedServer::Reply("204 No Content", ""); });
  EXPECT_EQ(Start("first"), OkStatus());
  EXPECT_EQ(Start("second"), OkStatus());
  EXPECT_EQ(server_->requests(),
            (std::vector<std::string>{"GET /version", "POST /v1.43/containers/first/start",
                                      "POST /v1.43/containers/second/start"}));
}

TEST_F(DockerRuntimeTest, AsksForTheVersionAgainAfterABrokenConnection) {
  Serve("1.41", [](const std::string&) { return std::string("HTTP/1.1 200 OK\r\nContent-Le"); });
  EXPECT_EQ(Start().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Start().code(), StatusCode::kUnavailable);
  const auto requests = server_->requests();
  EXPECT_EQ(std::count(requests.begin(), requests.end(), "GET /version"), 2);
}

TEST_F(DockerRuntimeTest, AnEngineThatSaysNothingIsUnavailableInTime) {
  DockerOptions options;
  options.call_timeout_ms = 100;
  Serve(
      "1.41", [](const std::string&) { return std::string(CannedServer::kHang); }, options);
  const Status status = Start();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("in time"), std::string::npos) << status.message();
}

TEST_F(DockerRuntimeTest, APullThatStallsEnds) {
  DockerOptions options;
  options.pull_idle_timeout_ms = 1'000;  // libcurl counts whole seconds
  Serve(
      "1.41",
      [](const std::string&) {
        return "HTTP/1.1 200 OK\r\n\r\n{\"status\":\"Downloading\"}\n" +
               std::string(CannedServer::kHang);
      },
      options);
  EXPECT_EQ(Pull().code(), StatusCode::kUnavailable);
}

TEST_F(DockerRuntimeTest, APullThatFailsInsideItsStreamFails) {
  Serve("1.41", [](const std::string&) {
    return CannedServer::Ok("{\"status\":\"x\"}\n{\"error\":\"manifest unknown\"}\n");
  });
  const Status status = Pull();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "manifest unknown");
}

TEST_F(DockerRuntimeTest, APullThatTheEngineCannotTryIsWorthARetry) {
  Serve("1.41", [](const std::string&) {
    return CannedServer::Reply("500 Internal Server Error",
                               R"({"message":"dial tcp: lookup registry: no such host"})");
  });
  const Status status = Pull();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "dial tcp: lookup registry: no such host");
}

TEST_F(DockerRuntimeTest, SkipsContainersThatVanishWhileListing) {
  Serve("1.41", [](const std::string& request) {
    if (request.find("/containers/json") != std::string::npos) {
      return CannedServer::Ok(R"([{"Id":"aa"},{"Id":"bb"},{"Id":"cc"}])");
    }
    if (request == "GET /v1.41/containers/bb/json") {
      return CannedServer::Reply("404 Not Found", R"({"message":"No such container: bb"})");
    }
    return CannedServer::Ok(R"({"Id":")" + request.substr(22, 2) + "\"}");
  });
  const auto listed = Wait<Result<std::vector<ContainerInfo>>>(
      [&](auto done) { runtime_->ListContainers("c1", done); });
  ASSERT_TRUE(listed.ok()) << listed.status().ToString();
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].id, "aa");
  EXPECT_EQ((*listed)[1].id, "cc");
}

TEST_F(DockerRuntimeTest, ContainersThatCannotBeInspectedHoldUpNoOther) {
  DockerOptions options;
  options.inspect_timeout_ms = 2'000;  // long enough for the others, however slow this machine
  Serve(
      "1.41",
      [](const std::string& request) {
        if (request.find("/containers/json") != std::string::npos) {
          return CannedServer::Ok(R"([{"Id":"aa"},{"Id":"bb","State":"dead"},)"
                                  R"({"Id":"cc","State":"running","Labels":{"one":"two"}}])");
        }
        if (request == "GET /v1.41/containers/bb/json") {
          return CannedServer::Reply("500 Internal Server Error", R"({"message":"layer is gone"})");
        }
        if (request == "GET /v1.41/containers/cc/json") return std::string(CannedServer::kHang);
        return CannedServer::Ok(R"({"Id":"aa"})");
      },
      options);
  const auto listed = Wait<Result<std::vector<ContainerInfo>>>(
      [&](auto done) { runtime_->ListContainers("c1", done); });
  ASSERT_TRUE(listed.ok()) << listed.status().ToString();
  ASSERT_EQ(listed->size(), 3U);
  EXPECT_FALSE(listed->at(0).from_list_alone);
  EXPECT_EQ(listed->at(1).state, ContainerRunState::kDead);
  EXPECT_EQ(listed->at(1).error, "the engine cannot describe it: layer is gone");
  EXPECT_EQ(listed->at(2).state, ContainerRunState::kRunning) << "as the list says";
  EXPECT_TRUE(listed->at(2).awaits_inspection);
  EXPECT_EQ(listed->at(2).labels, (StringMap{{"one", "two"}}));
}

TEST_F(DockerRuntimeTest, AnEngineThatDiesAmidAListingGivesNone) {
  Serve("1.41", [](const std::string& request) {
    if (request.find("/containers/json") != std::string::npos) {
      return CannedServer::Ok(R"([{"Id":"aa","State":"created"}])");
    }
    return std::string();  // and closes
  });
  const auto listed = Wait<Result<std::vector<ContainerInfo>>>(
      [&](auto done) { runtime_->ListContainers("c1", done); });
  EXPECT_EQ(listed.status().code(), StatusCode::kUnavailable) << "and calls nothing dead";
}

TEST_F(DockerRuntimeTest, AListThatTheEngineRefusesIsNoListing) {
  Serve("1.41", [](const std::string&) {
    return CannedServer::Reply("500 Internal Server Error", R"({"message":"database is locked"})");
  });
  const auto listed = Wait<Result<std::vector<ContainerInfo>>>(
      [&](auto done) { runtime_->ListContainers("c1", done); });
  EXPECT_EQ(listed.status().message(), "database is locked");
}

TEST_F(DockerRuntimeTest, ARemovalOfWhatIsGoneIsDone) {
  Serve("1.41", [](const std::string&) {
    return CannedServer::Reply("404 Not Found", R"({"message":"No such container"})");
  });
  EXPECT_EQ(Wait<Status>([&](auto done) { runtime_->RemoveContainer("some-id", done); }),
            OkStatus());
}

TEST_F(DockerRuntimeTest, AnEventStreamThatEndsOrTalksNonsenseResyncs) {
  Serve("1.41", [](const std::string&) -> std::string {
    return "HTTP/1.1 200 OK\r\n\r\n"
           "{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"aa\"}}\nnonsense\n";
  });
  std::string events;
  runtime_->SubscribeEvents(
      "c1", [&](const EngineEvent& event) { events += event.container_id + event.action + " "; });
  const std::string once = "resync aadie resync ";
  ASSERT_TRUE(loop_.RunUntil([&] { return events.size() >= 2 * once.size(); }));
  EXPECT_EQ(events.substr(0, 2 * once.size()), once + once);
}

TEST_F(DockerRuntimeTest, ALogThatIsDamagedSaysSo) {
  Serve("1.41", [](const std::string& request) {
    if (request.find("/logs") == std::string::npos) {
      return CannedServer::Ok(R"({"Id":"aa","State":{"Status":"running"},"Config":{}})");
    }
    return "HTTP/1.1 200 OK\r\n\r\n" + std::string("no frames at all");
  });
  const Status status = Wait<Status>([&](auto done) {
    (void)runtime_->ReadLogs(
        "aa", {}, [](LogStream, std::string_view) {}, done);
  });
  EXPECT_EQ(status.code(), StatusCode::kInternal);
}

TEST_F(DockerRuntimeTest, ATerminalsLogIsPassedOnAsItIs) {
  Serve("1.41", [](const std::string& request) {
    if (request.find("/logs") == std::string::npos) {
      return CannedServer::Ok(R"({"Id":"aa","State":{"Status":"exited"},"Config":{"Tty":true}})");
    }
    return "HTTP/1.1 200 OK\r\n\r\n" + std::string("raw\r\ntext");
  });
  std::string text;
  const Status status = Wait<Status>([&](auto done) {
    (void)runtime_->ReadLogs(
        "aa", {}, [&](LogStream, std::string_view bytes) { text += bytes; }, done);
  });
  EXPECT_EQ(status, OkStatus());
  EXPECT_EQ(text, "raw\r\ntext");
}

class DockerHttpTest : public ::testing::Test {
 protected:
  void Serve(CannedServer::Answer answer, int max_parallel_calls = 4) {
    server_ = std::make_unique<CannedServer>(std::move(answer));
    http_ =
        std::make_unique<DockerHttp>(&loop_, server_->socket_path(), max_parallel_calls, 1 << 20);
  }
  RealLoop loop_;
  std::unique_ptr<CannedServer> server_;
  std::unique_ptr<DockerHttp> http_;
};

TEST_F(DockerHttpTest, RefusesCallsBeyondItsQueue) {
  Serve([](const std::string&) { return std::string(CannedServer::kHang); }, 1);
  size_t refused = 0;
  size_t other = 0;
  for (size_t i = 0; i < kMaxWaitingCalls + 10; ++i) {
    HttpCall call;
    call.method = "GET";
    call.path = "/x";
    call.done = [&](const HttpReply& reply) {
      const bool full = reply.transport.message().find("wait for") != std::string::npos;
      ++(full ? refused : other);
    };
    http_->Start(std::move(call));
  }
  // One may have been taken up meanwhile.
  ASSERT_TRUE(loop_.RunUntil([&] { return refused >= 9; }));
  EXPECT_EQ(other, 0U);
  http_.reset();
}

TEST_F(DockerHttpTest, AStreamNobodyReadsIsPausedAndLaterWhole) {
  constexpr size_t kBytes = 8 * kMaxUnreadStreamBytes;
  Serve([](const std::string&) { return CannedServer::Ok(std::string(kBytes, 'x')); });
  size_t received = 0;
  bool done = false;
  HttpCall call;
  call.method = "GET";
  call.path = "/stream";
  call.lane = HttpLane::kStream;
  call.on_data = [&](std::string_view bytes) {
    received += bytes.size();
    return true;
  };
  call.done = [&](const HttpReply& reply) {
    EXPECT_EQ(reply.transport, OkStatus());
    done = true;
  };
  http_->Start(std::move(call));
  ASSERT_TRUE(loop_.RunUntil([&] { return done; }));
  EXPECT_EQ(received, kBytes);
}

TEST_F(DockerHttpTest, AStreamThatIsNotTakenStopsAtItsCredit) {
  constexpr size_t kBytes = 8 * kMaxUnreadStreamBytes;
  constexpr size_t kPiece = 16 << 10;  // libcurl's largest
  Serve([](const std::string&) { return CannedServer::Ok(std::string(kBytes, 'x')); });
  size_t received = 0;
  size_t taken = 0;
  bool done = false;
  uint64_t id = 0;
  HttpCall call;
  call.method = "GET";
  call.path = "/stream";
  call.lane = HttpLane::kStream;
  call.acknowledges = true;
  call.on_data = [&](std::string_view bytes) {
    received += bytes.size();
    EXPECT_LT(received - taken, kMaxUnreadStreamBytes + kPiece);
    if (received - taken < kMaxUnreadStreamBytes) return true;
    loop_.After(20, [&] {  // time for more than there should be
      http_->Taken(id, received - taken);
      taken = received;
    });
    return true;
  };
  call.done = [&](const HttpReply& reply) { done = reply.transport.ok(); };
  id = http_->Start(std::move(call));
  ASSERT_TRUE(loop_.RunUntil([&] { return done; }));
  EXPECT_EQ(received, kBytes);
  EXPECT_GT(taken, 0U);
}

TEST_F(DockerHttpTest, ACancelledCallIsNotAnswered) {
  Serve([](const std::string& request) {
    return request == "GET /slow" ? std::string(CannedServer::kHang) : CannedServer::Ok("{}");
  });
  bool called = false;
  HttpCall slow;
  slow.method = "GET";
  slow.path = "/slow";
  slow.done = [&](const HttpReply&) { called = true; };
  const uint64_t id = http_->Start(std::move(slow));
  ASSERT_TRUE(loop_.RunUntil([&] { return !server_->requests().empty(); }));
  http_->Cancel(id);
  http_->Cancel(id);
  bool done = false;
  HttpCall next;
  next.method = "GET";
  next.path = "/next";
  next.done = [&](const HttpReply& reply) { done = reply.code == 200; };
  http_->Start(std::move(next));
  ASSERT_TRUE(loop_.RunUntil([&] { return done; }));
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace reconcile
