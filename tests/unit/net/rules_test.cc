#include <gtest/gtest.h>

#include "net/compile.h"
#include "tests/unit/net/golden.h"

namespace reconcile {
namespace {

const HostNetworkConfig kRulesConfig = {"10.42.0.0/16", "10.42.7.0/24", 1450};

TEST(CompileHostRules, Golden) {
  ExpectGolden("rules.nft", CompileHostRules(kRulesConfig));
  ExpectGolden("remove_rules.nft", CompileRemoveRules());
}

}  // namespace
}  // namespace reconcile
