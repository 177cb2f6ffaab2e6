#include "link/certificates.h"

#include <openssl/rsa.h>

#include "link/certificate_issuer.h"
#include "link/openssl_handles.h"
#include "tests/unit/link_io/enrollment_fixture.h"

namespace reconcile {
namespace {

constexpr WallTime kNow = kEnrollmentStart;

std::string RequestWith(EVP_PKEY* key, EVP_PKEY* signer, const EVP_MD* digest) {
  const RequestHandle request(X509_REQ_new());
  CHECK(X509_REQ_set_pubkey(request.get(), key) == 1);
  X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  const auto* name = reinterpret_cast<const unsigned char*>("system:masters");
  CHECK(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1);
  CHECK(X509_REQ_sign(request.get(), signer, digest) > 0);
  return *RequestToPem(request.get());
}
std::string RequestWith(EVP_PKEY* key) { return RequestWith(key, key, EVP_sha256()); }

KeyPair Authority(int number = 1, WallTime now = kNow) {
  AuthorityOrder order;
  order.cluster_id = "c1";
  order.number = number;
  order.serial = "01";
  order.not_before = {now.ms - kBackdateMs};
  order.not_after = {now.ms + 3650 * kDayMs};
  return *MakeAuthority(order);
}

Result<std::string> IssueFor(const KeyPair& authority, const CertificateOrder& order) {
  return IssueCertificate(authority, MakeNodeRequest("n1")->request_pem, order);
}

CertificateOrder NodeOrder(const std::string& node) {
  CertificateOrder order;
  order.common_name = node;
  order.names = {node};
  order.serial = "00000000010000000000000000000abc";
  order.not_before = {kNow.ms - kBackdateMs};
  order.not_after = {kNow.ms + 30 * kDayMs};
  return order;
}

// A node's name may have 253 characters, a subject's part 64.
std::string LongName() {
  std::string name(121, 'a');
  name[60] = '.';
  return name;
}

TEST(CertificateRequest, MayHaveAP256OrEd25519OrRsaKey) {
  const KeyHandle rsa(EVP_RSA_gen(2048));
  const KeyHandle ed25519(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  EXPECT_TRUE(CheckRequest(MakeNodeRequest("n1")->request_pem).ok());
  EXPECT_TRUE(CheckRequest(RequestWith(rsa.get())).ok());
  EXPECT_TRUE(CheckRequest(RequestWith(ed25519.get(), ed25519.get(), nullptr)).ok());
  EXPECT_TRUE(MakeNodeRequest(LongName()).ok());
  EXPECT_FALSE(MakeNodeRequest("Not a name").ok());
}

TEST(CertificateRequest, IsRefusedForAWeakOrOddKey) {
  const KeyHandle small(EVP_RSA_gen(1024));
  const KeyHandle p384(EVP_EC_gen("P-384"));
  const KeyHandle p224(EVP_EC_gen("P-224"));
  const KeyHandle ed448(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448"));
  ExpectRefused(CheckRequest(RequestWith(small.get())).status(), StatusCode::kInvalid,
                "fewer than 2048 bits");
  ExpectRefused(CheckRequest(RequestWith(p384.get())).status(), StatusCode::kInvalid, "not P-256");
  ExpectRefused(CheckRequest(RequestWith(p224.get())).status(), StatusCode::kInvalid, "not P-256");
  ExpectRefused(CheckRequest(RequestWith(ed448.get(), ed448.get(), nullptr)).status(),
                StatusCode::kInvalid, "neither P-256");
}

TEST(CertificateRequest, IsRefusedWhenAnotherKeySignedIt) {
  const KeyHandle key(EVP_EC_gen("P-256"));
  const KeyHandle other(EVP_EC_gen("P-256"));
  ExpectRefused(CheckRequest(RequestWith(key.get(), other.get(), EVP_sha256())).status(),
                StatusCode::kInvalid, "not signed with its own key");
}

TEST(CertificateRequest, IsBoundedAndOneBlock) {
  const std::string good = MakeNodeRequest("n1")->request_pem;
  EXPECT_TRUE(CheckRequest(good).ok());
  ExpectRefused(CheckRequest(good + good).status(), StatusCode::kInvalid, "more than one");
  ExpectRefused(CheckRequest(good + std::string(kMaxRequestBytes, '\n')).status(),
                StatusCode::kInvalid, "at most 16384");
  for (const std::string text : {"", "x",
                                 "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END "
                                 "CERTIFICATE REQUEST-----\n"}) {
    ExpectRefused(CheckRequest(text).status(), StatusCode::kInvalid, "not a PEM");
  }
  const std::string encrypted =
      "-----BEGIN CERTIFICATE REQUEST-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
      "AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAAAAAAAAAAAAAAAAAAAA==\n-----END "
      "CERTIFICATE REQUEST-----\n";
  ExpectRefused(CheckRequest(encrypted).status(), StatusCode::kInvalid, "not a PEM");
}

TEST(NodeCertificate, SaysItsNodeAndServesNodesOnly) {
  const KeyPair authority = Authority();
  const std::string pem = *IssueFor(authority, NodeOrder("n1.example.com"));
  const Result<PeerCertificate> peer = ReadPeerCertificate(pem);
  ASSERT_TRUE(peer.ok()) << peer.status().ToString();
  EXPECT_EQ(peer->node, "n1.example.com");
  EXPECT_EQ(peer->serial, "00000000010000000000000000000abc");
  EXPECT_EQ(peer->not_before.ms, kNow.ms - kHourMs);
  EXPECT_EQ(peer->not_after.ms, kNow.ms + 30 * kDayMs);
  EXPECT_TRUE(CheckChain(pem, authority.certificate_pem, CertificateUse::kNode, kNow).ok());
  ExpectRefused(CheckChain(pem, authority.certificate_pem, CertificateUse::kController, kNow),
                StatusCode::kInvalid, "not for a controller");
}

TEST(NodeCertificate, IgnoresTheSubjectOfItsRequest) {
  const KeyHandle key(EVP_EC_gen("P-256"));
  const std::string pem = *IssueCertificate(Authority(), RequestWith(key.get()), NodeOrder("n1"));
  const CertificateHandle certificate = ReadCertificatePem(pem);
  char* line = X509_NAME_oneline(X509_get_subject_name(certificate.get()), nullptr, 0);
  EXPECT_STREQ(line, "/CN=n1/OU=node");
  OPENSSL_free(line);
}

TEST(NodeCertificate, CarriesANameThatIsTooLongForASubject) {
  EXPECT_EQ(ReadPeerCertificate(*IssueFor(Authority(), NodeOrder(LongName())))->node, LongName());
}

TEST(NodeCertificate, HoldsFromAnHourBeforeUntilItsEnd) {
  const KeyPair authority = Authority();
  const std::string pem = *IssueFor(authority, NodeOrder("n1"));
  const auto check = [&](int64_t at_ms) {
    return CheckChain(pem, authority.certificate_pem, CertificateUse::kNode, {kNow.ms + at_ms});
  };
  EXPECT_TRUE(check(-kHourMs + 1000).ok());
  ExpectRefused(check(-kHourMs - 1000), StatusCode::kInvalid, "not valid yet");
  EXPECT_TRUE(check(30 * kDayMs - 1000).ok());
  ExpectRefused(check(30 * kDayMs + 1000), StatusCode::kInvalid,
                "expired (2027-02-14T08:00:00Z): join this host again");
}

TEST(NodeCertificate, OfAForeignCaIsRefused) {
  const std::string pem = *IssueFor(Authority(), NodeOrder("n1"));
  const KeyPair same_name = Authority();  // the same subject, another key
  const KeyPair other = Authority(2);
  for (const KeyPair& foreign : {same_name, other}) {
    ExpectRefused(CheckChain(pem, foreign.certificate_pem, CertificateUse::kNode, kNow),
                  StatusCode::kInvalid, "not issued by this cluster's CA");
    EXPECT_FALSE(IsIssuedBy(pem, foreign.certificate_pem));
  }
  EXPECT_TRUE(CheckChain(pem, other.certificate_pem + same_name.certificate_pem,
                         CertificateUse::kNode, kNow)
                  .code() == StatusCode::kInvalid);
}

TEST(NodeCertificate, CannotIssueOthers) {
  const KeyPair authority = Authority();
  const KeyAndRequest request = *MakeNodeRequest("n1");
  const std::string node = *IssueCertificate(authority, request.request_pem, NodeOrder("n1"));
  const std::string forged = *IssueFor({node, request.private_key_pem}, NodeOrder("n2"));
  for (const std::string& trusted : {authority.certificate_pem, node + authority.certificate_pem}) {
    EXPECT_FALSE(CheckChain(forged + node, trusted, CertificateUse::kNode, kNow).ok());
  }
}

TEST(NodeCertificate, IsNotReadFromACasOrAControllers) {
  const KeyPair authority = Authority();
  EXPECT_FALSE(ReadPeerCertificate(authority.certificate_pem).ok());
  EXPECT_FALSE(
      CheckChain(authority.certificate_pem, authority.certificate_pem, CertificateUse::kNode, kNow)
          .ok());
  CertificateOrder order = NodeOrder("n1");
  order.names = {"n1", "n2"};
  EXPECT_FALSE(ReadPeerCertificate(*IssueFor(authority, order)).ok());
  order.names = {"10.0.0.1"};
  EXPECT_FALSE(ReadPeerCertificate(*IssueFor(authority, order)).ok());
  EXPECT_FALSE(ReadPeerCertificate("").ok());
  EXPECT_FALSE(ReadPeerCertificateDer("0\x82").ok());
  EXPECT_FALSE(ReadPeerCertificateDer("").ok());
}

TEST(NodeCertificate, EndsWithItsCa) {
  AuthorityOrder short_life;
  short_life.cluster_id = "c1";
  short_life.serial = "01";
  short_life.not_before = {kNow.ms - kBackdateMs};
  short_life.not_after = {kNow.ms + kDayMs};
  const KeyPair authority = *MakeAuthority(short_life);
  EXPECT_EQ(ReadPeerCertificate(*IssueFor(authority, NodeOrder("n1")))->not_after.ms,
            kNow.ms + kDayMs);
  CertificateOrder late = NodeOrder("n1");
  late.not_before = {kNow.ms + kDayMs};
  ExpectRefused(IssueFor(authority, late).status(), StatusCode::kInvalid, "CA expired");
}

TEST(CaCertificate, NamesItsCluster) {
  const KeyPair authority = Authority();
  EXPECT_EQ(*ClusterIdOf(authority.certificate_pem), "c1");
  EXPECT_TRUE(IsPair(authority));
  EXPECT_FALSE(IsPair({authority.certificate_pem, Authority().private_key_pem}));
  AuthorityOrder nameless;
  nameless.serial = "01";
  EXPECT_FALSE(MakeAuthority(nameless).ok());
  nameless.cluster_id = std::string(65, 'c');
  EXPECT_FALSE(MakeAuthority(nameless).ok());
}

TEST(Bundle, IsSplitAndBounded) {
  const std::string one = Authority().certificate_pem;
  std::string bundle;
  for (size_t i = 0; i < kMaxBundleCertificates; ++i) bundle += one;
  EXPECT_EQ(SplitBundle(bundle)->size(), kMaxBundleCertificates);
  EXPECT_EQ(SplitBundle(bundle)->front(), one);
  ExpectRefused(SplitBundle(bundle + one).status(), StatusCode::kInvalid, "more than 8");
  ExpectRefused(SplitBundle(one + std::string(kMaxBundleBytes, ' ')).status(), StatusCode::kInvalid,
                "at most 65536");
  ExpectRefused(SplitBundle("").status(), StatusCode::kInvalid, "no certificate");
  std::string damaged = one + one;
  damaged[one.size() + 100] = '!';
  ExpectRefused(SplitBundle(damaged).status(), StatusCode::kInvalid, "damaged");
}

TEST(Signature, HoldsForItsTextAndCaOnly) {
  const KeyPair authority = Authority();
  const std::string signature = *SignText(authority.private_key_pem, "a lineage");
  EXPECT_TRUE(VerifySignature(authority.certificate_pem, "a lineage", signature));
  EXPECT_TRUE(VerifySignature(Authority(2).certificate_pem + authority.certificate_pem, "a lineage",
                              signature));
  EXPECT_FALSE(VerifySignature(authority.certificate_pem, "another lineage", signature));
  EXPECT_FALSE(VerifySignature(Authority().certificate_pem, "a lineage", signature));
  EXPECT_FALSE(VerifySignature(authority.certificate_pem, "a lineage", ""));
  EXPECT_FALSE(VerifySignature(authority.certificate_pem, "a lineage", "no base64!"));
  EXPECT_FALSE(VerifySignature("", "a lineage", signature));
  EXPECT_FALSE(VerifySignature(authority.certificate_pem, "a lineage",
                               std::string(kMaxRequestBytes + 4, 'A')));
}

TEST(Signature, OfANodeIsNone) {
  const KeyPair authority = Authority();
  const KeyAndRequest request = *MakeNodeRequest("n1");
  const std::string node = *IssueCertificate(authority, request.request_pem, NodeOrder("n1"));
  const std::string signature = *SignText(request.private_key_pem, "a lineage");
  EXPECT_FALSE(VerifySignature(node + authority.certificate_pem, "a lineage", signature));
}

TEST(Renewal, IsDueAtARandomPointBetweenHalfAndFourFifthsOfTheLife) {
  SeededRandom random(1);
  const WallTime from = kNow;
  const WallTime until = {kNow.ms + 30 * kDayMs};
  int64_t first = until.ms;
  int64_t last = from.ms;
  for (int i = 0; i < 1000; ++i) {
    const int64_t at = RenewalTime(from, until, &random).ms;
    ASSERT_GE(at, kNow.ms + 15 * kDayMs);
    ASSERT_LE(at, kNow.ms + 24 * kDayMs);
    first = std::min(first, at);
    last = std::max(last, at);
  }
  EXPECT_LT(first, kNow.ms + 16 * kDayMs);
  EXPECT_GT(last, kNow.ms + 23 * kDayMs);
  EXPECT_EQ(RenewalTime(until, from, &random), until);
}

}  // namespace
}  // namespace reconcile
