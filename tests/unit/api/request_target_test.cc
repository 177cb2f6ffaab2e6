#include "api/request_target.h"

#include <gtest/gtest.h>

#include "api/http_text.h"
#include "api/media_type.h"
#include "api/request_limiter.h"

namespace reconcile {
namespace {

TEST(RequestTarget, IsDecoded) {
  ApiRequest request;
  ASSERT_TRUE(
      ReadRequestTarget("/api/v1/pods%20x?limit=500&labelSelector=a%3Db%2Cc+d&watch", &request)
          .ok());
  EXPECT_EQ(request.path, "/api/v1/pods x");
  EXPECT_EQ(request.Query("limit"), "500");
  EXPECT_EQ(request.Query("labelSelector"), "a=b,c d");
  EXPECT_EQ(request.query.count("watch"), 1U);
}

TEST(RequestTarget, IsRefusedWhenItCouldBeReadInTwoWays) {
  for (const char* target :
       {"/api//v1/secrets", "/api/v1/../secrets", "/api/./v1", "/api%2Fv1", "/a%00", "/a%0d%0ab",
        "/a%zz", "/a%2", "*", "", "http://host/api", "/%2e%2e/api", "/a%ff", "/a?b=%"}) {
    ApiRequest request;
    EXPECT_FALSE(ReadRequestTarget(target, &request).ok()) << target;
  }
}

TEST(RequestTarget, HasABoundedQuery) {
  std::string target = "/a?";
  for (int i = 0; i < 2000; ++i) target += "k" + std::to_string(i) + "=v&";
  ApiRequest request;
  EXPECT_FALSE(ReadRequestTarget(target, &request).ok());
  std::string most = "/a?k";
  for (int i = 1; i < 1024; ++i) most += "&k";
  EXPECT_TRUE(ReadRequestTarget(most, &request).ok());
  EXPECT_FALSE(ReadRequestTarget(most + "&k", &request).ok());
}

TEST(Accept, TakesWhatKubectlSends) {
  EXPECT_TRUE(AcceptsJson(""));
  EXPECT_TRUE(AcceptsJson("*/*"));
  EXPECT_TRUE(AcceptsJson("application/json, */*"));
  EXPECT_TRUE(AcceptsJson("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"));
  EXPECT_TRUE(AcceptsJson("application/vnd.kubernetes.protobuf,application/json"));
  EXPECT_FALSE(AcceptsJson("application/vnd.kubernetes.protobuf"));
  EXPECT_FALSE(AcceptsJson("text/html"));
}

TEST(MediaType, IsWithoutParameters) {
  EXPECT_EQ(MediaTypeOf("Application/JSON; charset=utf-8"), "application/json");
  EXPECT_TRUE(IsKnownBodyType("application/json"));
  EXPECT_FALSE(IsKnownBodyType("application/yaml"));
  EXPECT_FALSE(IsKnownBodyType(""));
}

TEST(ResponseHead, NamesTypeAndLengthAndNeverCompresses) {
  ApiResponse answer;
  answer.code = 429;
  answer.retry_after_s = 1;
  const std::string head = ResponseHead(answer, 5, true);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 429 "));
  EXPECT_NE(head.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nContent-Length: 5\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nRetry-After: 1\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\nConnection: keep-alive\r\n\r\n"));
  const std::string chunked = ResponseHead(answer, std::nullopt, false);
  EXPECT_NE(chunked.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(chunked.find("Content-Encoding"), std::string::npos);
}

TEST(Chunk, SaysItsLength) {
  EXPECT_EQ(ChunkHead(26), "1a\r\n");
  EXPECT_EQ(ChunkHead(4096), "1000\r\n");
}

TEST(RequestLimiter, GivesABurstAndThenARate) {
  RequestLimiter limiter(10, 3);
  MonoTime now{1000};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take("a", now));
  EXPECT_FALSE(limiter.Take("a", now));
  EXPECT_TRUE(limiter.Take("b", now));
  EXPECT_FALSE(limiter.Take("a", now + 99));
  EXPECT_TRUE(limiter.Take("a", now + 100));
  EXPECT_FALSE(limiter.Take("a", now + 100));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take("a", now + 1'000'000'000'000));
  EXPECT_FALSE(limiter.Take("a", now + 1'000'000'000'000));
}

TEST(RequestLimiter, RemembersABoundedNumberOfClients) {
  RequestLimiter limiter(10, 3);
  for (size_t i = 0; i < RequestLimiter::kMaxClients + 100; ++i) {
    EXPECT_TRUE(limiter.Take(std::to_string(i), MonoTime{static_cast<int64_t>(i)}));
  }
  EXPECT_EQ(limiter.size(), RequestLimiter::kMaxClients);
}

TEST(RequestTarget, KeepsRepeatedFieldsInTheirOrder) {
  ApiRequest request;
  ASSERT_TRUE(ReadRequestTarget("/exec?command=sh&tty=true&command=-c&command=sh", &request).ok());
  EXPECT_EQ(request.QueryAll("command"), (std::vector<std::string>{"sh", "-c", "sh"}));
  EXPECT_EQ(request.Query("command"), "sh") << "as Kubernetes reads it";
  EXPECT_EQ(request.QueryAll("tty"), std::vector<std::string>{"true"});
  EXPECT_TRUE(request.QueryAll("none").empty());
}

TEST(RequestTarget, ReadsWhatAConnectionIsToBecome) {
  ApiRequest request;
  ReadUpgrade({{"upgrade", "WebSocket"}, {"sec-websocket-protocol", "a, b,,c"}}, true, &request);
  EXPECT_EQ(request.upgrade, "websocket");
  EXPECT_EQ(request.subprotocols, (std::vector<std::string>{"a", "b", "c"}));
  ApiRequest half;
  ReadUpgrade({{"upgrade", "websocket"}}, false, &half);
  EXPECT_EQ(half.upgrade, "");
  ReadUpgrade({{"upgrade", "SPDY/3.1"}}, false, &half);
  EXPECT_EQ(half.upgrade, "spdy/3.1");
}

}  // namespace
}  // namespace reconcile
