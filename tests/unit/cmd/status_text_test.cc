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
