#include "link/join_token.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

const JoinToken kSample = {"0123abcd", "00112233445566778899aabbccddeeff", std::string(64, 'f')};

TEST(JoinTokenText, IsReadAsItWasWritten) {
  const std::string text = FormatJoinToken(kSample);
  EXPECT_EQ(text.size(), kJoinTokenTextBytes);
  EXPECT_EQ(text, "rc1.0123abcd.00112233445566778899aabbccddeeff." + std::string(64, 'f'));
  const Result<JoinToken> token = ParseJoinToken(text);
  ASSERT_TRUE(token.ok()) << token.status().ToString();
  EXPECT_EQ(token->id, kSample.id);
  EXPECT_EQ(token->secret, kSample.secret);
  EXPECT_EQ(token->ca_fingerprint, kSample.ca_fingerprint);
}

TEST(JoinTokenText, IsRefusedWhenAnythingDiffersAndNeverRepeated) {
  const std::string good = FormatJoinToken(kSample);
  std::string upper = good;
  upper[20] = 'A';
  std::string dotless = good;
  dotless[12] = '0';
  std::string late_dot = good;
  late_dot[45] = 'a';
  const std::vector<std::string> texts = {"",
                                          "rc1.",
                                          "rc2" + good.substr(3),
                                          good + "\n",
                                          " " + good,
                                          good.substr(0, good.size() - 1),
                                          good + "0",
                                          upper,
                                          dotless,
                                          late_dot,
                                          std::string(1 << 20, 'a'),
                                          "rc1." + std::string(kJoinTokenTextBytes - 4, '.')};
  for (const std::string& text : texts) {
    const Status status = ParseJoinToken(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << text.substr(0, 200);
    EXPECT_NE(status.message().find("not a join token"), std::string::npos);
    EXPECT_EQ(status.message().find("0011223344"), std::string::npos) << status.message();
  }
}

TEST(EqualInConstantTime, IsEquality) {
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_TRUE(EqualInConstantTime("abc", "abc"));
  EXPECT_FALSE(EqualInConstantTime("abc", "abd"));
  EXPECT_FALSE(EqualInConstantTime("abc", "xbc"));
  EXPECT_FALSE(EqualInConstantTime("abc", "ab"));
  EXPECT_FALSE(EqualInConstantTime(std::string("\0\x80", 2), std::string("\0\x81", 2)));
}

}  // namespace
}  // namespace reconcile
