#include "cmd/top_text.h"

namespace reconcile {
namespace {

Value Parsed(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  CHECK(value.ok());
  return *value;
}

Value NodeList() {
  return Parsed(R"({"items": [
      {"metadata": {"name": "a"}, "status": {"allocatable": {"cpu": "2", "memory": "1000Mi"}}},
      {"metadata": {"name": "b"}, "status": {"allocatable": {"cpu": "8", "memory": "4Gi"}}},
      {"metadata": {"name": "silent"}, "status": {"allocatable": {"cpu": "8"}}}]})");
}

Value NodeMetrics() {
  return Parsed(R"({"items": [
      {"metadata": {"name": "b"}, "usage": {"cpu": "2500000001n", "memory": "512Mi"}},
      {"metadata": {"name": "a"}, "usage": {"cpu": "100m", "memory": "972800Ki"}}]})");
}

TEST(TopText, NodesHaveSharesOfWhatTheyHave) {
  EXPECT_EQ(TopNodesText(NodeMetrics(), NodeList(), {}),
            "NAME     CPU(cores)   CPU%        MEMORY(bytes)   MEMORY%\n"
            "a        100m         5%          950Mi           95%\n"
            "b        2501m        31%         512Mi           12%\n"
            "silent   <unknown>    <unknown>   <unknown>       <unknown>\n");
}

TEST(TopText, WhatUsesMostIsFirstWhenAskedForIt) {
  const std::string by_cpu =
      TopNodesText(NodeMetrics(), NodeList(), {.order = TopOrder::kCpu, .headers = false});
  EXPECT_TRUE(by_cpu.starts_with("b ")) << by_cpu;
  const std::string by_memory =
      TopNodesText(NodeMetrics(), NodeList(), {.order = TopOrder::kMemory, .headers = false});
  EXPECT_TRUE(by_memory.starts_with("a ")) << by_memory;
}

Value PodMetrics() {
  return Parsed(R"({"items": [
      {"metadata": {"namespace": "shop", "name": "web"}, "containers": [
          {"name": "app", "usage": {"cpu": "1500u", "memory": "50Mi"}},
          {"name": "log\u001b", "usage": {"cpu": "0", "memory": "2Mi"}}]},
      {"metadata": {"namespace": "shop", "name": "db"}, "containers": [
          {"name": "app", "usage": {"cpu": "1", "memory": "1Gi"}}]}]})");
}

TEST(TopText, PodsAreTheirContainersTogether) {
  EXPECT_EQ(TopPodsText(PodMetrics(), {}),
            "NAME   CPU(cores)   MEMORY(bytes)\n"
            "db     1000m        1024Mi\n"
            "web    2m           52Mi\n");
  const std::string everywhere = TopPodsText(PodMetrics(), {.with_namespace = true});
  EXPECT_TRUE(everywhere.starts_with("NAMESPACE   NAME   CPU(cores)")) << everywhere;
}

TEST(TopText, ContainersHaveALineEachAndNoControlCharacters) {
  const std::string text = TopPodsText(PodMetrics(), {.containers = true});
  EXPECT_TRUE(text.starts_with("POD   NAME")) << text;
  EXPECT_NE(text.find("web   app "), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace reconcile
