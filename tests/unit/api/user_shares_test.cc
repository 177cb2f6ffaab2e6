#include "api/user_shares.h"

#include "schema/pod.h"

namespace reconcile {
namespace {

ApiRequest RequestOf(const std::string& user, const std::string& group) {
  ApiRequest request;
  request.method = "GET";
  if (!user.empty()) request.user = ApiUser{user, {group}};
  return request;
}

TEST(UserShares, OneUserCannotTakeAllAndUsersTogetherLeaveRoomForAdministrators) {
  UserShares shares("things", {.most = 6, .of_user = 2, .kept_for_admins = 2});
  const ApiRequest ada = RequestOf("ada", "reconcile:view");
  const ApiRequest bob = RequestOf("bob", "reconcile:admin:shop");  // of one namespace
  const ApiRequest root = RequestOf("root", "reconcile:admin");
  std::vector<UserShares::Place> places;
  const auto take = [&](const ApiRequest& request) {
    Result<UserShares::Place> place = shares.Take(request);
    if (place.ok()) places.push_back(*place);
    return place.ok() ? "" : place.status().message();
  };
  EXPECT_EQ(take(ada) + take(ada), "");
  EXPECT_EQ(take(ada), "user ada has 2 things open, and may have no more at once: end one of them");
  EXPECT_EQ(take(bob) + take(bob), "");
  EXPECT_NE(take(RequestOf("cyd", "reconcile:view")).find("all users together have 4 things"),
            std::string::npos);
  EXPECT_EQ(take(root) + take(RequestOf("", "")), "");
  EXPECT_NE(take(root), "");
  places.erase(places.begin());
  EXPECT_NE(take(ada), "") << "5 of 6 are taken still";
  places.clear();
  EXPECT_EQ(take(ada) + take(ada), "");
}

TEST(UserShares, PoolsCountByThemselvesAndPlacesOutliveTheShares) {
  std::optional<UserShares> shares(std::in_place, "logs", ShareLimits{1, 1, 0});
  const ApiRequest ada = RequestOf("ada", "reconcile:view");
  const auto one = shares->Take(ada, "host-1");
  EXPECT_TRUE(one.ok());
  EXPECT_TRUE(shares->Take(ada, "host-2").ok());
  EXPECT_NE(shares->Take(ada, "host-1").status().message().find("logs of host host-1"),
            std::string::npos);
  shares.reset();
}

class StreamSharesTest : public testing::Test {
 protected:
  StreamSharesTest() {
    auto pod = std::make_shared<Pod>();
    pod->metadata.namespace_name = "default";
    pod->metadata.name = "web";
    pod->spec.node_name = "host-1";
    state_.Put(pod);
  }
  ApiResponse Open(const std::string& user, const std::string& path, const std::string& type) {
    ApiRequest request = RequestOf(user, "reconcile:view");
    request.path = path;
    ApiResponse answer;
    answer.content_type = type;
    answer.stream = [](const ApiSink&) { return StreamHandle(); };
    return shares_.Hold(request, state_, std::move(answer));
  }

  StreamShares shares_;
  ClusterState state_;
};

TEST_F(StreamSharesTest, AUserHasAPartOfTheLogsOfAHost) {
  const std::string path = "/api/v1/namespaces/default/pods/web/log";
  std::vector<ApiResponse> open;
  for (size_t i = 0; i < kLogShares.of_user; ++i) {
    open.push_back(Open("ada", path, "text/plain"));
    ASSERT_TRUE(open.back().stream);
  }
  const ApiResponse refused = Open("ada", path, "text/plain");
  EXPECT_EQ(refused.code, 429);
  EXPECT_NE(refused.body.find("user ada has 32 logs of host host-1 open"), std::string::npos)
      << refused.body;
  EXPECT_EQ(Open("bob", path, "text/plain").code, 200);
  open.pop_back();
  EXPECT_EQ(Open("ada", path, "text/plain").code, 200);
}

// As the local socket serves one: the answer goes, and its handle stays.
TEST_F(StreamSharesTest, WhoeverKeepsTheHandleHasThePlace) {
  const std::string path = "/api/v1/namespaces/default/pods/web/log";
  std::vector<StreamHandle> open;
  for (size_t i = 0; i < kLogShares.of_user; ++i) {
    open.push_back(Open("ada", path, "text/plain").stream(ApiSink()));
  }
  EXPECT_EQ(Open("ada", path, "text/plain").code, 429);
  open.pop_back();
  EXPECT_EQ(Open("ada", path, "text/plain").code, 200);
}

TEST_F(StreamSharesTest, AUserHasAPartOfTheStreamsOfThePage) {
  const std::string path = "/apis/reconcile.dev/v1/live";
  std::vector<ApiResponse> open;
  for (size_t i = 0; i < kLiveShares.of_user; ++i) {
    open.push_back(Open("ada", path, "text/event-stream"));
  }
  EXPECT_EQ(Open("ada", path, "text/event-stream").code, 429);
  EXPECT_EQ(Open("bob", path, "text/event-stream").code, 200);
  EXPECT_EQ(Open("ada", "/api/v1/pods", "application/json").code, 200) << "a list counts nowhere";
}

}  // namespace
}  // namespace reconcile
