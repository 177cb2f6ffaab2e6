#include "cmd/config_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/cmd/temporary_folder.h"

namespace reconcile {
namespace {

class ConfigFiles : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() + "/" + name) << text;
    return folder_.path() + "/" + name;
  }
  Status LoadFolder(ConfigReader reader) {
    config_ = Config();
    return LoadConfigFolder(folder_.path(), reader, &config_);
  }

  TemporaryFolder folder_;
  Config config_;
};

TEST_F(ConfigFiles, SaysWhichFileIsNotThere) {
  const Status status = LoadConfigFiles({"/no/such/file.yaml"}, &config_);
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "there is no configuration file /no/such/file.yaml");
}

TEST_F(ConfigFiles, RefusesAFolderInPlaceOfAFile) {
  const Status status = LoadConfigFiles({folder_.path()}, &config_);
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_TRUE(status.message().ends_with(" is not a regular file")) << status.message();
}

TEST_F(ConfigFiles, AFoldersFilesAreReadByTheOrderOfTheirNames) {
  Write("20.yaml", "socket: /run/b.sock\n");
  Write("10.yaml", "socket: /run/a.sock\ndataFolder: /a\n");
  Write("30.txt", "nonsense: [");
  ASSERT_TRUE(LoadFolder(ConfigReader::kController).ok());
  EXPECT_EQ(config_.socket_path, "/run/b.sock");
  EXPECT_EQ(config_.data_folder, "/a");
}

TEST_F(ConfigFiles, AFolderThatIsNotThereConfiguresNothing) {
  EXPECT_TRUE(LoadConfigFolder("/no/such/folder", ConfigReader::kController, &config_).ok());
}

TEST_F(ConfigFiles, ABrokenFileIsAnErrorForClientsToo) {
  Write("10.yaml", "sokcet: /run/a.sock\n");
  EXPECT_EQ(LoadFolder(ConfigReader::kClient).code(), StatusCode::kInvalid);
  EXPECT_EQ(LoadFolder(ConfigReader::kController).code(), StatusCode::kInvalid);
}

TEST_F(ConfigFiles, WhatCannotBeReadIsPassedOverForClientsOnly) {
  // A link to nowhere is what root, whom permissions do not stop, cannot read either.
  std::filesystem::create_symlink("/no/such/file", folder_.path() + "/10.yaml");
  EXPECT_TRUE(LoadFolder(ConfigReader::kClient).ok());
  EXPECT_FALSE(LoadFolder(ConfigReader::kController).ok());
  const std::string file = Write("20.yaml", "");
  EXPECT_TRUE(LoadConfigFolder(file, ConfigReader::kClient, &config_).ok());
  EXPECT_EQ(LoadConfigFolder(file, ConfigReader::kController, &config_).code(),
            StatusCode::kUnavailable);
}

TEST(SourceFlags, ARepositoryReplacesTheConfiguredSources) {
  Config config;
  config.sources = {{"a", {"/a", "", ""}}, {"b", {"/b", "", ""}}};
  ASSERT_TRUE(ApplySourceFlags({"/c", "prod", "shop"}, &config).ok());
  ASSERT_EQ(config.sources.size(), 1U);
  EXPECT_EQ(config.sources[0].spec, (SourceSpec{"/c", "prod", "shop"}));
}

TEST(SourceFlags, ARepositoryMayBeAUrlWithTheCredentialsOfItsConfiguration) {
  Config config;
  EXPECT_EQ(ApplySourceFlags({"http://host/x", "", ""}, &config).code(), StatusCode::kInvalid);
  ASSERT_TRUE(ApplySourceFlags({"https://host/x", "", "shop"}, &config).ok());
  EXPECT_EQ(config.sources[0].spec.repository, "https://host/x");
  EXPECT_EQ(ApplySourceFlags({"git@host:x", "", ""}, &config).code(), StatusCode::kInvalid);
  config.sources[0].spec.repository = "git@host:x";
  config.sources[0].spec.credentials.ssh_key_file = "/keys/id";
  ASSERT_TRUE(ApplySourceFlags({"git@host:x", "v1", ""}, &config).ok());
  EXPECT_EQ(config.sources[0].spec.credentials.ssh_key_file, "/keys/id");
  EXPECT_EQ(config.sources[0].spec.revision, "v1");
}

TEST(SourceFlags, RevisionAndPathAloneChangeTheOnlySource) {
  Config config;
  config.sources = {{"a", {"/a", "main", "deploy"}}};
  ASSERT_TRUE(ApplySourceFlags({"", "prod", ""}, &config).ok());
  EXPECT_EQ(config.sources[0].spec, (SourceSpec{"/a", "prod", "deploy"}));
  ASSERT_TRUE(ApplySourceFlags({"", "", "shop"}, &config).ok());
  EXPECT_EQ(config.sources[0].spec, (SourceSpec{"/a", "prod", "shop"}));
}

TEST(SourceFlags, RevisionAloneIsRefusedWithNoneOrSeveralSources) {
  Config config;
  EXPECT_EQ(ApplySourceFlags({"", "prod", ""}, &config).code(), StatusCode::kInvalid);
  config.sources = {{"a", {"/a", "", ""}}, {"b", {"/b", "", ""}}};
  EXPECT_TRUE(ApplySourceFlags({"", "", ""}, &config).ok());
  EXPECT_NE(ApplySourceFlags({"", "prod", ""}, &config).message().find("any of the 2"),
            std::string::npos);
}

}  // namespace
}  // namespace reconcile
