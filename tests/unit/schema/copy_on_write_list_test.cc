#include "schema/copy_on_write_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schema/all_kinds.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

using List = CopyOnWriteList<std::string>;

TEST(CopyOnWriteList, CopiesShareItemsUntilOneIsWrittenTo) {
  List list = {"a", "b"};
  List copy = list;
  EXPECT_TRUE(copy.IsOneWith(list));
  EXPECT_EQ(&copy[0], &list[0]);
  copy.Edit()[0] = "c";
  EXPECT_FALSE(copy.IsOneWith(list));
  EXPECT_EQ(list, (List{"a", "b"}));
  EXPECT_EQ(copy, (List{"c", "b"}));
  EXPECT_NE(copy, list);
}

TEST(CopyOnWriteList, WritingWhatNobodySharesCopiesNothing) {
  List list = {"a", "b"};
  const std::string* first = &list[0];
  list.Edit()[1] = "c";
  EXPECT_EQ(&list[0], first);
  { const List copy = list; }
  list.Edit()[1] = "d";
  EXPECT_EQ(&list[0], first);
}

TEST(CopyOnWriteList, IsAListLikeOthers) {
  List list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.size(), 0U);
  EXPECT_EQ(list, List());
  list.push_back("a");
  list.emplace_back() = "b";
  EXPECT_EQ(list.front() + list.back(), "ab");
  EXPECT_EQ(std::string(list.begin()->data()), "a");
  EXPECT_EQ(*list.rbegin(), "b");
  list = {"c"};
  EXPECT_EQ(list.items(), std::vector<std::string>{"c"});
  list.clear();
  EXPECT_EQ(list, List());
  EXPECT_EQ(List(std::vector<std::string>()), List());
  list.Edit();
  EXPECT_EQ(list, List());
}

TEST(CopyOnWriteList, ContainersOfWhatIsFilledAlreadyStayShared) {
  Pod pod;
  pod.metadata.name = "web";
  pod.spec.containers = {{.name = "main", .image = "app:1"}};
  ApplyDefaults(&pod);
  EXPECT_EQ(pod.spec.containers[0].image_pull_policy, PullPolicy::kIfNotPresent);
  Pod again = pod;
  ApplyDefaults(&again);
  EXPECT_TRUE(again.spec.containers.IsOneWith(pod.spec.containers));
  Pod limited = pod;
  limited.spec.containers.Edit()[0].resources.limits["cpu"] = Quantity::Parse("1").value();
  ApplyDefaults(&limited);
  EXPECT_EQ(limited.spec.containers[0].resources.requests,
            limited.spec.containers[0].resources.limits);
  EXPECT_TRUE(pod.spec.containers[0].resources.requests.empty());
}

}  // namespace
}  // namespace reconcile
