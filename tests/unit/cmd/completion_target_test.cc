#include "cmd/completion_target.h"

namespace reconcile {
namespace {

const std::set<std::string> kValued = {"-n", "--namespace", "--node", "--socket", "-c", "--source"};

// "pods in shop", "kinds", or "-".
std::string Completed(const std::vector<std::string>& words, const std::string& current = "") {
  const auto target = WhatToComplete(words, current, kValued);
  if (!target) return "-";
  if (!target->kind) return "kinds";
  return target->before_name + std::string(InfoOf(*target->kind).plural) + " in " +
         (target->all_namespaces ? "all" : target->namespace_name) +
         (target->socket.empty() ? "" : " at " + target->socket);
}

TEST(CompletionTarget, IsKindsAndThenTheirNames) {
  EXPECT_EQ(Completed({"get"}), "kinds");
  EXPECT_EQ(Completed({"get", "po"}), "pods in default");
  EXPECT_EQ(Completed({"describe", "deployment"}, "we"), "deployments in default");
  EXPECT_EQ(Completed({"get", "pods", "web-1"}), "-");
  EXPECT_EQ(Completed({"get", "nosuch"}), "-");
  EXPECT_EQ(Completed({"wait"}, "deploy/w"), "deploy/deployments in default");
  EXPECT_EQ(Completed({"wait", "deploy/web"}), "kinds");
  EXPECT_EQ(Completed({"explain"}), "kinds");
}

TEST(CompletionTarget, IsWhatACommandIsAbout) {
  EXPECT_EQ(Completed({"logs"}), "pods in default");
  EXPECT_EQ(Completed({"logs", "-f"}, "sts/"), "sts/statefulsets in default");
  EXPECT_EQ(Completed({"logs", "web-1"}), "-");
  EXPECT_EQ(Completed({"drain"}), "nodes in default");
  EXPECT_EQ(Completed({"node", "revoke"}), "nodes in default");
  EXPECT_EQ(Completed({"node"}), "-") << "that is for the shell's script";
  EXPECT_EQ(Completed({"rollback"}), "sources in default");
  EXPECT_EQ(Completed({}), "-");
  EXPECT_EQ(Completed({"get", "pods"}, "-"), "-");
}

TEST(CompletionTarget, KnowsOptionsAndTheirValues) {
  EXPECT_EQ(Completed({"get", "pods", "-n"}), "namespaces in default");
  EXPECT_EQ(Completed({"get", "-n", "shop", "pods"}), "pods in shop");
  EXPECT_EQ(Completed({"get", "--namespace=shop", "pods"}), "pods in shop");
  EXPECT_EQ(Completed({"get", "--namespace", "=", "shop", "pods"}), "pods in shop");
  EXPECT_EQ(Completed({"get", "pods", "--namespace", "="}), "namespaces in default");
  EXPECT_EQ(Completed({"--socket", "/run/x", "get", "pods", "-A"}), "pods in all at /run/x");
  EXPECT_EQ(Completed({"logs", "web", "-c"}), "-");
  EXPECT_EQ(Completed({"history", "--source"}), "sources in default");
}

TEST(CompletionTarget, OffersAShellNothingThatItWouldAct0n) {
  EXPECT_TRUE(IsPlainWord("deploy/web-1.x"));
  for (const char* word : {"", "a b", "$(id)", "a;b", "`x`", "a\nb"})
    EXPECT_FALSE(IsPlainWord(word));
}

}  // namespace
}  // namespace reconcile
