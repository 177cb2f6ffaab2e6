#include "agent/container_rights.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

TEST_F(AgentTest, AFilterOfSystemCallsIsReadFromTheHostsFolder) {
  AddPod("web");
  const auto pod = std::make_shared<Pod>(*assignment.pods.back());
  pod->spec.others.Set(
      "securityContext",
      ParseJson(R"({"seccompProfile":{"type":"Localhost","localhostProfile":"team/audit.json"}})")
          .value());
  assignment.pods.back() = pod;
  StartAgent();
  Assign();
  const auto waiting = [this] {
    RunFor(400'000);
    const auto& state = Reported("web").status.container_statuses.at(0).state;
    return state.waiting ? state.waiting->reason + ": " + state.waiting->message : "";
  };
  EXPECT_TRUE(waiting().starts_with("CreateContainerError: cannot load the seccomp profile \""))
      << waiting();
  EXPECT_NE(waiting().find("seccomp/team/audit.json"), std::string::npos) << waiting();
  for (const char* bad : {"{", "[]"}) {
    ASSERT_EQ(files.Write("seccomp/team/audit.json", bad, 0644), OkStatus());
    EXPECT_TRUE(waiting().starts_with("CreateContainerError: cannot load")) << waiting();
  }
  ASSERT_EQ(files.Write("seccomp/team/audit.json", std::string(kMaxSeccompBytes + 1, ' '), 0644),
            OkStatus());
  EXPECT_NE(waiting().find("it has more than 1048576 bytes"), std::string::npos) << waiting();
  EXPECT_TRUE(Running().empty());
  ASSERT_EQ(files.Write("seccomp/team/audit.json", R"({ "defaultAction": "SCMP_ACT_LOG" })", 0644),
            OkStatus());
  RunFor(400'000);
  ASSERT_EQ(Running().size(), 1U);
  EXPECT_EQ(engine.FindConfig(Running()[0].id)->rights.security_options,
            (std::vector<std::string>{"no-new-privileges",
                                      R"(seccomp={"defaultAction":"SCMP_ACT_LOG"})"}));
}

}  // namespace
}  // namespace reconcile
