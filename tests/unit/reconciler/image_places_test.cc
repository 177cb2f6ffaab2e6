#include "reconciler/scheduler/image_places.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "reconciler/scheduler/scheduler.h"
#include "reconciler/scheduler/usage_cache.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

// Three hosts of which the second has a large image.
class ImagePlacesTest : public testing::Test {
 protected:
  ImagePlacesTest() {
    for (const char* name : {"host-1", "host-2", "host-3"}) world_.AddNode(name);
    Give("host-2", "large:1", 900 * kMebibyte);
  }
  void Give(const std::string& node, const std::string& image, int64_t bytes) {
    world_.Edit<Node>("", node, [&](Node* host) {
      host->status.images.push_back({{image}, bytes});
    });
  }
  static std::shared_ptr<Pod> Pending(const std::string& name, const std::string& image) {
    auto pod = MakePod(name, image);
    pod->metadata.uid = "uid-" + name;
    pod->metadata.creation_timestamp = WallTime{1};
    return pod;
  }
  void PutOn(const std::string& node, const std::string& name, const std::string& image) {
    auto pod = Pending(name, image);
    pod->spec.node_name = node;
    world_.state.Put(pod);
  }
  Binding PlaceOne(const std::string& name, const std::string& image) {
    return Place({Pending(name, image)}, world_.state).at(0);
  }

  World world_;
};

TEST_F(ImagePlacesTest, WhatIsThereCountsBetweenTwoBounds) {
  EXPECT_EQ(ImageLocalityScore(0, 1), 0);
  EXPECT_EQ(ImageLocalityScore(23 * kMebibyte, 1), 0);
  EXPECT_EQ(ImageLocalityScore(1000 * kMebibyte, 1), kMaxScore);
  EXPECT_EQ(ImageLocalityScore(INT64_MAX, 1), kMaxScore);
  EXPECT_EQ(ImageLocalityScore((1000 + 23) * kMebibyte / 2, 1), kMaxScore / 2);
  EXPECT_LT(ImageLocalityScore(1000 * kMebibyte, 2), kMaxScore / 2) << "of two containers";
  EXPECT_EQ(ImageLocalityScore(2000 * kMebibyte, 2), kMaxScore);
}

TEST_F(ImagePlacesTest, APodGoesWhereItsImageIsAndSaysSo) {
  for (const char* name : {"a", "b", "c", "d"}) {
    const Binding binding = PlaceOne(name, "docker.io/library/large:1");
    EXPECT_EQ(binding.node, "host-2");
    // A third of 900 MiB counts: (300 - 23) / (1000 - 23).
    EXPECT_NE(binding.explanation.find(", has 1 of 1 images (28 of 100 for them)"),
              std::string::npos)
        << binding.explanation;
  }
}

TEST_F(ImagePlacesTest, WhatIsSmallOrNowhereSaysNothing) {
  Give("host-3", "small:1", 5 * kMebibyte);
  for (const char* image : {"small:1", "other:1", "large"}) {
    EXPECT_EQ(PlaceOne("a", image).explanation.find("images"), std::string::npos) << image;
  }
}

TEST_F(ImagePlacesTest, SiblingsGoOverTheHostsAllTheSame) {
  world_.Declare({MakeDeployment("web", 3, "large:1")});
  EXPECT_EQ(world_.Spread(),
            (std::map<std::string, int>{{"host-1", 1}, {"host-2", 1}, {"host-3", 1}}));
}

// It pulls it before the next one comes: a plan, which pulls nothing, says the same as the commit.
TEST_F(ImagePlacesTest, AHostHasWhatItsPodsUse) {
  PutOn("host-1", "first", "large:1");
  world_.Edit<Node>("", "host-3", [](Node* node) { node->spec.unschedulable = true; });
  const std::string before = PlaceOne("next", "large:1").explanation;
  EXPECT_NE(before.find("(59 of 100 for them)"), std::string::npos) << "two of three: " << before;
  Give("host-1", "large:1", 900 * kMebibyte);
  EXPECT_EQ(PlaceOne("next", "large:1").explanation, before);
}

TEST_F(ImagePlacesTest, APlacementCountsForTheNext) {
  world_.Edit<Node>("", "host-2", [](Node* node) { node->spec.unschedulable = true; });
  const auto bindings = Place({Pending("a", "large:1"), Pending("b", "large:1")}, world_.state);
  EXPECT_EQ(bindings[0].explanation.find("images"), std::string::npos);
  EXPECT_EQ(bindings[1].node, bindings[0].node) << "59 for it outweigh what the first one takes";
  EXPECT_NE(bindings[1].explanation.find("has 1 of 1 images"), std::string::npos);
}

TEST_F(ImagePlacesTest, AKeptViewIsWhatANewOneIs) {
  UsageCache kept;
  kept.Update(world_.state);
  PutOn("host-1", "first", "large:1");
  kept.Update(world_.state);
  Give("host-3", "other:1", 400 * kMebibyte);
  world_.Edit<Node>("", "host-2", [](Node* node) { node->status.images.clear(); });
  kept.Update(world_.state);
  UsageCache fresh;
  fresh.Update(world_.state);
  for (const char* image : {"large:1", "other:1"}) {
    const std::vector<ImageId> images = {Fnv1a64(image)};
    EXPECT_EQ(kept.images().Scores(images, 3), fresh.images().Scores(images, 3)) << image;
    for (size_t node = 0; node < 3; ++node) {
      EXPECT_EQ(kept.images().CountOn(node, images), fresh.images().CountOn(node, images));
    }
  }
  EXPECT_TRUE(kept.images().Scores({Fnv1a64("large:1")}, 3).empty()) << "nobody tells its size";
  EXPECT_EQ(kept.images().CountOn(0, {Fnv1a64("large:1")}), 1U);
}

TEST_F(ImagePlacesTest, NoSizeIsTooLarge) {
  for (const char* name : {"host-1", "host-2", "host-3"}) Give(name, "huge:1", INT64_MAX);
  EXPECT_NE(PlaceOne("a", "huge:1").explanation.find("(100 of 100"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
