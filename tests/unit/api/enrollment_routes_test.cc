#include "api/enrollment_routes.h"

#include "api/table.h"
#include "base/value.h"
#include "link/join_token.h"
#include "tests/unit/link_io/enrollment_fixture.h"

namespace reconcile {
namespace {

class EnrollmentRoutesTest : public EnrollmentFixture {
 protected:
  using Query = std::map<std::string, std::string>;

  ApiResponse Ask(const std::string& method, const std::string& path, const Query& query = {}) {
    ApiRequest request;
    request.method = method;
    request.path = "/apis/reconcile.dev/v1/" + path;
    request.query = query;
    EXPECT_TRUE(IsEnrollmentPath(request.path)) << path;
    return HandleEnrollmentApi({enrollment_.get(), "controller.example.com:7443"}, request, now_);
  }
  Value Good(const ApiResponse& response) {
    EXPECT_EQ(response.code, 200) << response.body;
    return *ParseJson(response.body);
  }
  void ExpectError(const ApiResponse& response, int code, const std::string& words) {
    EXPECT_EQ(response.code, code) << response.body;
    EXPECT_NE(ParseJson(response.body)->GetString("message").find(words), std::string::npos)
        << response.body;
  }
  std::string TextOf(const std::string& path) { return TableText(Good(Ask("GET", path)), {}); }
};

TEST_F(EnrollmentRoutesTest, CreateATokenThatLetsAHostIn) {
  const Value answer = Good(Ask("POST", "jointokens"));
  EXPECT_EQ(answer.GetString("address"), "controller.example.com:7443");
  EXPECT_EQ(answer.GetString("expires"), "2027-01-16T08:00:00Z");
  EXPECT_EQ(answer.GetString("id"), ParseJoinToken(answer.GetString("token"))->id);
  EXPECT_TRUE(Join(answer.GetString("token"), "n1").ok());
}

// FAULTS 25
TEST_F(EnrollmentRoutesTest, ShowATokensSecretOnlyWhenItIsCreated) {
  const std::string secret =
      ParseJoinToken(Good(Ask("POST", "jointokens")).GetString("token"))->secret;
  for (const std::string path : {"jointokens", "nodecertificates", "authorities"}) {
    EXPECT_EQ(Ask("GET", path).body.find(secret), std::string::npos) << path;
  }
}

TEST_F(EnrollmentRoutesTest, ListTokensAndRevokeThem) {
  const std::string id =
      Good(Ask("POST", "jointokens", {{"ttlSeconds", "3600"}, {"uses", "3"}})).GetString("id");
  Pass(120'000);
  EXPECT_EQ(TextOf("jointokens"),
            "ID         STATE   EXPIRES                USES   NODE    CREATED\n" + id +
                "   Valid   2027-01-15T09:00:00Z   0/3    <any>   2m\n");
  Good(Ask("POST", "jointokens/" + id + "/revoke"));
  EXPECT_NE(TextOf("jointokens").find("Revoked"), std::string::npos);
  ExpectError(Ask("POST", "jointokens/00000000/revoke"), 404, "no join token has the id");
}

TEST_F(EnrollmentRoutesTest, RefuseOptionsOutOfTheirBounds) {
  ExpectError(Ask("POST", "jointokens", {{"ttlSeconds", "1"}}), 400,
              "between 1 minute and 30 days");
  ExpectError(Ask("POST", "jointokens", {{"ttlSeconds", "2592001"}}), 400, "30 days");
  ExpectError(Ask("POST", "jointokens", {{"uses", "0"}}), 400, "between 1 and 1000");
  ExpectError(Ask("POST", "jointokens", {{"uses", "many"}}), 400, "uses: 'many'");
  ExpectError(Ask("POST", "jointokens", {{"uses", "99999999999999999999"}}), 400, "uses:");
  ExpectError(Ask("POST", "jointokens", {{"node", "No Name"}}), 400, "node name");
}

TEST_F(EnrollmentRoutesTest, ListCertificatesAndRevokeANode) {
  const std::string serial = Joined("n1").serial;
  EXPECT_EQ(TextOf("nodecertificates"),
            "NODE   STATE   EXPIRES                CA   SERIAL\nn1     Valid   "
            "2027-02-14T08:00:00Z   1    " +
                serial + "\n");
  Good(Ask("POST", "nodecertificates/n1/revoke"));
  EXPECT_NE(TextOf("nodecertificates").find("Revoked"), std::string::npos);
  ExpectError(Ask("POST", "nodecertificates/n9/revoke"), 404, "n9");
}

TEST_F(EnrollmentRoutesTest, RotateTheCa) {
  const PeerCertificate peer = Joined("n1");
  ExpectError(Ask("POST", "authorities/finish"), 409, "no rotation");
  EXPECT_FALSE(Good(Ask("GET", "authorities")).GetBool("rotating"));
  Good(Ask("POST", "authorities/rotate"));
  const Value shown = Good(Ask("GET", "authorities"));
  EXPECT_TRUE(shown.GetBool("rotating"));
  EXPECT_EQ(shown.GetString("clusterId"), enrollment_->cluster_id());
  EXPECT_EQ(shown.GetList("rows").size(), 2u);
  ASSERT_EQ(shown.GetList("waitingFor").size(), 1u);
  ExpectError(Ask("POST", "authorities/finish"), 409, "n1: has no certificate of CA 2 yet");
  const PeerCertificate renewed = *Renewed(peer);
  ASSERT_TRUE(enrollment_->CheckPeer(renewed, now_).ok());
  Good(Ask("POST", "authorities/finish"));
}

TEST_F(EnrollmentRoutesTest, KnowNoOtherPaths) {
  for (const std::string path : {"jointokens/x", "jointokens/x/y", "jointokens//revoke",
                                 "authorities/x", "nodecertificates", "authorities"}) {
    ExpectError(Ask("POST", path), 404, "no such path");
  }
  for (const std::string path : {"jointokens/x", "jointokens//x", "authorities/rotate"}) {
    ExpectError(Ask("GET", path), 404, "no such path");
  }
  EXPECT_FALSE(IsEnrollmentPath("/apis/reconcile.dev/v1/status"));
  EXPECT_FALSE(IsEnrollmentPath("/jointokens"));
  EXPECT_FALSE(IsEnrollmentPath(""));
}

TEST_F(EnrollmentRoutesTest, OfAProcessWithoutACaSayWhatToDo) {
  ApiRequest request;
  request.method = "POST";
  request.path = "/apis/reconcile.dev/v1/jointokens";
  const ApiResponse response = HandleEnrollmentApi({}, request, now_);
  ExpectError(response, 400, "start `reconcile controller`");
}

}  // namespace
}  // namespace reconcile
