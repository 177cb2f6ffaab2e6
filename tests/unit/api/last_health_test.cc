#include "api/last_health.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

ApiRequest Asks(const std::string& path, const std::string& exclude = "") {
  ApiRequest request;
  request.method = "GET";
  request.path = path;
  if (!exclude.empty()) request.AddQuery("exclude", exclude);
  return request;
}

ApiResponse Says(int code, const std::string& body) {
  ApiResponse answer;
  answer.code = code;
  answer.body = body;
  return answer;
}

TEST(LastHealth, IsOfQuestionsForHealthAlone) {
  for (const char* path : {"/healthz", "/livez", "/readyz", "/readyz/store"}) {
    EXPECT_TRUE(LastHealth::IsAskedBy(Asks(path))) << path;
  }
  for (const char* path : {"/", "/healthzz", "/api/v1/pods", "/readyzx/ping"}) {
    EXPECT_FALSE(LastHealth::IsAskedBy(Asks(path))) << path;
  }
  ApiRequest post = Asks("/healthz");
  post.method = "POST";
  EXPECT_FALSE(LastHealth::IsAskedBy(post));
}

TEST(LastHealth, TellsTheSameQuestionsLastAnswerWhileItIsFresh) {
  LastHealth last;
  EXPECT_FALSE(last.Find(Asks("/readyz"), {0}));
  last.Note(Asks("/readyz"), Says(500, "store"), {1'000});
  last.Note(Asks("/readyz", "store"), Says(200, "ok"), {2'000});
  EXPECT_EQ(last.Find(Asks("/readyz"), {11'000})->code, 500);
  EXPECT_EQ(last.Find(Asks("/readyz", "store"), {11'000})->code, 200);
  EXPECT_FALSE(last.Find(Asks("/readyz"), {11'001}));
  EXPECT_FALSE(last.Find(Asks("/livez"), {2'000}));
  last.Note(Asks("/readyz"), Says(200, "ok"), {12'000});
  EXPECT_EQ(last.Find(Asks("/readyz"), {12'000})->code, 200);
}

// Anybody may ask, with any query.
TEST(LastHealth, KeepsFewQuestions) {
  LastHealth last;
  last.Note(Asks("/healthz"), Says(200, "ok"), {0});
  for (int i = 0; i < 1'000; ++i) {
    last.Note(Asks("/healthz", "none" + std::to_string(i)), Says(200, "ok"), {0});
  }
  EXPECT_TRUE(last.Find(Asks("/healthz"), {0}));
  EXPECT_FALSE(last.Find(Asks("/healthz", "none999"), {0}));
  last.Note(Asks("/livez"), Says(200, "ok"), {10'001});
  EXPECT_TRUE(last.Find(Asks("/livez"), {10'001}));
}

}  // namespace
}  // namespace reconcile
