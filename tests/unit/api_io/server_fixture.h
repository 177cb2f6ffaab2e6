#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "api/local_server.h"
#include "api/routes.h"
#include "cmd/api_client.h"
#include "tests/support/loop_thread.h"

namespace reconcile {

// A server on a socket in a folder of its own, its handlers on a loop's thread.
class LocalServerTest : public testing::Test {
 protected:
  LocalServerTest() {
    char name[] = "/tmp/rserver-XXXXXX";
    EXPECT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    path_ = folder_ + "/socket";
  }
  ~LocalServerTest() override {
    server_.reset();
    loop_.End();
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  Status Serve(LocalServer::Handler handler) {
    auto started = LocalServer::Start(path_, loop_.loop(), std::move(handler));
    if (!started.ok()) return started.status();
    server_ = std::move(started).value();
    return OkStatus();
  }
  // Answers every request by this stream.
  Status ServeStream(const StreamStart& start) {
    return Serve([start](const ApiRequest&) {
      ApiResponse response;
      response.content_type = "text/plain";
      response.stream = start;
      return response;
    });
  }

  std::string folder_;
  std::string path_;
  LoopThread loop_;
  std::unique_ptr<LocalServer> server_;
};

}  // namespace reconcile
