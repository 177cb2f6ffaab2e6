#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class HostNetworkTest : public StepTest {
 protected:
  HostNetworkTest() {
    host.host_ip = "192.0.2.1";
    const auto pod = MakePod();
    pod->spec.host_network = true;
    Assign(pod);
  }
};

TEST_F(HostNetworkTest, APodOfTheHostsNetworkHasItsAddressAndNothingIsAttached) {
  const StepResult result = Settle();
  EXPECT_EQ(ReportOf(result).status.pod_ip, "192.0.2.1");
  EXPECT_TRUE(seen.attached_addresses.empty());
  EXPECT_EQ(All("POD").size(), 1U);
  EXPECT_EQ(All("app").size(), 1U);
}

TEST_F(HostNetworkTest, ItGoesWithoutLeavingAnything) {
  Settle();
  Delete(0, 30);
  Settle();
  EXPECT_TRUE(seen.containers.empty());
  EXPECT_TRUE(ReportOf(Take()).gone);
}

TEST_F(HostNetworkTest, AnAgentThatBeginsAnewFindsItAsItIs) {
  Settle();
  ForgetEverything();
  const size_t before = seen.containers.size();
  EXPECT_EQ(ReportOf(Settle()).status.pod_ip, "192.0.2.1");
  EXPECT_EQ(seen.containers.size(), before);
}

}  // namespace
}  // namespace reconcile
