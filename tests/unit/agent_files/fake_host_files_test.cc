#include "agent/fake_host_files.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

TEST(FakeHostFiles, LosesWhatWasNotSyncedWithThePower) {
  FakeHostFiles files;
  ASSERT_TRUE(files.Write("hosts", "old", 0644).ok());
  files.Sync();
  ASSERT_TRUE(files.Write("hosts", "new", 0644).ok());
  ASSERT_TRUE(files.Write("hostname", "new", 0644).ok());
  ASSERT_TRUE(files.WriteSealed("assignment", "kept").ok());
  files.LoseUnsynced();
  EXPECT_EQ(*files.Read("hosts"), "old");
  EXPECT_EQ(files.Read("hostname").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(*files.ReadSealed("assignment"), "kept");
}

TEST(FakeHostFiles, BringsBackWhatWasRemovedWithoutASync) {
  FakeHostFiles files;
  ASSERT_TRUE(files.WriteSealed("assignment", "kept").ok());
  ASSERT_TRUE(files.RemoveTree("assignment").ok());
  files.LoseUnsynced();
  EXPECT_EQ(*files.ReadSealed("assignment"), "kept");
}

TEST(FakeHostFiles, FailsWritesAsAsked) {
  FakeHostFiles files;
  files.FailNextWrites(UnavailableError("no space left on device"), 2);
  EXPECT_EQ(files.Write("hosts", "x", 0644).code(), StatusCode::kUnavailable);
  EXPECT_EQ(files.WriteSealed("assignment", "x").code(), StatusCode::kUnavailable);
  EXPECT_TRUE(files.Write("hosts", "x", 0644).ok());
  EXPECT_EQ(files.Read("assignment").status().code(), StatusCode::kNotFound);
}

TEST(FakeHostFiles, DamagesASealedFile) {
  FakeHostFiles files;
  EXPECT_FALSE(files.Damage("assignment"));
  ASSERT_TRUE(files.WriteSealed("assignment", "text").ok());
  EXPECT_TRUE(files.Damage("assignment"));
  EXPECT_EQ(files.ReadSealed("assignment").status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
