#include "reconciler/source_operations.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

SourceSpec Manual() {
  SourceSpec spec;
  spec.repository = "/srv/manifests";
  spec.apply = "manual";
  return spec;
}

// A rollback that waits for a wave, and whose pin a newer commit ended: it is in force, not the
// commit that it left.
TEST(WantedCommit, OfAManualSourceIsTheOneInForceAlsoWhileItsWavesWait) {
  SourceStatus status;
  status.applied_commit = "bad";
  EXPECT_EQ(WantedCommit(Manual(), status, "newest"), "bad");
  status.applying_commit = "good";
  EXPECT_EQ(WantedCommit(Manual(), status, "newest"), "good");
  status.accepted = SourceAcceptance{.commit = "newest"};
  EXPECT_EQ(WantedCommit(Manual(), status, "newest"), "newest");
}

TEST(StatusUnder, OfAnotherPathNothingThatWasBegunCounts) {
  Source source;
  source.spec = Manual();
  source.status.applying_commit = "first";
  source.status.let_through = {"mark"};
  SourceSpec moved = Manual();
  moved.path = "deploy";
  const SourceStatus status = StatusUnder(moved, &source);
  EXPECT_TRUE(status.read_otherwise);
  EXPECT_TRUE(status.applying_commit.empty());
  EXPECT_TRUE(status.let_through.empty());
  EXPECT_EQ(WantedCommit(moved, status, "newest"), "");
}

TEST(RollbackTarget, WhileAWaveWaitsIsTheCommitThatIsWhollyApplied) {
  Source source;
  source.metadata.name = "shop";
  source.spec = Manual();
  source.status.applied_commit = "before";
  source.status.applying_commit = "stuck";
  const Result<std::string> target = RollbackTarget(source, "stuck", "");
  ASSERT_TRUE(target.ok()) << target.status().message();
  EXPECT_EQ(*target, "before");
  source.status.read_otherwise = true;
  EXPECT_FALSE(RollbackTarget(source, "stuck", "").ok()) << "read otherwise, it is another commit";
}

}  // namespace
}  // namespace reconcile
