#include "schema/lifecycle.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

Container WithLifecycle(const std::string& json) {
  Container container;
  ContainerPort port;
  port.name = "web";
  port.container_port = 8080;
  container.ports = {port};
  container.others.Set("lifecycle", ParseJson(json).value());
  return container;
}

Hook PreStopOf(const std::string& handler) {
  return HookOf(WithLifecycle("{\"preStop\":" + handler + "}"), HookKind::kPreStop).value();
}

TEST(Lifecycle, HasTheHooksThatAreWritten) {
  const Container container =
      WithLifecycle(R"({"postStart":{"exec":{"command":["a","b c"]}},"preStop":null})");
  EXPECT_TRUE(HasHook(container, HookKind::kPostStart));
  EXPECT_FALSE(HasHook(container, HookKind::kPreStop));
  EXPECT_EQ(std::get<ExecProbe>(HookOf(container, HookKind::kPostStart)->action).command,
            (std::vector<std::string>{"a", "b c"}));
  EXPECT_FALSE(HookOf(container, HookKind::kPreStop));
  EXPECT_FALSE(HookOf(Container(), HookKind::kPostStart));
}

TEST(Lifecycle, RequestsHaveTheirPortsByNumberAndTakeAnyAnswer) {
  const Hook hook = PreStopOf(
      R"({"httpGet":{"port":"web","path":"leave","scheme":"HTTPS","host":"h","httpHeaders":[{"name":"A","value":"1"}]}})");
  EXPECT_EQ(std::get<HttpProbe>(hook.action),
            (HttpProbe{"h", 8080, "/leave", true, {{"A", "1"}}, true}));
  EXPECT_EQ(std::get<HttpProbe>(PreStopOf(R"({"httpGet":{"port":"none"}})").action).port, 0);
}

TEST(Lifecycle, SleepsAndHandlersThatNobodyCanRun) {
  EXPECT_EQ(std::get<SleepHook>(PreStopOf(R"({"sleep":{"seconds":3}})").action).ms, 3'000);
  EXPECT_EQ(std::get<InvalidHook>(PreStopOf(R"({"tcpSocket":{"port":1}})").action).handler,
            "tcpSocket");
  EXPECT_EQ(std::get<InvalidHook>(PreStopOf("{}").action).handler, "none");
}

TEST(Lifecycle, AHookIsReadAsItWasWritten) {
  for (const char* handler :
       {R"({"exec":{"command":["sh","-c","echo \"$X\" > /f"]}})",
        R"({"httpGet":{"port":"web","path":"/a?b","httpHeaders":[{"name":"A","value":""}]}})",
        R"({"sleep":{"seconds":3}})", R"({"tcpSocket":{"port":1}})", "{}"}) {
    const Hook hook = PreStopOf(handler);
    EXPECT_EQ(ReadHook(WriteHook(hook)), hook) << handler;
  }
  for (const char* text : {"", "{", "[]", "{}", "3"}) EXPECT_FALSE(ReadHook(text)) << text;
}

}  // namespace
}  // namespace reconcile
