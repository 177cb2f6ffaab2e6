#include "cmd/plan_file.h"

#include <sys/stat.h>

#include <fstream>

#include "tests/unit/cmd/temporary_folder.h"

namespace reconcile {
namespace {

SavedPlan SomePlan(const std::string& commit) {
  return {.source = "main", .commit = commit, .plan = *ParseJson(R"({"changes": []})")};
}

TEST(PlanFile, IsForItsUserAloneAndReplacesAnEarlierOne) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/plan.json";
  std::ofstream(path) << "an earlier one";
  ASSERT_TRUE(WritePlanFile(path, SomePlan("c1c1")).ok());
  struct stat info = {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const Result<PlanFile> read = ReadPlanFile(path);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->plan.commit, "c1c1");
}

TEST(PlanFile, SaysWhatIsWrongWithAFile) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/plan.json";
  EXPECT_FALSE(ReadPlanFile(path).ok());
  std::ofstream(path) << "{}";
  EXPECT_EQ(ReadPlanFile(path).status().code(), StatusCode::kInvalid);
  EXPECT_FALSE(WritePlanFile(folder.path() + "/none/plan.json", SomePlan("c1c1")).ok());
}

}  // namespace
}  // namespace reconcile
