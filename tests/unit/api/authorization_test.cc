#include "api/authorization.h"

#include <gtest/gtest.h>

#include "api/routes.h"
#include "api/user_routes.h"
#include "base/value.h"

namespace reconcile {
namespace {

ApiRequest Request(const std::string& method, const std::string& path,
                   const std::map<std::string, std::string>& query = {}) {
  ApiRequest request;
  request.method = method;
  request.path = path;
  request.query = query;
  return request;
}
Access Of(const std::string& method, const std::string& path,
          const std::map<std::string, std::string>& query = {}) {
  return AccessOf(Request(method, path, query));
}
const ApiUser kViewer{"v", {"reconcile:view"}};
const ApiUser kShopViewer{"sv", {"reconcile:view:shop"}};
const ApiUser kOperator{"o", {"reconcile:operate"}};
const ApiUser kShopOperator{"so", {"reconcile:operate:shop"}};
const ApiUser kAdmin{"a", {"reconcile:admin"}};
const ApiUser kShopAdmin{"sa", {"reconcile:admin:shop"}};
const ApiUser kNobody{"n", {"system:authenticated"}};

TEST(Access, IsWhatKubernetesCallsARequest) {
  const Access log = Of("GET", "/api/v1/namespaces/shop/pods/web-1/log");
  EXPECT_EQ(log.verb, "get");
  EXPECT_EQ(log.resource, "pods");
  EXPECT_EQ(log.subresource, "log");
  EXPECT_EQ(log.namespace_name, "shop");
  EXPECT_EQ(log.name, "web-1");
  EXPECT_EQ(Of("GET", "/apis/apps/v1/deployments").verb, "list");
  EXPECT_EQ(Of("GET", "/apis/apps/v1/deployments").group, "apps");
  EXPECT_EQ(Of("GET", "/api/v1/pods", {{"watch", "true"}}).verb, "watch");
  EXPECT_EQ(Of("GET", "/api/v1/namespaces/shop").resource, "namespaces");
  EXPECT_EQ(Of("GET", "/api/v1/namespaces/shop").namespace_name, "shop");
  EXPECT_EQ(Of("DELETE", "/api/v1/namespaces/shop/pods").verb, "deletecollection");
  EXPECT_EQ(Of("GET", "/apis/apps/v1").resource, "");
}

TEST(Access, OfACommandInAContainerIsNoReadingHoweverItIsOpened) {
  for (const char* part : {"exec", "attach", "portforward"}) {
    const Access access = Of("GET", std::string("/api/v1/namespaces/shop/pods/web-1/") + part);
    EXPECT_EQ(access.verb, "create");
    EXPECT_FALSE(Authorize(kViewer, access));
    EXPECT_TRUE(Authorize(kOperator, access));
    EXPECT_TRUE(IsWrite(access));
  }
}

TEST(Authorize, ViewReadsEverythingButSecrets) {
  EXPECT_TRUE(Authorize(kViewer, Of("GET", "/api/v1/pods")));
  EXPECT_TRUE(Authorize(kViewer, Of("GET", "/api/v1/nodes")));
  EXPECT_TRUE(Authorize(kViewer, Of("GET", "/api/v1/namespaces/shop/pods/web-1/log")));
  EXPECT_TRUE(Authorize(kViewer, Of("GET", "/apis/reconcile.dev/v1/status")));
  for (const ApiUser& user : {kViewer, kOperator, kShopViewer, kShopOperator}) {
    EXPECT_FALSE(Authorize(user, Of("GET", "/api/v1/secrets"))) << user.name;
    EXPECT_FALSE(Authorize(user, Of("GET", "/api/v1/namespaces/shop/secrets"))) << user.name;
    EXPECT_FALSE(Authorize(user, Of("GET", "/api/v1/namespaces/shop/secrets/s"))) << user.name;
  }
  EXPECT_TRUE(Authorize(kAdmin, Of("GET", "/api/v1/secrets")));
  EXPECT_FALSE(Authorize(kViewer, Of("DELETE", "/api/v1/namespaces/shop/pods/web-1")));
  EXPECT_FALSE(Authorize(kViewer, Of("POST", "/apis/reconcile.dev/v1/sync")));
}

TEST(Authorize, OperateRunsThingsButChangesNoRights) {
  EXPECT_TRUE(Authorize(kOperator, Of("DELETE", "/api/v1/namespaces/shop/pods/web-1")));
  EXPECT_TRUE(Authorize(kOperator, Of("POST", "/api/v1/namespaces/shop/pods/web-1/eviction")));
  EXPECT_TRUE(Authorize(kOperator, Of("PATCH", "/api/v1/nodes/n1")));
  EXPECT_TRUE(Authorize(kOperator, Of("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web")));
  EXPECT_TRUE(Authorize(kOperator, Of("POST", "/apis/reconcile.dev/v1/cordon")));
  EXPECT_FALSE(Authorize(kOperator, Of("POST", "/apis/reconcile.dev/v1/confirm")));
  EXPECT_FALSE(Authorize(kOperator, Of("POST", "/apis/reconcile.dev/v1/secrets/rotate")));
  EXPECT_FALSE(Authorize(kOperator, Of("POST", "/api/v1/namespaces")));
  EXPECT_FALSE(Authorize(kOperator, Of("DELETE", "/api/v1/namespaces/shop/pods")));
}

TEST(Authorize, OperateMayAskWhatAChangeWouldDo) {
  const auto dry = [](const char* method, const char* path) {
    ApiRequest request;
    request.method = method;
    request.path = path;
    request.query = {{"dryRun", "All"}};
    return AccessOf(request);
  };
  EXPECT_TRUE(Authorize(kOperator, dry("POST", "/api/v1/namespaces/shop/services")));
  EXPECT_TRUE(Authorize(kShopOperator, dry("PATCH", "/api/v1/namespaces/shop/services/web")));
  EXPECT_FALSE(Authorize(kShopOperator, dry("PATCH", "/api/v1/namespaces/x/services/web")));
  EXPECT_FALSE(Authorize(kViewer, dry("POST", "/api/v1/namespaces/shop/services")));
  EXPECT_FALSE(Authorize(kOperator, dry("PATCH", "/api/v1/namespaces/shop/secrets/s")));
  EXPECT_FALSE(Authorize(kOperator, dry("POST", "/apis/reconcile.dev/v1/confirm")))
      << "which knows no dry run";
  EXPECT_FALSE(Authorize(kOperator, dry("PUT", "/api/v1/namespaces/shop/pods/p/status")));
}

TEST(Authorize, ARoleForANamespaceEndsAtIt) {
  for (const ApiUser& user : {kShopViewer, kShopOperator, kShopAdmin}) {
    EXPECT_TRUE(Authorize(user, Of("GET", "/api/v1/namespaces/shop/pods"))) << user.name;
    EXPECT_FALSE(Authorize(user, Of("GET", "/api/v1/namespaces/other/pods"))) << user.name;
    EXPECT_FALSE(Authorize(user, Of("GET", "/api/v1/pods"))) << user.name;
    EXPECT_FALSE(Authorize(user, Of("GET", "/api/v1/nodes"))) << user.name;
    EXPECT_FALSE(Authorize(user, Of("PATCH", "/api/v1/nodes/n1"))) << user.name;
    EXPECT_FALSE(Authorize(user, Of("POST", "/apis/reconcile.dev/v1/sync"))) << user.name;
    EXPECT_FALSE(Authorize(user, Of("GET", "/metrics"))) << user.name;
  }
  EXPECT_TRUE(Authorize(kShopAdmin, Of("GET", "/api/v1/namespaces/shop/secrets/s")));
}

TEST(Authorize, WhoHasNoRoleMayLookAtWhatThereIs) {
  EXPECT_TRUE(Authorize(kNobody, Of("GET", "/api")));
  EXPECT_TRUE(Authorize(kNobody, Of("GET", "/apis/apps/v1")));
  EXPECT_TRUE(Authorize(kNobody, Of("GET", "/openapi/v3/apis/apps/v1")));
  EXPECT_TRUE(
      Authorize(kNobody, Of("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")));
  EXPECT_FALSE(Authorize(kNobody, Of("GET", "/api/v1/pods")));
  EXPECT_FALSE(Authorize(kNobody, Of("GET", "/apiary")));
  EXPECT_FALSE(Authorize(kNobody, Of("GET", "/metrics")));
}

TEST(Grants, AreReadStrictly) {
  EXPECT_TRUE(
      GrantsOf({"x", {"reconcile:admin:", "reconcile:root", "admin", "reconcile:"}}).empty());
  const auto grants = GrantsOf({"x", {GroupOf({UserRole::kOperate, "shop"})}});
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_EQ(grants[0].role, UserRole::kOperate);
  EXPECT_EQ(grants[0].namespace_name, "shop");
}

class ServeUserTest : public testing::Test {
 protected:
  ApiResponse Ask(const std::optional<ApiUser>& user, ApiRequest request) {
    request.user = user;
    return ServeUser(
        request,
        [this](const ApiRequest& routed) {
          routed_.push_back(routed);
          return SuccessResponse();
        },
        &refused_, now_);
  }
  std::string LoggedOf(const ApiUser& user, const ApiRequest& request, int times) {
    testing::internal::CaptureStderr();
    for (int i = 0; i < times; ++i) Ask(user, request);
    return testing::internal::GetCapturedStderr();
  }
  RefusedReads refused_;
  MonoTime now_{1'000};
  std::vector<ApiRequest> routed_;
};

TEST_F(ServeUserTest, Faults17AnswersStrangersAboutHealthAlone) {
  for (const char* path : {"/healthz", "/livez", "/readyz"}) {
    EXPECT_EQ(Ask(std::nullopt, Request("GET", path)).code, 200) << path;
    EXPECT_EQ(Ask(std::nullopt, Request("POST", path)).code, 401) << path;
  }
  for (const char* path :
       {"/", "/api", "/apis", "/api/v1/pods", "/healthz/", "/metrics", "/version"}) {
    EXPECT_EQ(Ask(std::nullopt, Request("GET", path)).code, 401) << path;
  }
  EXPECT_EQ(routed_.size(), 3U);
}

TEST_F(ServeUserTest, ARefusedReadIsALineAMinuteWithHowManyThereWere) {
  const ApiRequest secrets = Request("GET", "/api/v1/namespaces/shop/secrets");
  const std::string first = LoggedOf(kShopViewer, secrets, 5);
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 1) << first;
  EXPECT_NE(first.find("refused to list secrets"), std::string::npos) << first;
  EXPECT_NE(first.find("user=\"sv\""), std::string::npos) << first;
  EXPECT_NE(first.find("count=\"1\""), std::string::npos) << first;
  EXPECT_NE(LoggedOf(kShopViewer, Request("GET", "/api/v1/nodes"), 1), "") << "another kind";
  now_ = now_ + RefusedReads::kTellMs;
  const std::string later = LoggedOf(kShopViewer, secrets, 2);
  EXPECT_EQ(std::count(later.begin(), later.end(), '\n'), 1) << later;
  EXPECT_NE(later.find("count=\"5\""), std::string::npos) << "4 of before, and this: " << later;
  EXPECT_EQ(LoggedOf(kShopViewer, Request("GET", "/api/v1/namespaces/shop/pods"), 1), "");
  EXPECT_NE(LoggedOf(kShopViewer, Request("GET", "/api/v1/namespaces/x/made-up"), 1), "");
  EXPECT_EQ(LoggedOf(kShopViewer, Request("GET", "/api/v1/namespaces/x/made-up-too"), 1), "")
      << "words that anybody may make up are no kinds";
}

TEST(RefusedReads, ForgetsWhatWasToldLongestAgo) {
  RefusedReads reads;
  for (size_t i = 0; i <= RefusedReads::kMaxKept; ++i) {
    EXPECT_EQ(reads.Add("ada", std::to_string(i), MonoTime{static_cast<int64_t>(i)}), 1);
  }
  EXPECT_EQ(reads.size(), RefusedReads::kMaxKept);
  EXPECT_EQ(reads.Add("ada", "1", MonoTime{5}), 0);
  EXPECT_EQ(reads.Add("ada", "0", MonoTime{5}), 1) << "forgotten";
}

TEST_F(ServeUserTest, RefusesInKubernetesWords) {
  const ApiResponse answer = Ask(kShopViewer, Request("GET", "/api/v1/namespaces/other/pods"));
  EXPECT_EQ(answer.code, 403);
  const Value status = *ParseJson(answer.body);
  EXPECT_EQ(status.GetString("reason"), "Forbidden");
  EXPECT_EQ(status.GetString("message"),
            "pods is forbidden: User \"sv\" cannot list resource \"pods\" in API group \"\" in the "
            "namespace \"other\"");
  EXPECT_TRUE(routed_.empty());
}

TEST_F(ServeUserTest, KeepsKeysAndTokensToTheControllersHost) {
  for (const char* path :
       {"/apis/reconcile.dev/v1/users/token", "/apis/reconcile.dev/v1/jointokens",
        "/apis/reconcile.dev/v1/authorities/rotate", "/apis/reconcile.dev/v1/secrets/rotate",
        "/apis/reconcile.dev/v1/nodecertificates/n1/revoke"}) {
    EXPECT_EQ(Ask(kAdmin, Request("POST", path)).code, 403) << path;
    EXPECT_EQ(Ask(kAdmin, Request("GET", path)).code, 403) << path;
  }
  EXPECT_TRUE(routed_.empty());
}

TEST_F(ServeUserTest, AnOperationIsItsUsersWhateverTheRequestSays) {
  EXPECT_EQ(Ask(kOperator, Request("POST", "/apis/reconcile.dev/v1/cordon", {{"by", "root"}})).code,
            200);
  ASSERT_EQ(routed_.size(), 1U);
  EXPECT_EQ(routed_[0].Query("by"), "o");
}

// Who may use the local socket may do everything, and is written down all the same.
TEST(ServeOwner, WritesAreAuditedWithWhatTheyWereAbout) {
  const auto logged = [](const std::string& method, const std::string& path,
                         const std::map<std::string, std::string>& query, int code) {
    const ApiRequest request = Request(method, path, query);
    testing::internal::CaptureStderr();
    const ApiResponse answer = ServeOwner(request, [code](const ApiRequest&) {
      ApiResponse done;
      done.code = code;
      return done;
    });
    EXPECT_EQ(answer.code, code);
    return testing::internal::GetCapturedStderr();
  };
  const std::string drained =
      logged("POST", "/apis/reconcile.dev/v1/drain", {{"node", "host-2"}}, 200);
  EXPECT_NE(drained.find(" audit event=\"POST /apis/reconcile.dev/v1/drain\" user=\"local\" "
                         "code=\"200\" target=\"node=host-2\""),
            std::string::npos)
      << drained;
  const std::string refused =
      logged("DELETE", "/api/v1/namespaces/default/pods/web", {{"name", "a\nb"}}, 404);
  EXPECT_NE(refused.find("code=\"404\" target=\"name=a\\nb\""), std::string::npos) << refused;
  EXPECT_EQ(logged("GET", "/api/v1/pods", {}, 200), "");
}

}  // namespace
}  // namespace reconcile
