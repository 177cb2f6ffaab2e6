#include "api/users_state.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

constexpr WallTime kNow{1'800'000'000'000};
const ApiUser kAnna{"anna", {"reconcile:view"}};

TEST(UserToken, IsKeptAsItsHashAlone) {
  SeededRandom random(1);
  UsersState state;
  const std::string token = MakeUserToken(&random);
  ASSERT_TRUE(AddUserToken(token, kAnna, kNow, {kNow.ms + 1000}, &state).ok());
  const std::string text = WriteUsersState(state);
  EXPECT_EQ(text.find(token.substr(kUserTokenPrefix.size())), std::string::npos);
  const Result<UsersState> read = ReadUsersState(text);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  const Result<ApiUser> user = FindUserToken(*read, token, kNow);
  ASSERT_TRUE(user.ok());
  EXPECT_EQ(*user, kAnna);
}

TEST(UserToken, Faults14IsRefusedWhenExpiredRevokedOrWrong) {
  SeededRandom random(1);
  UsersState state;
  const std::string token = MakeUserToken(&random);
  ASSERT_TRUE(AddUserToken(token, kAnna, kNow, {kNow.ms + 1000}, &state).ok());
  EXPECT_FALSE(FindUserToken(state, token, {kNow.ms + 1000}).ok());
  EXPECT_FALSE(FindUserToken(state, MakeUserToken(&random), kNow).ok());
  EXPECT_FALSE(FindUserToken(state, "", kNow).ok());
  EXPECT_FALSE(FindUserToken(state, token + "0", kNow).ok());
  ASSERT_TRUE(RevokeUserIn("anna", kNow, &state).ok());
  EXPECT_FALSE(FindUserToken(state, token, kNow).ok());
}

TEST(UserToken, AreABoundedNumber) {
  SeededRandom random(1);
  UsersState state;
  for (size_t i = 0; i < kMaxUserTokens; ++i) {
    ASSERT_TRUE(AddUserToken(MakeUserToken(&random), kAnna, kNow, {kNow.ms + 1000}, &state).ok());
  }
  EXPECT_FALSE(AddUserToken("x", kAnna, kNow, {kNow.ms + 1000}, &state).ok());
  EXPECT_TRUE(AddUserToken("x", kAnna, {kNow.ms + 1000}, {kNow.ms + 2000}, &state).ok());
  EXPECT_EQ(state.tokens.size(), 1U);
}

TEST(RevokedUser, IsRefusedForWhatWasIssuedBefore) {
  UsersState state;
  ASSERT_TRUE(RevokeUserIn("anna", kNow, &state).ok());
  ASSERT_TRUE(RevokeUserIn("anna", {kNow.ms - 5000}, &state).ok());  // the clock went back
  EXPECT_TRUE(IsUserRevoked(state, "anna", kNow.ms / 1000));
  EXPECT_FALSE(IsUserRevoked(state, "anna", kNow.ms / 1000 + 1));
  EXPECT_FALSE(IsUserRevoked(state, "bert", 1));
}

TEST(UsersFile, IsRefusedWhenItIsNotUnderstood) {
  for (const char* text : {"", "{}", "[]", R"({"format": 2, "tokens": {}, "revokedUntil": {}})",
                           R"({"format": 1, "tokens": {}})",
                           R"({"format": 1, "tokens": {"h": {}}, "revokedUntil": {}})",
                           R"({"format": 1, "tokens": {}, "revokedUntil": {"a": "x"}})"}) {
    EXPECT_FALSE(ReadUsersState(text).ok()) << text;
  }
}

}  // namespace
}  // namespace reconcile
