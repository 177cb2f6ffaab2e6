#include "source/known_hosts.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "schema/text.h"

namespace reconcile {
namespace {

HostKey Key(const std::string& type, const std::string& rest) {
  const std::string length = {0, 0, 0, static_cast<char>(type.size())};
  return {type, length + type + rest};
}

const HostKey kOne = Key("ssh-ed25519", "one");
const HostKey kTwo = Key("ssh-ed25519", "two");
const HostKey kOther = Key("ecdsa-sha2-nistp256", "other");

std::string Line(const std::string& names, const HostKey& key) {
  return names + " " + key.type + " " + key.Base64() + "\n";
}

std::string Hashed(const std::string& name) {
  const std::string salt = "0123456789abcdefghij";
  return "|1|" + EncodeBase64(salt) + "|" + EncodeBase64(HmacSha1(salt, name));
}

TEST(KnownHosts, TrustTheKeyOfAHostAndTellAChangedFromAnUnknownOne) {
  const KnownHosts known = KnownHosts::Parse("# comment\n\n" + Line("a.example,b.example", kOne));
  EXPECT_EQ(known.Check("A.example", 22, kOne), HostTrust::kTrusted);
  EXPECT_EQ(known.Check("b.example", 22, kTwo), HostTrust::kChanged);
  EXPECT_EQ(known.Check("b.example", 22, kOther), HostTrust::kChanged);
  EXPECT_EQ(known.Check("c.example", 22, kOne), HostTrust::kUnknown);
  EXPECT_EQ(known.Check("a.example", 2222, kOne), HostTrust::kUnknown);
}

TEST(KnownHosts, ReadOpenSshsForms) {
  const KnownHosts known =
      KnownHosts::Parse(Line("[a.example]:2222", kOne) + Line(Hashed("b.example"), kOne) +
                        Line(Hashed("[c.example]:2222"), kOne) +
                        Line("*.d.example,!x.d.example", kOne) + Line("\tf?.example", kOne) +
                        "g.example " + kOne.type + " " + kOne.Base64() + " a comment\r\n");
  EXPECT_EQ(known.passed_over(), 0U);
  EXPECT_EQ(known.Check("a.example", 2222, kOne), HostTrust::kTrusted);
  EXPECT_EQ(known.Check("a.example", 22, kOne), HostTrust::kUnknown);
  EXPECT_EQ(known.Check("b.example", 22, kOne), HostTrust::kTrusted);
  EXPECT_EQ(known.Check("c.example", 2222, kOne), HostTrust::kTrusted);
  EXPECT_EQ(known.Check("y.d.example", 22, kOne), HostTrust::kTrusted);
  EXPECT_EQ(known.Check("x.d.example", 22, kOne), HostTrust::kUnknown);
  EXPECT_EQ(known.Check("f1.example", 22, kOne), HostTrust::kTrusted);
  EXPECT_EQ(known.Check("g.example", 22, kOne), HostTrust::kTrusted);
}

TEST(KnownHosts, ARevokedKeyIsRefusedWhateverElseTrustsIt) {
  const KnownHosts known = KnownHosts::Parse(Line("@revoked *", kOne) + Line("a.example", kOne));
  EXPECT_EQ(known.Check("a.example", 22, kOne), HostTrust::kRevoked);
  EXPECT_EQ(known.Check("a.example", 22, kTwo), HostTrust::kChanged);
}

TEST(KnownHosts, CertificateAuthoritiesAreNotTaken) {
  const KnownHosts known = KnownHosts::Parse(Line("@cert-authority *.example", kOne));
  EXPECT_EQ(known.Check("a.example", 22, kOne), HostTrust::kUnknown);
  EXPECT_TRUE(known.HasAuthority("a.example", 22));
  EXPECT_FALSE(known.HasAuthority("a.other", 22));
  EXPECT_TRUE(known.KeyTypes("a.example", 22).empty());
}

TEST(KnownHosts, NameTheTypesOfAHostsKeys) {
  const KnownHosts known =
      KnownHosts::Parse(Line("a.example", kOne) + Line("a.example", kTwo) + Line("*", kOther));
  EXPECT_EQ(known.KeyTypes("a.example", 22),
            (std::vector<std::string>{"ssh-ed25519", "ecdsa-sha2-nistp256"}));
}

TEST(KnownHosts, LinesThatAreNoneArePassedOver) {
  const KnownHosts known = KnownHosts::Parse(
      "a.example\na.example ssh-ed25519\na.example ssh-ed25519 !!!\n@other a ssh-ed25519 AAAA\n"
      "a.example ssh-rsa " +
      kOne.Base64() + "\n|1|x ssh-ed25519 " + kOne.Base64() + "\n" +
      std::string(KnownHosts::kMaxLineBytes + 1, 'x') + "\n" + Line("a.example", kOne));
  EXPECT_EQ(known.passed_over(), 7U);
  EXPECT_EQ(known.Check("a.example", 22, kOne), HostTrust::kTrusted);
}

TEST(KnownHosts, TheirLimitsAreReached) {
  std::string text;
  while (text.size() <= KnownHosts::kMaxTextBytes) text += Line("a.example", kOne);
  EXPECT_GT(KnownHosts::Parse(text + Line("b.example", kOne)).passed_over(), 0U);
  EXPECT_EQ(KnownHosts::Parse(text + Line("b.example", kOne)).Check("b.example", 22, kOne),
            HostTrust::kUnknown);
}

TEST(KnownHosts, AnAcceptedKeyTakesThePlaceOfTheOldOne) {
  std::string text = Line("a.example", kOne) + Line("[a.example]:2222", kTwo) + "# kept\n";
  text = WithoutHost(text, "a.example", 22) + KnownHostsLine("a.example", 22, kTwo);
  const KnownHosts known = KnownHosts::Parse(text);
  EXPECT_EQ(known.Check("a.example", 22, kTwo), HostTrust::kTrusted);
  EXPECT_EQ(known.Check("a.example", 22, kOne), HostTrust::kChanged);
  EXPECT_EQ(known.Check("a.example", 2222, kTwo), HostTrust::kTrusted);
  EXPECT_NE(text.find("# kept"), std::string::npos);
}

TEST(HostKey, HasOpenSshsFingerprint) {
  // ssh-keygen -l prints this for github.com's ed25519 key.
  HostKey key{"ssh-ed25519", ""};
  ASSERT_TRUE(DecodeBase64("AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
                           &key.blob));
  EXPECT_EQ(key.Fingerprint(), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
  EXPECT_TRUE(IsFingerprint(key.Fingerprint()));
  EXPECT_FALSE(IsFingerprint("SHA256:abc"));
  EXPECT_FALSE(IsFingerprint("MD5:" + std::string(43, 'a')));
}

}  // namespace
}  // namespace reconcile
