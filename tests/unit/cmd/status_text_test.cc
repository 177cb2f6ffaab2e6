#include "cmd/status_text.h"

namespace reconcile {
namespace {

Value StatusOf(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  CHECK(value.ok());
  return *value;
}

constexpr char kCounts[] = R"("nodes": 1, "pods": 2, "podsReady": 2)";

TEST(StatusText, SaysConvergedWhenNothingIsLeftToDo) {
  const Value status = StatusOf(std::string("{\"settled\": true, ") + kCounts + "}");
  EXPECT_TRUE(IsConverged(status));
  EXPECT_EQ(StatusText(status),
            "Hosts: 1   Pods: 2 of 2 ready\nConverged: what runs is what Git declares.\n");
}

TEST(StatusText, DoesNotSayConvergedWhileTheControllerIsAtWork) {
  const Value reading = StatusOf(
      std::string(R"({"settled": false, "underWay": ["reading source main"], )") + kCounts + "}");
  EXPECT_FALSE(IsConverged(reading));
  EXPECT_EQ(StatusText(reading),
            "Hosts: 1   Pods: 2 of 2 ready\nUnder way:\n  reading source main\n");
  const Value older = StatusOf(std::string(R"({"settled": false, )") + kCounts + "}");
  EXPECT_EQ(StatusText(older).find("Converged"), std::string::npos);
}

TEST(StatusText, IsConvergedSoFarWhileItLooksForNewsOnly) {
  const auto with = [](const char* sources, const char* work) {
    return StatusOf(std::string(R"({"settled": false, "sources": [)") + sources +
                    R"(], "underWay": [)" + work + "], " + kCounts + "}");
  };
  const char* const applied =
      R"({"metadata": {"name": "main"}, "status": {"appliedCommit": "ab12"}})";
  const Value looks = with(applied, R"("reading source main")");
  EXPECT_FALSE(IsConverged(looks));
  EXPECT_TRUE(IsConvergedSoFar(looks));
  EXPECT_NE(StatusText(looks).find("declares.\nUnder way:\n  reading source main\n"),
            std::string::npos);
  EXPECT_FALSE(IsConvergedSoFar(with(applied, R"("reading source main", "planning")")));
  EXPECT_FALSE(IsConvergedSoFar(with(applied, R"("reading source new")")));
  EXPECT_FALSE(
      IsConvergedSoFar(with(R"({"metadata": {"name": "main"}})", R"("reading source main")")));
}

TEST(StatusText, SaysWhenWaitingIsVain) {
  const auto with = [](const char* status, const char* settled = "true") {
    return StatusOf(std::string(R"({"settled": )") + settled +
                    R"(, "unconverged": ["source main: x"], "sources": [{"metadata": {"name":
      "main"}, "status": )" +
                    status + "}]}");
  };
  const char* const invalid = R"({"conditions": [{"type": "Ready", "status": "False",
      "reason": "InvalidCommit"}]})";
  EXPECT_EQ(WhyWaitingIsVain(with(invalid, "false")), "") << "a newer one may be on its way";
  EXPECT_NE(WhyWaitingIsVain(with(invalid)).find("source main has errors"), std::string::npos);
  EXPECT_NE(WhyWaitingIsVain(with(R"({"conditions": [{"type": "Ready", "status": "False",
      "reason": "PruneHeld"}], "held": {"planHash": "3f9a"}})"))
                .find("`reconcile confirm 3f9a`"),
            std::string::npos);
  EXPECT_EQ(WhyWaitingIsVain(with(R"({"conditions": [{"type": "Ready", "status": "False",
      "reason": "FetchFailed"}]})")),
            "");
}

TEST(StatusText, OfAControllerThatHasHeardOfNothing) {
  const Value status =
      StatusOf(R"({"settled": false, "underWay": ["recovery: learns"], "nodes": 0, "pods": 0})");
  EXPECT_EQ(StatusText(status),
            "Sources, hosts and pods: not known yet\nUnder way:\n  recovery: learns\n");
}

TEST(StatusText, SaysInALineWhatBecameOfASource) {
  const auto source = [](const char* status, const char* spec = "{}") {
    return StatusOf(std::string(R"({"metadata": {"name": "main"}, "spec": )") + spec +
                    ", \"status\": " + status + "}");
  };
  const Value good = source(
      R"({"appliedCommit": "0123456789abcdef", "conditions": [{"type": "Ready", "status": "True"}]})");
  EXPECT_EQ(SyncedText(good), "main: 0123456789ab in force\n");
  EXPECT_TRUE(IsInForce(good));
  const Value held = source(
      R"({"appliedCommit": "0123456789abcdef", "conditions":
          [{"type": "Ready", "status": "False", "reason": "PruneHeld", "message": "too much"}]})");
  EXPECT_EQ(SyncedText(held), "main: PruneHeld: too much; 0123456789ab stays in force\n");
  EXPECT_FALSE(IsInForce(held));
  const Value unread = source("{}");
  EXPECT_EQ(SyncedText(unread), "main: NotRead: it has not been read yet; nothing is in force\n");
  EXPECT_FALSE(IsInForce(unread));
  const Value suspended = source("{}", R"({"suspend": true})");
  EXPECT_EQ(SyncedText(suspended), "main: suspended\n");
  EXPECT_TRUE(IsInForce(suspended));
}

TEST(StatusText, SaysWhyTheNewestCommitIsNotInForceThoughNothingIsWrong) {
  const auto source = [](const std::string& status) {
    return StatusOf(
        R"({"metadata": {"name": "main"}, "spec": {}, "status": {"appliedCommit": "0123456789abcdef",
            "seenCommit": "fedcba9876543210",
            "conditions": [{"type": "Ready", "status": "True"}], )" +
        status + "}}");
  };
  const Value waits = source(R"("waiting": {"commit": "fedcba9876543210", "subject": "More"})");
  EXPECT_EQ(SyncedText(waits),
            "main: 0123456789ab in force; fedcba987654 waits for `reconcile apply`\n");
  EXPECT_FALSE(IsInForce(waits));
  const Value broken = source(R"("waiting": {"commit": "fedcba9876543210", "problem": "odd"})");
  EXPECT_EQ(SyncedText(broken),
            "main: 0123456789ab in force; fedcba987654 cannot be applied: odd\n");
  const Value pinned =
      source(R"("pin": {"commit": "0123456789abcdef", "from": "fedcba9876543210"})");
  EXPECT_EQ(SyncedText(pinned), "main: 0123456789ab in force, rolled back from fedcba987654\n");
  EXPECT_FALSE(IsInForce(pinned));
  const Value suspended = source(R"("suspended": {"by": "ada"})");
  EXPECT_EQ(SyncedText(suspended), "main: suspended, 0123456789ab in force\n");
  EXPECT_TRUE(IsInForce(suspended));
}

TEST(StatusText, ListsWhatIsNotConvergedAndWhatIsNoted) {
  const Value status = StatusOf(
      std::string(R"({"settled": true, "unconverged": ["pod a"], "notes": ["\u001b[2J"], )")
          .append(kCounts)
          .append("}"));
  EXPECT_EQ(StatusText(status),
            "Hosts: 1   Pods: 2 of 2 ready\nNot converged:\n  pod a\nNotes:\n  \\x1b[2J\n");
}

}  // namespace
}  // namespace reconcile
