#include "cmd/describe.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace reconcile {
namespace {

const std::string kFolder = "tests/golden/describe/";

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

std::string Described(const std::string& name) {
  const Result<Value> value = ParseJson(ReadWhole(kFolder + name + ".json"));
  CHECK(value.ok());
  const WallTime now = *ParseRfc3339("2026-01-02T03:14:05Z");
  return DescribeText({*value->Find("object"), value->GetList("events"), value->GetList("pods"),
                       value->GetList("children")},
                      now);
}

class DescribeGolden : public testing::TestWithParam<const char*> {};

TEST_P(DescribeGolden, SaysWhatIsWritten) {
  const std::string text = Described(GetParam());
  const std::string path = kFolder + GetParam() + ".txt";
  if (std::getenv("RECONCILE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(text, ReadWhole(path)) << path << ": RECONCILE_UPDATE_GOLDEN=1 takes it over";
}

INSTANTIATE_TEST_SUITE_P(Kinds, DescribeGolden,
                         testing::Values("pod", "deployment", "statefulset", "daemonset", "job",
                                         "cronjob", "service", "node", "configmap", "secret",
                                         "claim", "role"));

// FAULTS 25.
TEST(Describe, NeverShowsASecretsValue) {
  const std::string text = Described("secret");
  EXPECT_EQ(text.find("canary-value"), std::string::npos);
  EXPECT_EQ(text.find("Y2FuYXJ5"), std::string::npos);
  EXPECT_NE(text.find("12 bytes"), std::string::npos) << text;
}

// FAULTS 22.
TEST(Describe, Faults22EscapesWhatWouldActOnATerminal) {
  EXPECT_EQ(Described("pod").find('\x1b'), std::string::npos);
}

TEST(Describe, OfAnObjectThatLacksEverything) {
  EXPECT_NE(DescribeText({*ParseJson("{}"), {}, {}, {}}, {}).find("Name:"), std::string::npos);
  for (const char* kind : {"Pod", "Deployment", "Node", "Service", "Secret", "ConfigMap",
                           "PersistentVolumeClaim", "CronJob", "Gadget"}) {
    Value object = Value::MakeMap();
    object.Set("kind", Value::String(kind));
    for (const char* member : {"spec", "status", "data", "metadata"}) {
      object.Set(member, Value::Int(7));
    }
    EXPECT_NE(DescribeText({object, {object}, {object}, {object}}, {}), "") << kind;
  }
}

}  // namespace
}  // namespace reconcile
