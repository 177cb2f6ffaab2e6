#include "runtime/image_reference.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

TEST(ImageReference, TakesNameAndTagApartAsDockerDoes) {
  const auto expect = [](const std::string& text, const std::string& name, const std::string& tag) {
    const auto parsed = ParseImageReference(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
    EXPECT_EQ(parsed->name, name) << text;
    EXPECT_EQ(parsed->tag, tag) << text;
  };
  expect("nginx", "nginx", "latest");
  expect("nginx:1.25", "nginx", "1.25");
  expect("localhost:5000/team/app", "localhost:5000/team/app", "latest");
  expect("localhost:5000/team/app:v1", "localhost:5000/team/app", "v1");
  expect("app@sha256:abc", "app", "sha256:abc");
  expect("host:5000/app:v1@sha256:abc", "host:5000/app", "sha256:abc");
  expect("host:5000/app@sha256:abc", "host:5000/app", "sha256:abc");
}

TEST(ImageReference, RefusesWhatHasNoPlaceInAPath) {
  for (const char* text :
       {"", "a b", "a?b", "a#b", "a%2e", "../x", "a/../b", "a//b", "/a", "a/", "a/./b", "a:", ":b",
        "a@b", "a@sha256:x@y", "@sha256:x", "a\nb", "caf\xc3\xa9"}) {
    EXPECT_EQ(ParseImageReference(text).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(ImageReference, RefusesColonsThatAreNeitherPortNorTag) {
  for (const char* text : {"a:b:c", "b:Ta/X6", "b:5000/a:b:c", "b:Ta/X6:ha256:o@bn/:Ta/X1",
                           "a@sha256:b/c", ":5000/a", "b:/a", "a/b:5000/c"}) {
    EXPECT_FALSE(ParseImageReference(text).ok()) << text;
  }
  EXPECT_EQ(ParseImageReference("b:5000/a/c:1")->name, "b:5000/a/c");
  EXPECT_EQ(ParseImageReference("b:5000/a:1@sha256:00")->name, "b:5000/a");
}

TEST(ImageReference, IsBoundedInLength) {
  EXPECT_TRUE(ParseImageReference(std::string(kMaxReferenceLength, 'a')).ok());
  EXPECT_FALSE(ParseImageReference(std::string(kMaxReferenceLength + 1, 'a')).ok());
}

TEST(ImageReference, NormalizesByAddingTheImpliedTag) {
  EXPECT_EQ(NormalizeReference("nginx"), "nginx:latest");
  EXPECT_EQ(NormalizeReference("nginx:1"), "nginx:1");
  EXPECT_EQ(NormalizeReference("a:1@sha256:x"), "a@sha256:x");
  EXPECT_EQ(NormalizeReference("sha256:abc"), "sha256:abc");
  EXPECT_EQ(NormalizeReference("no reference"), "no reference");
}

TEST(ContainerName, FollowsDockersRule) {
  for (const char* name : {"ab", "a.b_c-d", "0a", "aB9"}) {
    EXPECT_EQ(ValidateContainerName(name), OkStatus()) << name;
  }
  for (const char* name : {"", "a", ".a", "-a", "a/b", "a b", "a%20", "..", "a\n"}) {
    EXPECT_EQ(ValidateContainerName(name).code(), StatusCode::kInvalid) << name;
  }
  EXPECT_EQ(ValidateContainerName(std::string(kMaxContainerNameLength, 'a')), OkStatus());
  EXPECT_FALSE(ValidateContainerName(std::string(kMaxContainerNameLength + 1, 'a')).ok());
}

}  // namespace
}  // namespace reconcile
