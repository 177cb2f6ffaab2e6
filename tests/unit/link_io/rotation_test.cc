#include "link/join_token.h"
#include "tests/unit/link_io/enrollment_fixture.h"

namespace reconcile {
namespace {

// FAULTS 36: CA rotated. An agent is what it holds: a certificate, and the CAs of its newest chain.
class RotationTest : public EnrollmentFixture {
 protected:
  struct AgentIdentity {
    PeerCertificate certificate;
    std::string trusted;
  };

  static AgentIdentity Take(const std::string& chain) {
    std::string trusted;
    const auto parts = *SplitBundle(chain);
    for (size_t i = 1; i < parts.size(); ++i) trusted += parts[i];
    return {*ReadPeerCertificate(chain), trusted};
  }
  AgentIdentity JoinAgent(const std::string& node) { return Take(*Join(Token(), node)); }
  // Both ends of a connection that begins now, as the handshake verifies them.
  void ExpectConnects(const AgentIdentity& agent) {
    const auto server = enrollment_->ServerCertificate({"c.example.com"}, now_);
    ASSERT_TRUE(server.ok());
    const Status controller =
        CheckChain(server->certificate_pem, agent.trusted, CertificateUse::kController, now_);
    EXPECT_TRUE(controller.ok()) << controller.ToString();
    const LineageClaim claim{enrollment_->cluster_id(), "lineage", 1};
    EXPECT_TRUE(
        VerifySignature(agent.trusted, LineageText(claim), *enrollment_->SignLineage(claim)));
    const Status node = enrollment_->CheckPeer(agent.certificate, now_);
    EXPECT_TRUE(node.ok()) << node.ToString();
  }
  void RenewAgent(AgentIdentity* agent) {
    const auto chain = enrollment_->Renew(agent->certificate, Request().request_pem, now_);
    ASSERT_TRUE(chain.ok()) << chain.status().ToString();
    *agent = Take(*chain);
  }
};

TEST_F(RotationTest, CutsNoAgentOffAtAnyMoment) {
  AgentIdentity a = JoinAgent("a");
  AgentIdentity b = JoinAgent("b");
  const std::string old_ca = enrollment_->ca_pem();
  EXPECT_FALSE(enrollment_->RenewalWanted(a.certificate));
  ASSERT_TRUE(enrollment_->BeginRotation(now_).ok());
  ExpectConnects(a);
  ExpectConnects(b);
  EXPECT_TRUE(enrollment_->RenewalWanted(a.certificate));
  RenewAgent(&a);
  EXPECT_FALSE(enrollment_->RenewalWanted(a.certificate));
  ExpectConnects(a);
  ExpectConnects(b);
  ExpectRefused(enrollment_->FinishRotation(now_), StatusCode::kConflict,
                "b: has no certificate of CA 2 yet");
  RenewAgent(&b);
  ExpectRefused(enrollment_->FinishRotation(now_), StatusCode::kConflict,
                "b: has not connected with its new certificate yet");
  ExpectConnects(b);
  ASSERT_TRUE(enrollment_->FinishRotation(now_).ok());
  EXPECT_NE(enrollment_->ca_pem(), old_ca);
  EXPECT_EQ(enrollment_->TrustBundlePem(), enrollment_->ca_pem());
  ExpectConnects(a);
  ExpectConnects(b);
  // Told so by its next connection, an agent gives up the old CA, too.
  EXPECT_TRUE(enrollment_->RenewalWanted(a.certificate));
  RenewAgent(&a);
  EXPECT_FALSE(enrollment_->RenewalWanted(a.certificate));
  EXPECT_EQ(a.trusted, enrollment_->ca_pem());
  ExpectConnects(a);
}

TEST_F(RotationTest, GoesOnAfterARestartInEveryStage) {
  AgentIdentity a = JoinAgent("a");
  ASSERT_TRUE(enrollment_->BeginRotation(now_).ok());
  Reopen();
  EXPECT_EQ(enrollment_->Authorities(now_).authorities.size(), 2u);
  ExpectConnects(a);
  RenewAgent(&a);
  ExpectConnects(a);
  Reopen();
  // Who has connected is known of this process only: agents do so by themselves.
  EXPECT_EQ(enrollment_->Authorities(now_).waiting_for.size(), 1u);
  ExpectConnects(a);
  EXPECT_TRUE(enrollment_->Authorities(now_).waiting_for.empty());
  ASSERT_TRUE(enrollment_->FinishRotation(now_).ok());
  Reopen();
  ExpectConnects(a);
  EXPECT_FALSE(std::filesystem::exists(folder() + "/ca-1.key"));
}

TEST_F(RotationTest, DoesNotWaitForRevokedOrExpiredNodes) {
  JoinAgent("revoked");
  JoinAgent("lost");
  Pass(20 * kDayMs);
  AgentIdentity alive = JoinAgent("alive");
  ASSERT_TRUE(enrollment_->BeginRotation(now_).ok());
  EXPECT_EQ(enrollment_->Authorities(now_).waiting_for.size(), 3u);
  ASSERT_TRUE(enrollment_->RevokeNode("revoked", now_).ok());
  Pass(11 * kDayMs);
  RenewAgent(&alive);
  ExpectConnects(alive);
  EXPECT_TRUE(enrollment_->FinishRotation(now_).ok());
}

TEST_F(RotationTest, HostsThatJoinMeanwhileAreOfTheNextCa) {
  ASSERT_TRUE(enrollment_->BeginRotation(now_).ok());
  const std::string token = Token();
  const AgentIdentity a = Take(*Join(token, "a"));
  EXPECT_FALSE(enrollment_->RenewalWanted(a.certificate));
  // The token's fingerprint is that of the CA that still answers.
  const auto server = enrollment_->ServerCertificate({}, now_);
  EXPECT_TRUE(
      CheckFirstContact(server->certificate_pem, ParseJoinToken(token)->ca_fingerprint, now_).ok());
  ExpectConnects(a);
  const std::string unused = Token();
  ASSERT_TRUE(enrollment_->FinishRotation(now_).ok());
  ExpectConnects(a);
  ExpectRefused(Join(unused, "b").status(), StatusCode::kInvalid, "was revoked");
  EXPECT_TRUE(Join(Token(), "b").ok());
}

TEST_F(RotationTest, EndsWhatTheOldCaIssued) {
  const AgentIdentity old = JoinAgent("a");
  ASSERT_TRUE(enrollment_->BeginRotation(now_).ok());
  AgentIdentity renewed = old;
  RenewAgent(&renewed);
  ExpectConnects(renewed);
  ASSERT_TRUE(enrollment_->FinishRotation(now_).ok());
  ExpectRefused(enrollment_->CheckPeer(old.certificate, now_), StatusCode::kInvalid,
                "not issued by this cluster's CA");
}

TEST_F(RotationTest, GivesNoChainThatTheServingCertificateDoesNotFit) {
  AgentIdentity a = JoinAgent("a");
  ASSERT_TRUE(enrollment_->BeginRotation(now_).ok());
  RenewAgent(&a);
  ExpectConnects(a);
  ASSERT_TRUE(enrollment_->FinishRotation(now_).ok());
  // The TLS server has not looked yet: it still shows a certificate of the old CA.
  EXPECT_FALSE(enrollment_->RenewalWanted(a.certificate));
  ExpectRefused(Renewed(a.certificate).status(), StatusCode::kUnavailable, "try again");
  const std::string token = Token();
  ExpectRefused(Join(token, "b").status(), StatusCode::kUnavailable, "try again");
  ASSERT_TRUE(enrollment_->ServerCertificate({}, now_).ok());
  EXPECT_TRUE(enrollment_->RenewalWanted(a.certificate));
  RenewAgent(&a);
  ExpectConnects(a);
  EXPECT_TRUE(Join(token, "b").ok());
}

TEST_F(RotationTest, HasAnOrder) {
  ExpectRefused(enrollment_->FinishRotation(now_), StatusCode::kConflict, "no rotation");
  ASSERT_TRUE(enrollment_->BeginRotation(now_).ok());
  ExpectRefused(enrollment_->BeginRotation(now_), StatusCode::kConflict, "being rotated already");
  ASSERT_TRUE(enrollment_->FinishRotation(now_).ok());
  ASSERT_TRUE(enrollment_->BeginRotation(now_).ok());
  const AuthorityView view = enrollment_->Authorities(now_);
  ASSERT_EQ(view.authorities.size(), 2u);
  EXPECT_EQ(view.authorities[0].number, 2);
  EXPECT_EQ(view.authorities[0].state, AuthorityState::kActive);
  EXPECT_EQ(view.authorities[1].number, 3);
  EXPECT_EQ(view.authorities[1].state, AuthorityState::kNext);
  EXPECT_EQ(view.cluster_id, enrollment_->cluster_id());
}

}  // namespace
}  // namespace reconcile
