#include "agent/image_collection.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

constexpr int64_t kGibibytes = 1 << 30;
constexpr int64_t kMinAgeMs = 120'000;
constexpr MonoTime kLater{10 * kMinAgeMs};

// Pulled as "shop:NUMBER", used last at `used_ms`.
void AddPulled(int number, int64_t used_ms, PulledImages* pulled) {
  const std::string text = std::to_string(number);
  NotePulled("shop:" + text, "sha256:" + text, {MonoTime{0}, WallTime{used_ms}}, pulled);
}

HostImage Image(int number, bool in_use = false) {
  const std::string text = std::to_string(number);
  return {"sha256:" + text, {"shop:" + text}, {"shop@sha256:" + text}, kGibibytes, in_use};
}

std::vector<std::string> IdsOf(const std::vector<ImageRemoval>& removals) {
  std::vector<std::string> ids;
  for (const ImageRemoval& removal : removals) ids.push_back(removal.id);
  return ids;
}

class ImageCollectionTest : public testing::Test {
 protected:
  ImageCollectionTest() {
    AddPulled(1, 3'000, &pulled_);
    AddPulled(2, 1'000, &pulled_);
    AddPulled(3, 2'000, &pulled_);
  }
  std::vector<std::string> Chosen(int64_t bytes = INT64_MAX, MonoTime now = kLater) const {
    return IdsOf(ChooseRemovals(images_, pulled_, wanted_, bytes, kMinAgeMs, now));
  }
  using Ids = std::vector<std::string>;

  PulledImages pulled_;
  WantedImages wanted_;
  std::vector<HostImage> images_ = {Image(1), Image(2), Image(3)};
};

TEST_F(ImageCollectionTest, TheLeastRecentlyUsedGoFirstUntilEnoughIsFree) {
  EXPECT_EQ(Chosen(), (Ids{"sha256:2", "sha256:3", "sha256:1"}));
  EXPECT_EQ(Chosen(kGibibytes + 1), (Ids{"sha256:2", "sha256:3"}));
  EXPECT_EQ(Chosen(1), Ids{"sha256:2"});
}

TEST_F(ImageCollectionTest, WhatAnybodyUsesOrIsAboutToUseStays) {
  images_[1].in_use = true;
  wanted_.references = {"shop:3"};
  EXPECT_EQ(Chosen(), Ids{"sha256:1"});
  wanted_.references = {"shop@sha256:3"};
  EXPECT_EQ(Chosen(), Ids{"sha256:1"});
  wanted_ = {{}, {"sha256:3", "sha256:1"}};
  EXPECT_EQ(Chosen(), Ids());
}

TEST_F(ImageCollectionTest, WhatTheAgentDidNotPullIsNobodysToRemove) {
  images_.push_back({"sha256:own", {"built:1"}, {}, kGibibytes, false});
  EXPECT_EQ(Chosen().size(), 3U);
  images_[0].references.emplace_back("a-person/calls-it:this");
  EXPECT_EQ(Chosen(), (Ids{"sha256:2", "sha256:3"})) << "nothing would be freed";
}

TEST_F(ImageCollectionTest, YoungImagesStay) {
  EXPECT_EQ(Chosen(INT64_MAX, MonoTime{kMinAgeMs - 1}), Ids());
  EXPECT_EQ(Chosen(INT64_MAX, MonoTime{kMinAgeMs}).size(), 3U);
}

TEST_F(ImageCollectionTest, ATagThatMovedLeavesItsImageToGoById) {
  NotePulled("shop:1", "sha256:new", {MonoTime{0}, WallTime{9'000}}, &pulled_);
  images_[0].references.clear();
  images_.push_back({"sha256:new", {"shop:1"}, {}, kGibibytes, true});
  const auto removals = ChooseRemovals(images_, pulled_, wanted_, INT64_MAX, kMinAgeMs, kLater);
  ASSERT_EQ(removals.size(), 3U);
  EXPECT_EQ(removals[2].references, Ids{"sha256:1"});
}

TEST_F(ImageCollectionTest, HowMuchIsToBeFree) {
  const FileSystemSpace space = {100 * kGibibytes, 15 * kGibibytes, 0, 0, 1};
  EXPECT_EQ(BytesToFree({}, space) / kGibibytes, 5) << "85 % in use: 20 % are to be free";
  EXPECT_EQ(BytesToFree({}, {100 * kGibibytes, 16 * kGibibytes, 0, 0, 1}), 0);
  EXPECT_EQ(BytesToFree({}, {}), 0) << "it is not known";
  EXPECT_EQ(BytesToFree({.high_percent = 100}, {100 * kGibibytes, 0, 0, 0, 1}), 0) << "off";
}

TEST_F(ImageCollectionTest, WhatIsKeptComesBackTheSame) {
  const Result<PulledImages> read = ReadPulledImages(WritePulledImages(pulled_), MonoTime{0});
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, pulled_);
  for (const char* wrong : {"", "[]", "{\"a\":1}"}) {
    EXPECT_FALSE(ReadPulledImages(wrong, MonoTime{0}).ok()) << wrong;
  }
}

TEST_F(ImageCollectionTest, NoMoreIsRememberedThanTheLimit) {
  for (size_t i = 10; i < 10 + kMaxPulledImages; ++i) AddPulled(static_cast<int>(i), 0, &pulled_);
  EXPECT_EQ(pulled_.size(), kMaxPulledImages);
}

}  // namespace
}  // namespace reconcile
