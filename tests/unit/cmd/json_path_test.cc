#include "cmd/json_path.h"

namespace reconcile {
namespace {

const Value& Pods() {
  static const Value kPods = [] {
    const Result<Value> value = ParseJson(R"({"kind": "List", "items": [
      {"metadata": {"name": "a", "labels": {"app.io/name": "web"}}, "spec": {"replicas": 2},
       "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Extra"}]}},
      {"metadata": {"name": "b"}, "spec": {"replicas": 3, "paused": true},
       "status": {"conditions": [{"type": "Ready", "status": "False"}]}}]})");
    CHECK(value.ok());
    return *value;
  }();
  return kPods;
}

std::string Shown(const std::string& text) {
  const Result<JsonPath> path = JsonPath::Parse(text);
  if (!path.ok()) return "error: " + path.status().message();
  const Result<std::string> shown = path->Write(Pods());
  return shown.ok() ? *shown : "error: " + shown.status().message();
}

// What kubectl 1.33 prints for the same.
TEST(JsonPath, ReadsWhatKubectlsTemplatesAsk) {
  EXPECT_EQ(Shown("{.items[*].metadata.name}"), "a b");
  EXPECT_EQ(Shown("{.items[0].metadata.name}{\"\\n\"}"), "a\n");
  EXPECT_EQ(Shown("{.items[-1:].metadata.name} and {.items[0:1]..name}"), "b and a");
  EXPECT_EQ(Shown("{range .items[*]}{.metadata.name}{\"\\t\"}{.spec.paused}{'\\n'}{end}"),
            "a\t\nb\ttrue\n");
  EXPECT_EQ(Shown("{.items[?(@.metadata.name==\"b\")].spec.replicas}"), "3");
  EXPECT_EQ(Shown("{.items[?(@.spec.replicas>2)].metadata.name}"), "b");
  EXPECT_EQ(Shown("{.items[?(@.spec.paused)].metadata.name}"), "b");
  EXPECT_EQ(Shown("{.items[*].status.conditions[?(@.type=='Ready')].status}"), "True False");
  EXPECT_EQ(Shown("{.items[0].metadata.labels['app.io/name']}"), "web");
  EXPECT_EQ(Shown("{.items[0].metadata.labels.app\\.io/name}"), "web");
  EXPECT_EQ(Shown("{.items[0].spec}"), "{\"replicas\":2}");
  EXPECT_EQ(Shown("kind"), "List");
  EXPECT_EQ(Shown(".kind"), "List");
  EXPECT_EQ(Shown("{$.kind}"), "List");
  EXPECT_EQ(Shown("{.items[*].spec.paused}"), "true") << "some may lack what others have";
}

TEST(JsonPath, SaysWhatIsNotThere) {
  EXPECT_EQ(Shown("{.nosuch.name}"), "error: JSONPath: nosuch is not found");
  EXPECT_EQ(Shown("{.items[7]}"), "error: JSONPath: index 7 of a list of 2");
}

TEST(JsonPath, SaysWhereATemplateIsWrong) {
  EXPECT_EQ(Shown("{.items[*]"), "error: JSONPath, character 11: there is no '}'");
  EXPECT_EQ(Shown("{range .items}{.a}"), "error: JSONPath, character 19: {range} has no {end}");
  EXPECT_EQ(Shown("{end}"), "error: JSONPath, character 6: {end} without a {range}");
  EXPECT_EQ(Shown("{.a['b','c']}"),
            "error: JSONPath, character 8: unions of names are not done here");
  for (const char* text : {"{", "{\"a}", "{.a[}", "{.a[?(}", "{.a[?(@.b==)]}", "{.a[1:2:3]}",
                           "{.a[x]}", "{..}", "{.a b}"}) {
    EXPECT_FALSE(JsonPath::Parse(text).ok()) << text;
  }
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "{range .a}";
  EXPECT_FALSE(JsonPath::Parse(deep).ok());
  std::string filters = "{.a";
  for (int i = 0; i < 1000; ++i) filters += "[?(@";
  EXPECT_FALSE(JsonPath::Parse(filters).ok());
}

}  // namespace
}  // namespace reconcile
