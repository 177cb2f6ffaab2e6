#include "link/enrollment.h"

#include <atomic>
#include <thread>

#include "base/ids.h"
#include "link/join_token.h"
#include "tests/unit/link_io/enrollment_fixture.h"

namespace reconcile {
namespace {

using EnrollmentTest = EnrollmentFixture;

TEST_F(EnrollmentTest, KeepsItsClusterAndCaOverRestarts) {
  const std::string cluster_id = enrollment_->cluster_id();
  const std::string fingerprint = enrollment_->ca_fingerprint();
  EXPECT_EQ(cluster_id.size(), 32u);
  EXPECT_EQ(*CertificateFingerprint(enrollment_->ca_pem()), fingerprint);
  EXPECT_EQ(*ClusterIdOf(enrollment_->ca_pem()), cluster_id);
  Reopen();
  EXPECT_EQ(enrollment_->cluster_id(), cluster_id);
  EXPECT_EQ(enrollment_->ca_fingerprint(), fingerprint);
}

TEST_F(EnrollmentTest, TakesTheIdOfAClusterThatWasThereBefore) {
  const std::string folder = parent_ + "/of-up";
  const auto made = Enrollment::Open(folder, &random_, now_, {.cluster_id = "0123456789abcdef"});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*made)->cluster_id(), "0123456789abcdef");
  EXPECT_EQ(*ClusterIdOf((*made)->ca_pem()), "0123456789abcdef");
}

TEST_F(EnrollmentTest, LetsAHostInByTokenAndKnowsItAfterwards) {
  const Result<std::string> chain = Join(Token(), "n1");
  ASSERT_TRUE(chain.ok()) << chain.status().ToString();
  const PeerCertificate peer = *ReadPeerCertificate(*chain);
  EXPECT_EQ(peer.node, "n1");
  EXPECT_EQ(peer.not_before.ms, now_.ms - kHourMs);
  EXPECT_EQ(peer.not_after.ms, now_.ms + 30 * kDayMs);
  EXPECT_EQ(SplitBundle(*chain)->at(1), enrollment_->ca_pem());
  EXPECT_TRUE(enrollment_->CheckPeer(peer, now_).ok());
  Reopen();
  EXPECT_TRUE(enrollment_->CheckPeer(peer, now_).ok());
  ASSERT_EQ(enrollment_->Nodes(now_).size(), 1u);
  EXPECT_EQ(enrollment_->Nodes(now_)[0].serial, peer.serial);
  EXPECT_EQ(enrollment_->Nodes(now_)[0].state, CertificateState::kValid);
}

// FAULTS 16
TEST_F(EnrollmentTest, RefusesAReplayedToken) {
  const std::string token = Token();
  ASSERT_TRUE(Join(token, "n1").ok());
  ExpectRefused(Join(token, "n2").status(), StatusCode::kInvalid, "has been used 1 of 1 times");
  Reopen();
  ExpectRefused(Join(token, "n2").status(), StatusCode::kInvalid, "has been used 1 of 1 times");
  Pass(kHourMs);
  ExpectRefused(enrollment_->CheckToken(token, now_), StatusCode::kInvalid, "has been used");
}

// FAULTS 16
TEST_F(EnrollmentTest, RefusesAnExpiredToken) {
  const std::string token = Token({.valid_ms = kMinTokenLifeMs});
  Pass(kMinTokenLifeMs);
  ExpectRefused(enrollment_->CheckToken(token, now_), StatusCode::kInvalid, "expired at");
  ExpectRefused(Join(token, "n1").status(), StatusCode::kInvalid, "expired at");
  EXPECT_EQ(enrollment_->ListTokens(now_)[0].state, TokenState::kExpired);
}

// FAULTS 16
TEST_F(EnrollmentTest, RefusesAGuessedTokenInTheWordsForAnUnknownOne) {
  const JoinToken token = *ParseJoinToken(Token());
  JoinToken guessed = token;
  guessed.secret = std::string(kJoinTokenSecretDigits, '0');
  JoinToken unknown = token;
  unknown.id = "ffffffff";
  const Status status = Join(FormatJoinToken(guessed), "n1").status();
  ExpectRefused(status, StatusCode::kInvalid, "not known to this cluster");
  EXPECT_EQ(Join(FormatJoinToken(unknown), "n1").status(), status);
  EXPECT_EQ(status.message().find(token.id), std::string::npos);
  EXPECT_TRUE(Join(FormatJoinToken(token), "n1").ok());
}

TEST_F(EnrollmentTest, RefusesATokenThatNamesAnotherCa) {
  JoinToken token = *ParseJoinToken(Token());
  token.ca_fingerprint = std::string(kFingerprintDigits, '0');
  ExpectRefused(Join(FormatJoinToken(token), "n1").status(), StatusCode::kInvalid, "another CA");
}

TEST_F(EnrollmentTest, RefusesARevokedTokenAlsoAfterARestart) {
  const std::string token = Token();
  const std::string id = enrollment_->ListTokens(now_)[0].id;
  ASSERT_TRUE(enrollment_->RevokeToken(id, now_).ok());
  Reopen();
  ExpectRefused(Join(token, "n1").status(), StatusCode::kInvalid, "was revoked");
  EXPECT_EQ(enrollment_->ListTokens(now_)[0].state, TokenState::kRevoked);
  EXPECT_EQ(enrollment_->RevokeToken("00000000", now_).code(), StatusCode::kNotFound);
}

TEST_F(EnrollmentTest, ListsTokensOldestFirstAndWithoutTheirSecrets) {
  const std::string first = Token({.uses = 3});
  Pass(1000);
  Token({.node = "n7"});
  ASSERT_TRUE(Join(first, "n1").ok());
  const std::vector<TokenInfo> tokens = enrollment_->ListTokens(now_);
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].uses, 1);
  EXPECT_EQ(tokens[0].max_uses, 3);
  EXPECT_EQ(tokens[0].expires.ms, kEnrollmentStart.ms + kDefaultTokenLifeMs);
  EXPECT_EQ(tokens[1].node, "n7");
  EXPECT_FALSE(enrollment_->CreateToken({.uses = 0}, now_).ok());
  EXPECT_FALSE(enrollment_->CreateToken({.node = "No Name"}, now_).ok());
}

TEST_F(EnrollmentTest, AnswersTheSameRequestAgainWithoutAnotherUse) {
  const std::string token = Token();
  const KeyAndRequest request = Request();
  ASSERT_TRUE(enrollment_->Join(token, request.request_pem, "n1", now_).ok());
  Reopen();  // the answer got lost with the controller
  const auto again = enrollment_->Join(token, request.request_pem, "n1", now_);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE(enrollment_->CheckPeer(*ReadPeerCertificate(*again), now_).ok());
  EXPECT_EQ(enrollment_->ListTokens(now_)[0].uses, 1);
}

TEST_F(EnrollmentTest, RefusesWrongNamesAndRequestsWithoutUsingTheToken) {
  const std::string token = Token();
  ExpectRefused(enrollment_->Join(token, "no request", "n1", now_).status(), StatusCode::kInvalid,
                "certificate request is refused");
  ExpectRefused(Join(token, "No_Name").status(), StatusCode::kInvalid, "node name");
  ExpectRefused(Join(token, "").status(), StatusCode::kInvalid, "node name");
  ExpectRefused(Join(token, "a\nb").status(), StatusCode::kInvalid, "node name");
  ExpectRefused(Join("rc1.", "n1").status(), StatusCode::kInvalid, "not a join token");
  EXPECT_TRUE(Join(token, "n1").ok());
}

TEST_F(EnrollmentTest, GivesANameInUseOnlyToATokenForIt) {
  const PeerCertificate old_host = Joined("n1");
  ExpectRefused(Join(Token(), "n1").status(), StatusCode::kConflict, "has a valid certificate");
  ExpectRefused(Join(Token({.node = "n2"}), "n1").status(), StatusCode::kInvalid, "for node n2");
  const uint64_t count = enrollment_->change_count();
  const auto chain = Join(Token({.node = "n1"}), "n1");
  ASSERT_TRUE(chain.ok()) << chain.status().ToString();
  EXPECT_GT(enrollment_->change_count(), count);
  EXPECT_TRUE(enrollment_->CheckPeer(*ReadPeerCertificate(*chain), now_).ok());
  ExpectRefused(enrollment_->CheckPeer(old_host, now_), StatusCode::kInvalid,
                "a host joined under this name");
}

TEST_F(EnrollmentTest, LetsOneOfTwoHostsInThatUseATokenAtOnce) {
  for (int round = 0; round < 10; ++round) {
    const std::string token = Token();
    const KeyAndRequest requests[2] = {Request(), Request()};
    Status statuses[2];
    std::atomic<int> waiting{2};
    const auto join = [&](int i) {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      const std::string node = "n" + std::to_string(2 * round + i);
      statuses[i] = enrollment_->Join(token, requests[i].request_pem, node, now_).status();
    };
    std::thread other([&] { join(1); });
    join(0);
    other.join();
    EXPECT_NE(statuses[0].ok(), statuses[1].ok());
    ExpectRefused(statuses[statuses[0].ok() ? 1 : 0], StatusCode::kInvalid, "has been used");
  }
  EXPECT_EQ(enrollment_->Nodes(now_).size(), 10u);
}

TEST_F(EnrollmentTest, AnswersReadersWhileItIsChanged) {
  const PeerCertificate peer = Joined("n1");
  std::atomic<bool> ended{false};
  std::atomic<int> refused{0};
  std::atomic<int> answers{0};
  std::thread reader([&] {
    while (!ended || answers < 20) {
      refused += enrollment_->CheckPeer(peer, now_).ok() ? 0 : 1;
      refused += enrollment_->RenewalWanted(peer) ? 1 : 0;
      refused += enrollment_->ListTokens(now_).empty() ? 1 : 0;
      refused += enrollment_->Nodes(now_).empty() ? 1 : 0;
      ++answers;
    }
  });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Join(Token(), "m" + std::to_string(i)).ok());
  ended = true;
  reader.join();
  EXPECT_EQ(refused, 0);
}

// FAULTS 36: certificate at the end of its life
TEST_F(EnrollmentTest, RenewsWhileTheOldCertificateGoesOn) {
  const PeerCertificate first = Joined("n1");
  Pass(29 * kDayMs);
  const Result<PeerCertificate> second = Renewed(first);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(second->node, "n1");
  EXPECT_TRUE(enrollment_->CheckPeer(first, now_).ok());
  EXPECT_TRUE(enrollment_->CheckPeer(*second, now_).ok());
  Pass(2 * kDayMs);
  ExpectRefused(enrollment_->CheckPeer(first, now_), StatusCode::kInvalid, "expired");
  EXPECT_TRUE(enrollment_->CheckPeer(*second, now_).ok());
  ExpectRefused(Renewed(first).status(), StatusCode::kInvalid, "expired");
  EXPECT_EQ(enrollment_->Nodes(now_)[0].state, CertificateState::kValid);
}

// FAULTS 14, 36: certificate stolen and revoked
TEST_F(EnrollmentTest, RefusesEveryCertificateOfARevokedNode) {
  const PeerCertificate first = Joined("n1");
  Pass(kDayMs);
  const PeerCertificate second = *Renewed(first);
  const PeerCertificate other = Joined("n2");
  const uint64_t count = enrollment_->change_count();
  ASSERT_TRUE(enrollment_->RevokeNode("n1", now_).ok());
  EXPECT_GT(enrollment_->change_count(), count);
  Reopen();
  for (const PeerCertificate& peer : {first, second}) {
    ExpectRefused(enrollment_->CheckPeer(peer, now_), StatusCode::kInvalid, "was revoked at");
    ExpectRefused(Renewed(peer).status(), StatusCode::kInvalid, "was revoked at");
  }
  EXPECT_TRUE(enrollment_->CheckPeer(other, now_).ok());
  EXPECT_EQ(enrollment_->Nodes(now_)[0].state, CertificateState::kRevoked);
  ExpectRefused(enrollment_->RevokeNode("n9", now_), StatusCode::kNotFound, "n9");
  // Its name may be joined again, and the stolen certificate stays refused.
  const PeerCertificate again = Joined("n1");
  EXPECT_TRUE(enrollment_->CheckPeer(again, now_).ok());
  EXPECT_FALSE(enrollment_->CheckPeer(second, now_).ok());
}

TEST_F(EnrollmentTest, ARevocationThatTheModelKnowsIsKeptThoughTheListIsOlder) {
  const PeerCertificate stolen = Joined("n1");
  const PeerCertificate unknown = Joined("n2");
  Pass(kDayMs);
  const WallTime revoked = now_;
  Pass(kDayMs);
  ASSERT_TRUE(enrollment_->KeepRevoked("n1", revoked, now_).ok());
  ASSERT_TRUE(enrollment_->KeepRevoked("n9", revoked, now_).ok());  // of which it knows nothing
  ExpectRefused(enrollment_->CheckPeer(stolen, now_), StatusCode::kInvalid, "was revoked at");
  EXPECT_TRUE(enrollment_->CheckPeer(unknown, now_).ok());
  // A host that joined since is not put out.
  const PeerCertificate again = Joined("n1");
  const uint64_t count = enrollment_->change_count();
  ASSERT_TRUE(enrollment_->KeepRevoked("n1", revoked, now_).ok());
  EXPECT_EQ(enrollment_->change_count(), count);
  EXPECT_TRUE(enrollment_->CheckPeer(again, now_).ok());
}

TEST_F(EnrollmentTest, RevokesACertificateThatAnOlderCopyOfTheFolderDoesNotKnow) {
  enrollment_.reset();
  std::filesystem::copy(folder(), parent_ + "/copy", std::filesystem::copy_options::recursive);
  Reopen();
  const PeerCertificate peer = Joined("n1");
  enrollment_.reset();
  std::filesystem::remove_all(folder());
  std::filesystem::rename(parent_ + "/copy", folder());
  std::filesystem::permissions(folder(), std::filesystem::perms::owner_all);
  Reopen();
  // The clock had been ahead when it was issued, too.
  Pass(-kHourMs / 2);
  EXPECT_TRUE(enrollment_->CheckPeer(peer, now_).ok());
  ASSERT_TRUE(enrollment_->RevokeNode("n1", now_).ok());
  ExpectRefused(enrollment_->CheckPeer(peer, now_), StatusCode::kInvalid, "was revoked");
}

// FAULTS 14: a foreign CA
TEST_F(EnrollmentTest, RefusesAPeerOfAnotherClusterOrWithWordsNotItsCertificates) {
  const std::string folder = parent_ + "/other";
  auto other = Enrollment::Open(folder, &random_, now_);
  ASSERT_TRUE(other.ok());
  const std::string token = *(*other)->CreateToken({}, now_);
  const auto chain = (*other)->Join(token, Request().request_pem, "n1", now_);
  ExpectRefused(enrollment_->CheckPeer(*ReadPeerCertificate(*chain), now_), StatusCode::kInvalid,
                "not issued by this cluster's CA");
  ExpectRefused(Join(token, "n1").status(), StatusCode::kInvalid, "not known to this cluster");
  PeerCertificate liar = Joined("n1");
  liar.node = "n2";
  ExpectRefused(enrollment_->CheckPeer(liar, now_), StatusCode::kInvalid, "is for node n1");
}

TEST_F(EnrollmentTest, GivesTheControllerACertificateThatNodesAccept) {
  const auto pair = enrollment_->ServerCertificate(
      {"controller.example.com", "192.0.2.1", "My_Host", "a,DNS:b", "controller.example.com"},
      now_);
  ASSERT_TRUE(pair.ok()) << pair.status().ToString();
  EXPECT_TRUE(CheckChain(pair->certificate_pem, enrollment_->TrustBundlePem(),
                         CertificateUse::kController, now_)
                  .ok());
  const auto ca = CheckFirstContact(pair->certificate_pem, enrollment_->ca_fingerprint(), now_);
  ASSERT_TRUE(ca.ok()) << ca.status().ToString();
  EXPECT_EQ(*ca, enrollment_->ca_pem());
  ExpectRefused(
      CheckFirstContact(pair->certificate_pem, std::string(kFingerprintDigits, '0'), now_).status(),
      StatusCode::kInvalid, "does not have the CA that the join token names");
  // A controller's certificate is no node's.
  EXPECT_FALSE(
      CheckChain(pair->certificate_pem, enrollment_->ca_pem(), CertificateUse::kNode, now_).ok());
}

TEST_F(EnrollmentTest, ANodeCannotPassForTheControllerAtAFirstContact) {
  const auto chain = Join(Token(), "n1");
  EXPECT_FALSE(CheckFirstContact(*chain, enrollment_->ca_fingerprint(), now_).ok());
}

TEST_F(EnrollmentTest, SignsLineagesOfItsCluster) {
  const LineageClaim claim{enrollment_->cluster_id(), "lineage-1", 1'000};
  const LineageClaim other{enrollment_->cluster_id(), "lineage-2", 1'000};
  const std::string proof = *enrollment_->SignLineage(claim);
  EXPECT_TRUE(VerifySignature(enrollment_->TrustBundlePem(), LineageText(claim), proof));
  EXPECT_FALSE(VerifySignature(enrollment_->TrustBundlePem(), LineageText(other), proof));
}

TEST_F(EnrollmentTest, RemembersTheNewestLineageThatItSigned) {
  EXPECT_EQ(enrollment_->newest_lineage_ms(), 0);
  ASSERT_TRUE(enrollment_->SignLineage({enrollment_->cluster_id(), "new", 2'000}).ok());
  ASSERT_TRUE(enrollment_->SignLineage({enrollment_->cluster_id(), "old", 1'000}).ok());
  EXPECT_EQ(enrollment_->newest_lineage_ms(), 2'000);
  Reopen();
  EXPECT_EQ(enrollment_->newest_lineage_ms(), 2'000) << "a clock that went back begins later";
}

}  // namespace
}  // namespace reconcile
