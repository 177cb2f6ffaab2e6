#include "link/user_certificate.h"

#include "link/enrollment_state.h"
#include "tests/unit/link_io/enrollment_fixture.h"

namespace reconcile {
namespace {

class UserCertificateTest : public EnrollmentFixture {
 protected:
  Result<std::string> Issue(const std::string& name, const std::vector<std::string>& groups) {
    return enrollment_->IssueUser(name, groups, MakeKeyAndRequest()->request_pem, kDayMs, now_);
  }
  Result<UserCertificate> Check(const std::string& pem, WallTime at) {
    return CheckUserCertificate(pem, enrollment_->TrustBundlePem(), at);
  }
};

TEST_F(UserCertificateTest, CarriesNameGroupsAndTheSecondOfItsIssue) {
  const Result<std::string> pem = Issue("anna", {"reconcile:view:shop", "reconcile:operate"});
  ASSERT_TRUE(pem.ok()) << pem.status().ToString();
  const Result<UserCertificate> user = Check(*pem, now_);
  ASSERT_TRUE(user.ok()) << user.status().ToString();
  EXPECT_EQ(user->name, "anna");
  EXPECT_EQ(user->groups, (std::vector<std::string>{"reconcile:view:shop", "reconcile:operate"}));
  EXPECT_EQ(GenerationOfSerial(user->serial), now_.ms / 1000);
}

TEST_F(UserCertificateTest, NoNodesCertificateIsAUsersNorTheOtherWayRound) {
  const PeerCertificate node = Joined("n1");
  EXPECT_FALSE(Check(node.pem, now_).ok());
  const std::string user = *Issue("n1", {"reconcile:admin"});
  EXPECT_FALSE(ReadPeerCertificate(user).ok());
  PeerCertificate forged = node;
  forged.pem = user;
  EXPECT_FALSE(enrollment_->CheckPeer(forged, now_).ok());
  const KeyPair server = *enrollment_->ServerCertificate({"127.0.0.1"}, now_);
  EXPECT_FALSE(Check(server.certificate_pem, now_).ok());
  EXPECT_FALSE(Check(enrollment_->ca_pem(), now_).ok());
}

TEST_F(UserCertificateTest, EndsAndIsOfThisClusterAlone) {
  const std::string pem = *Issue("anna", {"reconcile:view"});
  EXPECT_FALSE(Check(pem, {now_.ms + kDayMs + 1000}).ok());
  EXPECT_FALSE(Check(pem, {now_.ms - 2 * kHourMs}).ok());
  SeededRandom random(7);
  auto other = Enrollment::Open(folder() + "-other", &random, now_);
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE(CheckUserCertificate(pem, (*other)->TrustBundlePem(), now_).ok());
}

TEST_F(UserCertificateTest, RefusesNamesThatACertificateCannotHold) {
  EXPECT_FALSE(Issue("", {}).ok());
  EXPECT_FALSE(Issue(std::string(65, 'a'), {}).ok());
  EXPECT_FALSE(Issue("anna", {std::string(65, 'g')}).ok());
}

}  // namespace
}  // namespace reconcile
