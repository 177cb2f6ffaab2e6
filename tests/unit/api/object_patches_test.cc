#include "api/json_patch.h"
#include "api/strategic_merge.h"

namespace reconcile {
namespace {

Value V(const std::string& text) {
  const Result<Value> value = ParseJson(text);
  CHECK(value.ok());
  return *value;
}

std::string Strategic(const std::string& target, const std::string& patch) {
  const Result<Value> merged = StrategicMergePatch(V(target), V(patch));
  return merged.ok() ? WriteJson(*merged) : merged.status().message();
}

std::string Patch(const std::string& target, const std::string& patch) {
  const Result<Value> patched = JsonPatch(V(target), V(patch));
  return patched.ok() ? WriteJson(*patched) : patched.status().message();
}

// The examples of RFC 7386, appendix A.
TEST(JsonMergePatch, DoesWhatItsStandardSays) {
  const std::vector<std::array<const char*, 3>> cases = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}};
  for (const auto& [target, patch, wanted] : cases) {
    EXPECT_EQ(WriteJson(JsonMergePatch(V(target), V(patch))), wanted) << target << patch;
  }
}

// From RFC 6902, appendix A.
TEST(JsonPatch, DoesWhatItsStandardSays) {
  const std::vector<std::array<const char*, 3>> cases = {
      {R"({"foo":["a","b"]})", R"([{"op":"add","path":"/foo/1","value":"x"}])",
       R"({"foo":["a","x","b"]})"},
      {R"({"foo":["a"]})", R"([{"op":"add","path":"/foo/-","value":["x"]}])",
       R"({"foo":["a",["x"]]})"},
      {R"({"foo":["a","x","b"]})", R"([{"op":"remove","path":"/foo/1"}])", R"({"foo":["a","b"]})"},
      {R"({"a":1,"b":2})", R"([{"op":"replace","path":"/b","value":3}])", R"({"a":1,"b":3})"},
      {R"({"foo":{"x":1},"q":{}})", R"([{"op":"move","from":"/foo/x","path":"/q/y"}])",
       R"({"foo":{},"q":{"y":1}})"},
      {R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])",
       R"({"a":{"b":1},"c":{"b":1}})"},
      {R"({"~/":1})", R"([{"op":"test","path":"/~0~1","value":1},{"op":"remove","path":"/~0~1"}])",
       R"({})"},
      {R"({"a":1})", R"([{"op":"replace","path":"","value":{"b":2}}])", R"({"b":2})"}};
  for (const auto& [target, patch, wanted] : cases) {
    EXPECT_EQ(Patch(target, patch), wanted) << target << patch;
  }
}

TEST(JsonPatch, SaysWhichOperationCannotBeDone) {
  EXPECT_EQ(Patch(R"({"a":[1]})", R"([{"op":"remove","path":"/a/1"}])"),
            "operation 0 of the JSON patch, remove /a/1: cannot be done on what is there");
  for (const char* patch :
       {R"([{"op":"test","path":"/a","value":2}])", R"([{"op":"replace","path":"/b","value":2}])",
        R"([{"op":"add","path":"/b/c","value":2}])", R"([{"op":"move","from":"/a","path":"/a/0"}])",
        R"([{"op":"add","path":"/a/01","value":2}])", R"([{"op":"remove","path":""}])"}) {
    EXPECT_EQ(JsonPatch(V(R"({"a":[1]})"), V(patch)).status().code(), StatusCode::kNotFound)
        << patch;
  }
  for (const char* patch : {R"({})", R"([1])", R"([{"op":"grow","path":"/a"}])",
                            R"([{"op":"add","path":"a","value":1}])",
                            R"([{"op":"add","path":"/a"}])", R"([{"op":"copy","path":"/a"}])"}) {
    EXPECT_EQ(JsonPatch(V(R"({"a":[1]})"), V(patch)).status().code(), StatusCode::kInvalid)
        << patch;
  }
}

TEST(JsonPatch, IsBounded) {
  std::string doubling = "[";
  for (int i = 0; i < 40; ++i) {
    doubling += std::string(i > 0 ? "," : "") + R"({"op":"copy","from":"/a","path":"/a/-"})";
  }
  EXPECT_EQ(JsonPatch(V(R"({"a":["0123456789"]})"), V(doubling + "]")).status().code(),
            StatusCode::kNotFound);
  std::string deepening = "[";
  std::string path = "/a";
  for (int i = 0; i < 100; ++i, path += "/a") {
    deepening +=
        std::string(i > 0 ? "," : "") + R"({"op":"add","path":")" + path + R"(","value":{}})";
  }
  EXPECT_EQ(JsonPatch(V("{}"), V(deepening + "]")).status().message(),
            "operation 64 of the JSON patch, add " + path.substr(0, 2 * 65) +
                ": cannot be done on what is there");
  Value many = Value::MakeList();
  for (size_t i = 0; i <= kMaxPatchOperations; ++i) {
    many.Append(V(R"({"op":"add","path":"/a","value":1})"));
  }
  EXPECT_EQ(JsonPatch(V("{}"), many).status().code(), StatusCode::kInvalid);
}

TEST(StrategicMergePatch, MergesListsByTheirKeys) {
  const std::string pods =
      R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x:1","env":[{"name":"K","value":"1"}]},)"
      R"({"name":"b","image":"y:1"}]}}}})";
  EXPECT_EQ(
      Strategic(
          pods,
          R"({"spec":{"template":{"spec":{"containers":[{"name":"b","image":"y:2"},{"name":"c","image":"z"}]}}}})"),
      R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x:1","env":[{"name":"K","value":"1"}]},)"
      R"({"name":"b","image":"y:2"},{"name":"c","image":"z"}]}}}})");
  EXPECT_EQ(
      Strategic(
          pods,
          R"({"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],)"
          R"("containers":[{"$patch":"delete","name":"none"},{"name":"a","env":[{"name":"K","$patch":"delete"}]}]}}}})"),
      R"({"spec":{"template":{"spec":{"containers":[{"name":"b","image":"y:1"},{"name":"a","image":"x:1","env":[]}]}}}})");
}

TEST(StrategicMergePatch, KnowsPortsByWhoHasThem) {
  EXPECT_EQ(Strategic(R"({"spec":{"ports":[{"port":80,"targetPort":1}]}})",
                      R"({"spec":{"ports":[{"port":80,"targetPort":2}]}})"),
            R"({"spec":{"ports":[{"port":80,"targetPort":2}]}})");
  EXPECT_EQ(Strategic(R"({"containers":[{"name":"a","ports":[{"containerPort":80}]}]})",
                      R"({"containers":[{"name":"a","ports":[{"containerPort":81}]}]})"),
            R"({"containers":[{"name":"a","ports":[{"containerPort":80},{"containerPort":81}]}]})");
  EXPECT_EQ(Strategic(R"({"containers":[{"name":"a","ports":[{"containerPort":80}]}]})",
                      R"({"containers":[{"name":"a","ports":[{"port":81}]}]})"),
            "the patch has an element of ports without its merge key containerPort");
}

TEST(StrategicMergePatch, FollowsItsDirectives) {
  EXPECT_EQ(
      Strategic(
          R"({"metadata":{"finalizers":["a","b"]}})",
          R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["b","c"]}})"),
      R"({"metadata":{"finalizers":["b","c"]}})");
  EXPECT_EQ(
      Strategic(R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})",
                R"({"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}})"),
      R"({"spec":{"strategy":{"type":"Recreate"}}})");
  EXPECT_EQ(Strategic(R"({"data":{"a":"1","b":"2"}})", R"({"data":{"$patch":"replace","c":"3"}})"),
            R"({"data":{"c":"3"}})");
  EXPECT_EQ(Strategic(R"({"spec":{"containers":[{"name":"a"}]}})",
                      R"({"spec":{"containers":[{"name":"b"},{"$patch":"replace"}]}})"),
            R"({"spec":{"containers":[{"name":"b"}]}})");
  EXPECT_EQ(Strategic(R"({"a":{}})", R"({"a":{"$patch":"grow"}})"),
            "the patch's directive $patch: grow is none that is known here");
  EXPECT_EQ(Strategic(R"({"metadata":{"labels":{"a":"1"}}})",
                      R"({"metadata":{"labels":{"a":null,"b":"2"}}})"),
            R"({"metadata":{"labels":{"b":"2"}}})");
}

}  // namespace
}  // namespace reconcile
