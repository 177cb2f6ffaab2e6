#include "base/status.h"

namespace reconcile {
namespace {

TEST(Status, OkCarriesNothing) {
  EXPECT_TRUE(OkStatus().ok());
  EXPECT_EQ(OkStatus().ToString(), "OK");
  EXPECT_TRUE(OkStatus().WithContext("reading").ok());
  EXPECT_EQ(OkStatus().WithContext("reading").message(), "");
}

TEST(Status, EachErrorKeepsItsCodeAndMessage) {
  const std::vector<std::pair<Status, std::string>> cases = {
      {InvalidError("x"), "Invalid: x"},   {NotFoundError("x"), "NotFound: x"},
      {ConflictError("x"), "Conflict: x"}, {UnavailableError("x"), "Unavailable: x"},
      {InternalError("x"), "Internal: x"},
  };
  for (const auto& [status, text] : cases) {
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.ToString(), text);
  }
}

TEST(Status, ContextIsPutBeforeTheMessage) {
  const Status status = NotFoundError("no such file").WithContext("reading a.yaml");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "reading a.yaml: no such file");
}

Status FailsWhen(bool fail) {
  RETURN_IF_ERROR(fail ? InvalidError("stopped") : OkStatus());
  return NotFoundError("went on");
}

TEST(Status, ReturnIfErrorPassesFailuresOn) {
  EXPECT_EQ(FailsWhen(true).message(), "stopped");
  EXPECT_EQ(FailsWhen(false).message(), "went on");
}

TEST(Result, HoldsAValueOrAStatus) {
  const Result<int> good = 5;
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(*good, 5);
  EXPECT_TRUE(good.status().ok());
  const Result<int> bad = InvalidError("no number");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().message(), "no number");
}

TEST(ResultDeathTest, TakingTheValueOfAnErrorEndsTheProcess) {
  const Result<int> bad = InvalidError("x");
  EXPECT_DEATH(static_cast<void>(bad.value()), "CHECK failed: ok\\(\\)");
}

TEST(ResultDeathTest, AnOkStatusIsNoResult) {
  EXPECT_DEATH(static_cast<void>(Result<int>{OkStatus()}), "CHECK failed");
}

}  // namespace
}  // namespace reconcile
