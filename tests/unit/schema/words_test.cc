#include <gtest/gtest.h>

#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {
namespace {

TEST(Base64, RoundTripsEveryLength) {
  std::string bytes;
  for (int length = 0; length < 300; ++length) {
    std::string decoded;
    ASSERT_TRUE(DecodeBase64(EncodeBase64(bytes), &decoded)) << length;
    EXPECT_EQ(decoded, bytes);
    bytes += static_cast<char>(length * 7);
  }
  EXPECT_EQ(EncodeBase64("admin"), "YWRtaW4=");
}

TEST(Base64, PassesOverLineBreaksAndNothingElse) {
  std::string decoded;
  EXPECT_TRUE(DecodeBase64("YWRt\r\naW4=\n", &decoded));
  EXPECT_EQ(decoded, "admin");
  for (const char* wrong :
       {"YWRtaW4", "YWRt aW4=", "YWRtaW4==", "====", "Y===", "YW=taW4=", "a_-b"}) {
    EXPECT_FALSE(DecodeBase64(wrong, &decoded)) << wrong;
  }
}

TEST(NearestWord, FindsTyposSwapsAndWrongCase) {
  const std::vector<std::string_view> known = {"image", "imagePullPolicy", "env", "envFrom"};
  EXPECT_EQ(NearestWord("imagePulPolicy", known), "imagePullPolicy");
  EXPECT_EQ(NearestWord("IMAGE", known), "image");
  EXPECT_EQ(NearestWord("iamge", known), "image");
  EXPECT_TRUE(IsSimilar("iamge", "image"));
  EXPECT_FALSE(IsSimilar("volumes", "image"));
  EXPECT_EQ(NearestWord("x", {}), "");
}

TEST(NearestWord, DoesNotCompareKeysOfAMegabyte) {
  const std::string huge(1 << 20, 'a');
  EXPECT_EQ(NearestWord(huge, {"aaa"}), "aaa");
  EXPECT_FALSE(IsSimilar(huge, "aaa"));
}

TEST(ShortText, EscapesAndCuts) {
  EXPECT_EQ(Quoted(std::string_view("a\n\x1b[31m\0", 8)), "\"a\\n\\x1b[31m\\x00\"");
  std::string text;
  while (text.size() + 1 < kShownTextBytes) text += 'a';
  EXPECT_EQ(ShortText(text + "\u00e9\u00e9"), text + "...");
}

TEST(Trimmed, TakesSpacesOffBothEndsAndNothingElse) {
  EXPECT_EQ(Trimmed(" \t\r\n a b\n "), "a b");
  EXPECT_EQ(Trimmed("a"), "a");
  EXPECT_EQ(Trimmed(" \n"), "");
  EXPECT_EQ(Trimmed(""), "");
  EXPECT_EQ(Trimmed("\v1\v"), "\v1\v");
  EXPECT_EQ(Trimmed("\v1\v", "\v"), "1");
}

struct NameCase {
  std::string (*check)(std::string_view);
  std::vector<std::string> good, bad;
};

TEST(Names, FollowKubernetesRules) {
  const std::string long_label(63, 'a');
  const std::string long_subdomain =
      long_label + '.' + long_label + '.' + long_label + '.' + std::string(61, 'a');
  const std::vector<NameCase> cases = {
      {CheckDnsLabel,
       {"a", "a-1", "1a", long_label},
       {"", "A", "-a", "a-", "a.b", long_label + "a"}},
      {CheckServiceName, {"a", "a-1"}, {"", "1a", "a.b"}},
      {CheckDnsSubdomain,
       {"a.b", "a", "1.2-3", long_subdomain},
       {"", "a..b", ".a", "a.", "a_b", long_subdomain + "a"}},
      {CheckQualifiedName,
       {"app", "App.x_y-z", "example.com/app"},
       {"", "/app", "a/", "a/b/c", "-a", "A.b/x", long_label + "a"}},
      {CheckLabelValue, {"", "V1.2_3-4", long_label}, {"a b", "-a", "a/b", long_label + "a"}},
      {CheckPortName, {"http", "a-1", "p80"}, {"", "80", "HTTP", "a--b", "-a", "abcdefghijklmnop"}},
      {CheckConfigKey,
       {"a", "A_b-c.d", ".dockerconfigjson"},
       {"", ".", "...", "..", "..a", "a/b", std::string(254, 'a')}},
      {CheckEnvName, {"A", "a.b-c", "1 2"}, {"", "A=B", "A\n", "\xc3\xa4"}},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    for (const std::string& text : cases[i].good) {
      EXPECT_EQ(cases[i].check(text), "") << i << ' ' << text;
    }
    for (const std::string& text : cases[i].bad)
      EXPECT_NE(cases[i].check(text), "") << i << ' ' << text;
  }
}

TEST(Names, AddressesAreIpv4OrIpv6) {
  EXPECT_TRUE(IsIpAddress("10.0.0.1"));
  EXPECT_TRUE(IsIpAddress("fd00::1"));
  EXPECT_FALSE(IsIpAddress("10.0.0"));
  EXPECT_FALSE(IsIpAddress("10.0.0.256"));
}

TEST(Names, AddressesWithLeadingZerosAreTakenAndAdvisedOn) {
  EXPECT_TRUE(IsIpAddress("010.000.0.01"));
  EXPECT_FALSE(IsIpAddress("010.0.0.0256"));
  EXPECT_EQ(AdviseOnAddress("010.000.0.01"),
            "\"010.000.0.01\" has leading zeros, with which other programs read another address: "
            "write \"10.0.0.1\"");
  EXPECT_EQ(AdviseOnAddress("10.0.0.1"), "");
  EXPECT_EQ(AdviseOnAddress("fd00::01"), "");
  EXPECT_EQ(AdviseOnAddress("010.x"), "");
}

}  // namespace
}  // namespace reconcile
