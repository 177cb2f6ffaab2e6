#include "source/source_settings.h"

#include <gtest/gtest.h>

#include <functional>

namespace reconcile {
namespace {

TEST(SourceInterval, IsADurationWithinBounds) {
  EXPECT_EQ(*ParseInterval("15s"), 15'000);
  EXPECT_EQ(*ParseInterval("1h30m"), 5'400'000);
  EXPECT_EQ(*ParseInterval("24h"), kMaxIntervalMs);
  for (const char* text : {"", "15", "4s", "25h", "s", "-5s", "1d", "5s5", "99999999999999999999s",
                           "9223372036854775807h", "1.5m", " 5s"}) {
    EXPECT_FALSE(ParseInterval(text).ok()) << text;
  }
  EXPECT_EQ(IntervalOf({}), kDefaultIntervalMs);
}

TEST(SourceSettings, ThatDoNotFitTogetherAreNamed) {
  const auto wrong = [](const std::function<void(SourceSpec*)>& change) {
    SourceSpec spec{"https://example.org/x", "", ""};
    change(&spec);
    return CheckSourceSpec(spec);
  };
  EXPECT_EQ(wrong([](SourceSpec*) {}), "");
  EXPECT_NE(wrong([](SourceSpec* s) { s->revision = s->semver = "1.x"; }), "");
  EXPECT_NE(wrong([](SourceSpec* s) { s->webhook.emplace(); }), "");
  EXPECT_NE(wrong([](SourceSpec* s) { s->credentials.ssh_key_file = "/k"; }), "");
  EXPECT_NE(wrong([](SourceSpec* s) { s->credentials.password_file = "/k"; }), "");
  EXPECT_NE(wrong([](SourceSpec* s) { s->credentials.username_file = "/k"; }), "");
  EXPECT_NE(wrong([](SourceSpec* s) { s->credentials.client_key_file = "/k"; }), "");
  EXPECT_EQ(wrong([](SourceSpec* s) { s->credentials.token_file = "/k"; }), "");
  EXPECT_NE(wrong([](SourceSpec* s) { s->repository = "git@example.org:x"; }), "");
  EXPECT_EQ(wrong([](SourceSpec* s) {
              s->repository = "git@example.org:x";
              s->credentials.ssh_key_file = "/k";
            }),
            "");
  EXPECT_NE(wrong([](SourceSpec* s) {
              s->repository = "git@example.org:x";
              s->credentials.ssh_key_file = s->credentials.token_file = "/k";
            }),
            "");
  EXPECT_NE(wrong([](SourceSpec* s) {
              s->repository = "/srv/git";
              s->credentials.token_file = "/k";
            }),
            "");
  EXPECT_NE(wrong([](SourceSpec* s) {
              s->repository = "/srv/git";
              s->interval = "30s";
            }),
            "");
}

}  // namespace
}  // namespace reconcile
