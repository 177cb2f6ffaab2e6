#include "api/local_server.h"

#include <httplib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/api_io/server_fixture.h"

namespace reconcile {
namespace {

ApiResponse Echo(const ApiRequest& request) {
  ApiResponse response;
  response.body = "{\"path\":\"" + request.path + "\"}";
  return response;
}

// The socket of a server that was killed.
void LeaveSocket(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ::close(fd);
}

TEST_F(LocalServerTest, AnswersOnASocketOfItsUserAlone) {
  ASSERT_EQ(Serve(Echo), OkStatus());
  struct stat info {};
  ASSERT_EQ(::lstat(path_.c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  const Result<Value> answer = ApiClient(path_).Get("/some/path");
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->GetString("path"), "/some/path");
  server_.reset();
  EXPECT_NE(::lstat(path_.c_str(), &info), 0) << "the socket is left behind";
}

TEST_F(LocalServerTest, TakesOverASocketThatNobodyAnswersOn) {
  LeaveSocket(path_);
  ASSERT_EQ(Serve(Echo), OkStatus());
  EXPECT_TRUE(ApiClient(path_).Get("/").ok());
}

TEST_F(LocalServerTest, RefusesASocketThatAnotherAnswersOn) {
  ASSERT_EQ(Serve(Echo), OkStatus());
  const auto second = LocalServer::Start(path_, loop_.loop(), Echo);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(ApiClient(path_).Get("/").ok()) << "the first one was disturbed";
}

// Go's clients offer gzip, and a compressed stream tells nothing until there is much to tell.
TEST_F(LocalServerTest, AWatchBeginsAtOnceAndIsNotCompressed) {
  ASSERT_EQ(Serve([](const ApiRequest&) {
              ApiResponse response;
              response.begins_at_once = true;
              response.stream = [](const LogSink& sink) {
                sink.on_data("{}\n");
                return StreamHandle();
              };
              return response;
            }),
            OkStatus());
  httplib::Client client(path_);
  client.set_address_family(AF_UNIX);
  client.set_read_timeout(20, 0);
  std::string type;
  std::string bytes;
  client.Get(
      "/watch", {{"Accept-Encoding", "gzip"}},
      [&](const httplib::Response& response) {
        type = response.get_header_value("Content-Type");
        EXPECT_FALSE(response.has_header("Content-Encoding"));
        return true;
      },
      [&](const char* data, size_t size) {
        bytes.append(data, size);
        return false;  // the stream has no end
      });
  EXPECT_EQ(type, "application/json");
  EXPECT_EQ(bytes, "{}\n");
}

TEST_F(LocalServerTest, HandsEveryMethodOn) {
  ASSERT_EQ(Serve([](const ApiRequest& request) {
              ApiResponse response;
              response.body = request.method;
              return response;
            }),
            OkStatus());
  httplib::Client client(path_);
  client.set_address_family(AF_UNIX);
  const auto body = [](const httplib::Result& result) { return result ? result->body : ""; };
  EXPECT_EQ(body(client.Delete("/a")), "DELETE");
  EXPECT_EQ(body(client.Put("/a", "{}", "application/json")), "PUT");
  EXPECT_EQ(body(client.Patch("/a", "{}", "application/json")), "PATCH");
}

TEST_F(LocalServerTest, RemovesNothingButSockets) {
  std::ofstream(path_) << "precious";
  const Status status = Serve(Echo);
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find(path_ + " is there and is no socket"), std::string::npos);
  std::string text;
  std::ifstream(path_) >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(LocalServerTest, CannotServeInAFolderThatIsNotThere) {
  path_ = folder_ + "/none/socket";
  EXPECT_EQ(Serve(Echo).code(), StatusCode::kUnavailable);
}

TEST_F(LocalServerTest, EndsAtOnceAfterItsStart) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(Serve(Echo), OkStatus());
    server_.reset();
  }
}

}  // namespace
}  // namespace reconcile
