#include <gtest/gtest.h>

#include <set>

#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

TEST(ReplicaSet, DeclaredReplicasRunSpreadOverHosts) {
  World world;
  for (const char* name : {"host-1", "host-2", "host-3"}) world.AddNode(name);
  world.Declare({MakeDeployment("web", 6)});
  EXPECT_EQ(world.Spread(),
            (std::map<std::string, int>{{"host-1", 2}, {"host-2", 2}, {"host-3", 2}}));
}

}  // namespace
}  // namespace reconcile
