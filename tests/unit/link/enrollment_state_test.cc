#include "link/enrollment_state.h"

#include <gtest/gtest.h>

#include "base/ids.h"

namespace reconcile {
namespace {

constexpr WallTime kNow{1'800'000'000'000};
constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;

WallTime After(int64_t ms) { return {kNow.ms + ms}; }

EnrollmentState SampleState() {
  EnrollmentState state;
  state.cluster_id = "c1";
  state.authorities = {{1, std::string(64, 'a'), kNow, After(3650 * kDayMs)}};
  return state;
}

JoinToken TokenOf(const std::string& id) {
  return {id, std::string(32, '7'), std::string(64, 'a')};
}

TokenRecord RecordOf(const std::string& id, int uses = 1, const std::string& node = "") {
  TokenRecord record;
  record.id = id;
  record.secret_hash = HashOfTokenSecret(std::string(32, '7'));
  record.authority = 1;
  record.node = node;
  record.max_uses = uses;
  record.created = kNow;
  record.expires = After(kDayMs);
  return record;
}

// Joins as Enrollment does, without certificates.
Status JoinAs(EnrollmentState* state, const std::string& id, const std::string& node,
              const std::string& key, WallTime now) {
  const Result<JoinDecision> decision = DecideJoin(*state, TokenOf(id), node, key, now);
  if (!decision.ok()) return decision.status();
  NodeRecord issued;
  SeededRandom random(static_cast<uint64_t>(decision->generation));
  issued.serial = MakeSerial(decision->generation, &random);
  issued.key = key;
  issued.authority = 1;
  issued.generation = decision->generation;
  issued.issued = now;
  issued.expires = {now.ms + 30 * kDayMs};
  return RecordJoin(id, *decision, node, issued, now, state);
}

TEST(Serial, CarriesItsGeneration) {
  SeededRandom random(1);
  const std::string serial = MakeSerial(1'800'000'000, &random);
  EXPECT_EQ(serial.size(), kSerialDigits);
  EXPECT_EQ(GenerationOfSerial(serial), 1'800'000'000);
  EXPECT_NE(serial, MakeSerial(1'800'000'000, &random));
  EXPECT_EQ(GenerationOfSerial("00"), 0);
  EXPECT_EQ(GenerationOfSerial(std::string(32, 'z')), 0);
  EXPECT_EQ(GenerationOfSerial("-000000001" + std::string(22, '0')), 0);
}

TEST(JoinTokens, LiveBetweenAMinuteAndThirtyDays) {
  EXPECT_TRUE(CheckTokenOptions({}).ok());
  EXPECT_TRUE(CheckTokenOptions({.valid_ms = kMaxTokenLifeMs, .uses = kMaxTokenUses}).ok());
  EXPECT_FALSE(CheckTokenOptions({.valid_ms = kMaxTokenLifeMs + 1}).ok());
  EXPECT_FALSE(CheckTokenOptions({.valid_ms = kMinTokenLifeMs - 1}).ok());
  EXPECT_FALSE(CheckTokenOptions({.valid_ms = -1}).ok());
  EXPECT_FALSE(CheckTokenOptions({.uses = 0}).ok());
  EXPECT_FALSE(CheckTokenOptions({.uses = kMaxTokenUses + 1}).ok());
  EXPECT_FALSE(CheckTokenOptions({.uses = 2, .node = "a"}).ok());
}

TEST(JoinTokens, GuessedSecretAndUnknownIdGiveTheSameWords) {
  EnrollmentState state = SampleState();
  ASSERT_TRUE(AddToken(RecordOf("00000001"), kNow, &state).ok());
  TokenRecord expired = RecordOf("00000002");
  expired.expires = kNow;
  ASSERT_TRUE(AddToken(expired, kNow, &state).ok());
  JoinToken guessed = TokenOf("00000001");
  guessed.secret.back() = '8';
  JoinToken guessed_expired = TokenOf("00000002");
  guessed_expired.secret.front() = '8';
  const Status unknown = CheckTokenIn(state, TokenOf("00000009"), kNow);
  EXPECT_EQ(unknown.code(), StatusCode::kInvalid);
  EXPECT_EQ(CheckTokenIn(state, guessed, kNow), unknown);
  EXPECT_EQ(CheckTokenIn(state, guessed_expired, kNow), unknown);
  EXPECT_TRUE(CheckTokenIn(state, TokenOf("00000001"), kNow).ok());
}

TEST(JoinTokens, SayWhyTheyAreRefused) {
  EnrollmentState state = SampleState();
  ASSERT_TRUE(AddToken(RecordOf("00000001"), kNow, &state).ok());
  ASSERT_TRUE(AddToken(RecordOf("00000002"), kNow, &state).ok());
  const auto words = [&](const std::string& id, WallTime now) {
    return DecideJoin(state, TokenOf(id), "n1", "k1", now).status().message();
  };
  EXPECT_NE(words("00000001", After(kDayMs)).find("expired at 2027-01-16T08:00:00Z"),
            std::string::npos)
      << words("00000001", After(kDayMs));
  ASSERT_TRUE(RevokeTokenIn("00000001", kNow, &state).ok());
  EXPECT_NE(words("00000001", kNow).find("was revoked"), std::string::npos);
  ASSERT_TRUE(JoinAs(&state, "00000002", "n2", "k2", kNow).ok());
  EXPECT_NE(words("00000002", kNow).find("has been used 1 of 1 times"), std::string::npos);
  EXPECT_EQ(RevokeTokenIn("0000000f", kNow, &state).code(), StatusCode::kNotFound);
  EXPECT_TRUE(RevokeTokenIn("00000001", After(1), &state).ok());
  EXPECT_EQ(state.tokens["00000001"].revoked, kNow);
}

TEST(JoinTokens, ServeSoManyHostsAsTheySay) {
  EnrollmentState state = SampleState();
  ASSERT_TRUE(AddToken(RecordOf("00000001", 3), kNow, &state).ok());
  for (const std::string node : {"a", "b", "c"}) {
    EXPECT_TRUE(JoinAs(&state, "00000001", node, "k" + node, kNow).ok());
  }
  EXPECT_EQ(JoinAs(&state, "00000001", "d", "kd", kNow).code(), StatusCode::kInvalid);
  EXPECT_EQ(DescribeToken(state.tokens["00000001"], kNow).state, TokenState::kUsedUp);
  EXPECT_EQ(DescribeToken(state.tokens["00000001"], kNow).uses, 3);
}

TEST(JoinTokens, AnswerTheSameRequestAgainForAWhileWithoutAnotherUse) {
  EnrollmentState state = SampleState();
  ASSERT_TRUE(AddToken(RecordOf("00000001"), kNow, &state).ok());
  ASSERT_TRUE(JoinAs(&state, "00000001", "n1", "k1", kNow).ok());
  EXPECT_TRUE(CheckTokenIn(state, TokenOf("00000001"), After(kJoinRetryMs)).ok());
  EXPECT_TRUE(JoinAs(&state, "00000001", "n1", "k1", After(kJoinRetryMs)).ok());
  EXPECT_EQ(state.tokens["00000001"].uses, 1);
  // Another key, another node, or too late: a replay.
  EXPECT_FALSE(JoinAs(&state, "00000001", "n1", "k2", After(1)).ok());
  EXPECT_FALSE(JoinAs(&state, "00000001", "n2", "k1", After(1)).ok());
  EXPECT_FALSE(JoinAs(&state, "00000001", "n1", "k1", After(kJoinRetryMs + 1)).ok());
  EXPECT_FALSE(CheckTokenIn(state, TokenOf("00000001"), After(kJoinRetryMs + 1)).ok());
}

TEST(JoinTokens, RememberABoundedNumberOfRecentUses) {
  EnrollmentState state = SampleState();
  ASSERT_TRUE(AddToken(RecordOf("00000001", kMaxTokenUses), kNow, &state).ok());
  for (size_t i = 0; i <= kMaxRecentUses; ++i) {
    ASSERT_TRUE(JoinAs(&state, "00000001", "n" + std::to_string(i), "k", kNow).ok());
  }
  EXPECT_EQ(state.tokens["00000001"].recent_uses.size(), kMaxRecentUses);
  EXPECT_EQ(state.tokens["00000001"].recent_uses.front().node, "n1");
}

TEST(JoinTokens, AreLimitedAndThoseThatEndedMakeRoom) {
  EnrollmentState state = SampleState();
  for (size_t i = 0; i < kMaxTokenRecords; ++i) {
    ASSERT_TRUE(AddToken(RecordOf(std::to_string(i)), kNow, &state).ok());
  }
  const Status full = AddToken(RecordOf("one-more"), kNow, &state);
  EXPECT_EQ(full.code(), StatusCode::kConflict);
  EXPECT_NE(full.message().find("500 join tokens"), std::string::npos) << full.message();
  ASSERT_TRUE(RevokeTokenIn("7", kNow, &state).ok());
  EXPECT_TRUE(AddToken(RecordOf("one-more"), kNow, &state).ok());
  EXPECT_FALSE(state.tokens.contains("7"));
  // A week after their end all are forgotten.
  EXPECT_TRUE(AddToken(RecordOf("later"), After(kDayMs + kForgetTokensMs + 1), &state).ok());
  EXPECT_EQ(state.tokens.size(), 1u);
}

TEST(NodeNames, InUseAreTakenOverOnlyByATokenForThem) {
  EnrollmentState state = SampleState();
  ASSERT_TRUE(AddToken(RecordOf("00000001", 9), kNow, &state).ok());
  ASSERT_TRUE(AddToken(RecordOf("00000002", 1, "n1"), kNow, &state).ok());
  ASSERT_TRUE(AddToken(RecordOf("00000003", 1, "n2"), kNow, &state).ok());
  ASSERT_TRUE(JoinAs(&state, "00000001", "n1", "k1", kNow).ok());
  const std::string first_serial = state.nodes["n1"].serial;
  const Status taken = JoinAs(&state, "00000001", "n1", "k2", After(1));
  EXPECT_EQ(taken.code(), StatusCode::kConflict);
  EXPECT_NE(taken.message().find("reconcile token create --node n1"), std::string::npos);
  EXPECT_EQ(JoinAs(&state, "00000003", "n1", "k2", After(1)).code(), StatusCode::kInvalid);
  ASSERT_TRUE(JoinAs(&state, "00000002", "n1", "k2", After(1)).ok());
  // The host that had the name is told so.
  const Status ended = CheckSerialIn(state, "n1", first_serial);
  EXPECT_EQ(ended.code(), StatusCode::kInvalid);
  EXPECT_NE(ended.message().find("a host joined under this name"), std::string::npos);
  EXPECT_TRUE(CheckSerialIn(state, "n1", state.nodes["n1"].serial).ok());
}

TEST(NodeNames, AreFreeOnceTheirCertificateEnded) {
  EnrollmentState state = SampleState();
  TokenRecord record = RecordOf("00000001", 9);
  record.expires = After(90 * kDayMs);
  ASSERT_TRUE(AddToken(record, kNow, &state).ok());
  ASSERT_TRUE(JoinAs(&state, "00000001", "n1", "k1", kNow).ok());
  EXPECT_FALSE(JoinAs(&state, "00000001", "n1", "k2", After(30 * kDayMs - 1)).ok());
  EXPECT_TRUE(JoinAs(&state, "00000001", "n1", "k2", After(30 * kDayMs)).ok());
}

TEST(Revocation, HoldsForEveryCertificateFromBeforeAndNoneAfter) {
  EnrollmentState state = SampleState();
  ASSERT_TRUE(AddToken(RecordOf("00000001", 9), kNow, &state).ok());
  ASSERT_TRUE(JoinAs(&state, "00000001", "n1", "k1", kNow).ok());
  const std::string first = state.nodes["n1"].serial;
  SeededRandom random(3);
  NodeRecord renewed = state.nodes["n1"];
  renewed.generation = RenewalGeneration(state, "n1", After(kHourMs));
  renewed.serial = MakeSerial(renewed.generation, &random);
  ASSERT_TRUE(RecordRenewal("n1", renewed, After(kHourMs), &state).ok());
  EXPECT_TRUE(CheckSerialIn(state, "n1", first).ok());
  EXPECT_TRUE(CheckSerialIn(state, "n1", renewed.serial).ok());
  // One that this controller does not remember: issued, then its list was restored from before.
  const std::string unknown = MakeSerial(After(2 * kHourMs).ms / 1000, &random);

  RevokeNodeIn("n1", 0, After(3 * kHourMs), &state);
  for (const std::string& serial : {first, renewed.serial, unknown}) {
    const Status refused = CheckSerialIn(state, "n1", serial);
    EXPECT_EQ(refused.code(), StatusCode::kInvalid);
    EXPECT_NE(refused.message().find("node n1 was revoked at 2027-01-15T11:00:00Z"),
              std::string::npos)
        << refused.message();
  }
  // The clock goes back, and a host joins anew under the name.
  ASSERT_TRUE(JoinAs(&state, "00000001", "n1", "k3", kNow).ok());
  EXPECT_TRUE(CheckSerialIn(state, "n1", state.nodes["n1"].serial).ok());
  EXPECT_FALSE(CheckSerialIn(state, "n1", first).ok());
  EXPECT_FALSE(CheckSerialIn(state, "n1", unknown).ok());
}

TEST(Revocation, OutlivesTheCertificatesThatItRefuses) {
  EnrollmentState state = SampleState();
  RevokeNodeIn("n1", 0, kNow, &state);
  SeededRandom random(1);
  const std::string issued_before = MakeSerial(kNow.ms / 1000, &random);
  TokenRecord record = RecordOf("00000001", 9);
  record.expires = After(90 * kDayMs);
  ASSERT_TRUE(AddToken(record, kNow, &state).ok());
  ASSERT_TRUE(JoinAs(&state, "00000001", "n2", "k", After(59 * kDayMs)).ok());
  EXPECT_FALSE(CheckSerialIn(state, "n1", issued_before).ok());
}

TEST(NodeRecords, AreLimitedAndForgottenLongAfterTheirEnd) {
  EnrollmentState state = SampleState();
  TokenRecord record = RecordOf("00000001", kMaxTokenUses);
  record.expires = After(120 * kDayMs);
  ASSERT_TRUE(AddToken(record, kNow, &state).ok());
  NodeRecord node;
  node.expires = After(30 * kDayMs);
  for (size_t i = 0; i < kMaxNodeRecords; ++i) state.nodes["n" + std::to_string(i)] = node;
  const Status full = JoinAs(&state, "00000001", "one-more", "k", kNow);
  EXPECT_EQ(full.code(), StatusCode::kConflict);
  EXPECT_NE(full.message().find("4096 nodes"), std::string::npos) << full.message();
  EXPECT_EQ(RecordRenewal("one-more", node, kNow, &state).code(), StatusCode::kConflict);
  EXPECT_EQ(state.tokens["00000001"].uses, 0);
  EXPECT_TRUE(
      JoinAs(&state, "00000001", "one-more", "k", After(30 * kDayMs + kForgetNodesMs + 1)).ok());
  EXPECT_EQ(state.nodes.size(), 1u);
}

TEST(RotationRules, TokensOfTheOldAuthorityEndWithIt) {
  EnrollmentState state = SampleState();
  ASSERT_TRUE(AddToken(RecordOf("00000001"), kNow, &state).ok());
  BeginRotationIn({2, std::string(64, 'b'), kNow, After(3650 * kDayMs)}, kNow, &state);
  EXPECT_TRUE(CheckTokenIn(state, TokenOf("00000001"), kNow).ok());
  FinishRotationIn(kNow, &state);
  EXPECT_EQ(state.active().number, 2);
  EXPECT_EQ(DescribeToken(state.tokens["00000001"], kNow).state, TokenState::kRevoked);
  EXPECT_FALSE(CheckTokenIn(state, TokenOf("00000001"), kNow).ok());
}

EnrollmentState FullState() {
  EnrollmentState state = SampleState();
  EXPECT_TRUE(AddToken(RecordOf("00000001", 2), kNow, &state).ok());
  EXPECT_TRUE(AddToken(RecordOf("00000002", 1, "n9"), kNow, &state).ok());
  EXPECT_TRUE(JoinAs(&state, "00000001", "n1", "k1", {kNow.ms + 7}).ok());
  EXPECT_TRUE(JoinAs(&state, "00000001", "n2.example.com", "k2", After(5)).ok());
  RevokeNodeIn("n1", 0, After(9), &state);
  EXPECT_TRUE(RevokeTokenIn("00000002", After(9), &state).ok());
  BeginRotationIn({2, std::string(64, 'b'), kNow, After(3650 * kDayMs)}, kNow, &state);
  return state;
}

TEST(EnrollmentStateFile, IsReadAsItWasWritten) {
  const EnrollmentState state = FullState();
  const std::string text = *WriteEnrollmentState(state);
  const Result<EnrollmentState> read = ReadEnrollmentState(text);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(*WriteEnrollmentState(*read), text);
  EXPECT_EQ(read->tokens.at("00000001").recent_uses.size(), 2u);
  EXPECT_EQ(read->nodes.at("n1").revoked, After(9));
  EXPECT_EQ(read->nodes.at("n1").min_generation, state.nodes.at("n1").min_generation);
  EXPECT_TRUE(read->rotating());
}

TEST(EnrollmentStateFile, IsRefusedWhenAnyByteOfItIsDamaged) {
  const std::string text = *WriteEnrollmentState(FullState());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    const Result<EnrollmentState> read = ReadEnrollmentState(damaged);
    // White space between values is not content.
    if (read.ok()) {
      EXPECT_EQ(*WriteEnrollmentState(*read), text) << i;
    } else {
      EXPECT_EQ(read.status().code(), StatusCode::kInvalid);
    }
  }
  for (const size_t size : {size_t{0}, size_t{1}, text.size() / 2, text.size() - 3}) {
    EXPECT_FALSE(ReadEnrollmentState(text.substr(0, size)).ok());
  }
}

TEST(EnrollmentStateFile, OfANewerReleaseSaysSo) {
  const Status status = ReadEnrollmentState("{\"format\":2}").status();
  EXPECT_NE(status.message().find("newer release"), std::string::npos) << status.message();
}

TEST(EnrollmentStateFile, HasABoundedSize) {
  EnrollmentState state = SampleState();
  state.cluster_id = std::string(kMaxStateBytes, 'c');
  const Status status = WriteEnrollmentState(state).status();
  EXPECT_EQ(status.code(), StatusCode::kConflict);
}

}  // namespace
}  // namespace reconcile
