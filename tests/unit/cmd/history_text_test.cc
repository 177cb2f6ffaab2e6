#include "cmd/history_text.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace reconcile {
namespace {

Value Parsed(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  CHECK(value.ok());
  return *value;
}

constexpr char kHistory[] = R"({"items": [
  {"revision": "3f9a1c20b7de55", "source": "shop", "result": "Applied", "inForce": true,
   "subject": "Three", "at": "2026-01-02T03:04:05Z", "author": "Ada <ada@example.com>",
   "changes": {"created": 1, "changed": 2, "deleted": 0},
   "outcome": {"result": "Converged", "tookMs": 391, "podsStarted": 3, "podsStopped": 1}},
  {"revision": "77aa01bc55ee66", "source": "shop", "result": "Held", "subject": "None\u001b[2J",
   "message": "would remove 9 of 10 objects", "at": "2026-01-02T03:00:05Z"},
  {"revision": "3f9a1c20b7de55", "source": "shop", "result": "Applied", "subject": "Three",
   "at": "2026-01-01T03:04:05Z"}]})";

TEST(HistoryText, ListsCommitsWithWhatBecameOfThem) {
  const WallTime now = *ParseRfc3339("2026-01-02T03:06:05Z");
  EXPECT_EQ(HistoryText(Parsed(kHistory), now),
            "REVISION       SOURCE   APPLIED   RESULT                               CONVERGED   "
            "OBJECTS    PODS    AUTHOR   SUBJECT\n"
            "3f9a1c20b7de   shop     2m        applied, in force                    in 391 ms   +1 "
            "~2 -0   +3 -1   Ada      Three\n"
            "77aa01bc55ee   shop     -         held: would remove 9 of 10 objects   -           -  "
            "        -       -        None\\x1b[2J\n"
            "3f9a1c20b7de   shop     24h       applied                              -           -  "
            "        -       -        Three\n");
}

TEST(HistoryText, ListsWhatWasChangedByHandNewestFirst) {
  const WallTime now = *ParseRfc3339("2026-01-02T03:06:05Z");
  const Value events = Parsed(R"({"items": [
    {"involvedObject": {"kind": "Node", "name": "host-1"}, "message": "Rules\u001b[2J back",
     "count": 1, "lastTimestamp": "2026-01-02T03:04:05Z"},
    {"involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"}, "message": "Made again",
     "count": 3, "lastTimestamp": "2026-01-02T03:05:05Z"}]})");
  EXPECT_EQ(DriftText(events, now),
            "\nDrift put back:\n"
            "  60s ago: Pod shop/web-1: Made again (3 times)\n"
            "  2m ago: Node host-1: Rules\\x1b[2J back\n");
  EXPECT_EQ(DriftText(Parsed(R"({"items": []})"), now), "");
}

TEST(HistoryText, FindsARevisionByItsBeginning) {
  const Value history = Parsed(kHistory);
  EXPECT_TRUE(FindRevision(history, "3f9a")->GetBool("inForce"));  // the newest of two
  EXPECT_EQ(FindRevision(history, "12").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(FindRevision(history, "").status().code(), StatusCode::kInvalid);
}

TEST(HistoryText, SaysOfOneCommitWhatItChangedAndHowItWentOn) {
  EXPECT_EQ(RevisionText(*FindRevision(Parsed(kHistory), "3f9a")),
            "Revision:   3f9a1c20b7de55\nSource:     shop\nSubject:    Three\n"
            "Author:     Ada <ada@example.com>\n"
            "Result:     applied, in force since 2026-01-02T03:04:05Z\nConverged:  in 391 ms\n"
            "Objects:    1 created, 2 changed, 0 deleted\nPods:       3 started, 1 stopped\n");
}

TEST(HistoryText, SaysOfOneCommitWhyItIsHeld) {
  EXPECT_EQ(RevisionText(*FindRevision(Parsed(kHistory), "77aa")),
            "Revision:   77aa01bc55ee66\nSource:     shop\nSubject:    None\\x1b[2J\n"
            "Result:     held since 2026-01-02T03:00:05Z\nWhy:        would remove 9 of 10 "
            "objects\n");
}

TEST(TimingText, SaysHowFarACommitWent) {
  const std::string text = TimingText(Parsed(
      R"({"timing": {"totalMs": 40, "pods": 3, "podsReady": 0, "pod": "", "node": "", "stages": [
          {"name": "seen", "atMs": 0, "tookMs": 0, "sharePercent": 0},
          {"name": "stored", "atMs": 40, "tookMs": 40, "sharePercent": 100}]}})"));
  EXPECT_EQ(text,
            "Timing:     40 ms from commit seen to stored; 0 of 3 pods ready; this is how far it "
            "went\n\nSTAGE    AT      TOOK    SHARE\nseen     0 ms    0 ms    0.0 %\n"
            "stored   40 ms   40 ms   100.0 %\n");
}

TEST(TimingText, SaysWhenNothingIsKnown) {
  EXPECT_EQ(TimingText(Value::MakeMap()).find("Timing:     not known"), 0U);
}

}  // namespace
}  // namespace reconcile
