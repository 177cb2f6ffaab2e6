#include "schema/images.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

TEST(Images, AreNamedAsEnginesListThem) {
  const std::pair<const char*, const char*> names[] = {
      {"nginx", "nginx:latest"},
      {"docker.io/library/nginx:1.25", "nginx:1.25"},
      {"library/nginx", "nginx:latest"},
      {"index.docker.io/team/app:2", "team/app:2"},
      {"registry:5000/app", "registry:5000/app:latest"},
      {"registry:5000/app:3", "registry:5000/app:3"},
      {"docker.io/nginx@sha256:12", "nginx@sha256:12"},
      {"registry:5000/app:3@sha256:12", "registry:5000/app@sha256:12"},
      {"sha256:0123", "sha256:0123"},
  };
  for (const auto& [image, listed] : names) {
    EXPECT_EQ(ListedImage(image), listed) << image;
    EXPECT_EQ(ListedImage(listed), listed) << "it is its own name";
  }
}

TEST(Images, TheLargestAreToldByName) {
  std::vector<ContainerImage> images;
  for (size_t i = 0; i < kMaxNodeImages + 10; ++i) {
    images.push_back({{"app-" + std::to_string(1000 - i)}, static_cast<int64_t>(i)});
  }
  const auto told = TellableImages(images);
  ASSERT_EQ(told.size(), kMaxNodeImages);
  EXPECT_EQ(told.front().names.front(), "app-" + std::to_string(1000 - kMaxNodeImages - 9));
  for (size_t i = 0; i < told.size(); ++i) {
    EXPECT_GE(told[i].size_bytes, 10);
    if (i == 0) continue;
    EXPECT_LT(told[i - 1].names, told[i].names);
  }
  EXPECT_EQ(TellableImages(told), told);
}

TEST(Images, OfTheirNamesAFewAreTold) {
  ContainerImage many{.names = {"", std::string(kMaxImageNameBytes + 1, 'x')}, .size_bytes = 1};
  for (size_t i = 0; i < kMaxImageNames + 3; ++i) many.names.push_back("n:" + std::to_string(i));
  const auto told = TellableImages({many, {{}, 7}, {{""}, 8}});
  ASSERT_EQ(told.size(), 1U) << "without a name it says nothing";
  EXPECT_EQ(told[0].names, (std::vector<std::string>{"n:0", "n:1", "n:2", "n:3", "n:4"}));
}

TEST(Images, ListsAreCompared) {
  const auto list = [](const std::string& name) {
    return std::make_shared<const std::vector<ContainerImage>>(
        std::vector<ContainerImage>{{{name}, 1}});
  };
  const ImageList none = std::make_shared<const std::vector<ContainerImage>>();
  EXPECT_TRUE(SameImages(list("a"), list("a")));
  EXPECT_FALSE(SameImages(list("a"), list("b")));
  EXPECT_FALSE(SameImages(list("a"), nullptr));
  EXPECT_TRUE(SameImages(none, nullptr));
}

TEST(Images, AHostThatToldAsManyAsItMayCanHaveMore) {
  NodeStatus status;
  EXPECT_TRUE(MayHaveMoreImages(status));
  status.images.resize(kMaxNodeImages - 1);
  EXPECT_FALSE(MayHaveMoreImages(status));
  status.images.resize(kMaxNodeImages);
  EXPECT_TRUE(MayHaveMoreImages(status));
}

}  // namespace
}  // namespace reconcile
