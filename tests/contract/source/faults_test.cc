// Hostile and broken repositories, by the lines of the list of faults and beyond.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/contract/source/harness.h"

namespace reconcile {
namespace {

class HostileRepository : public ::testing::Test {
 protected:
  Result<FetchedCommit> Fetch(const std::string& revision = "main", const std::string& path = "") {
    return git_.Fetch({repository_.path(), revision, path});
  }
  // The message of a fetch that must be refused as Invalid.
  std::string Refusal(const std::string& revision = "main", const std::string& path = "") {
    const auto commit = Fetch(revision, path);
    EXPECT_EQ(commit.status().code(), StatusCode::kInvalid) << commit.status().ToString();
    return commit.status().message();
  }
  // Damages the loose object `id`.
  void Damage(const std::string& id, const std::function<void(std::string*)>& change) {
    const std::string path = repository_.ObjectPath(id);
    std::ifstream in(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    ASSERT_FALSE(bytes.empty());
    change(&bytes);
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << bytes;
  }

  TemporaryFolder folder_;
  TestRepository repository_{folder_.path() + "/repository"};
  GitSourceUnderTest git_;
};

using Faults = HostileRepository;

TEST_F(Faults, Line06_SymlinksGitlinksAndGitmodulesAreNamedAndNeverFollowed) {
  WriteFile(folder_.path() + "/outside/secret.yaml", "canary");
  const std::string real = repository_.WriteBlob("kind: Real\n");
  const std::string up = repository_.WriteBlob("../outside/secret.yaml");
  const std::string out = repository_.WriteBlob("../outside");
  const std::string modules =
      repository_.WriteBlob("[submodule \"x\"]\n\tpath = ../outside\n\turl = ../../etc\n");
  const std::string commit(40, '1');  // of the submodule: not here
  repository_.CommitTree("100644 blob " + modules + "\t.gitmodules\n" +  //
                             "120000 blob " + out + "\tfolder\n" +       //
                             "120000 blob " + up + "\tlink.yaml\n" +     //
                             "160000 commit " + commit + "\tmodule\n" +  //
                             "100644 blob " + real + "\treal.yaml\n",
                         "main");
  const auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_EQ(Describe(*fetched), "real.yaml=kind: Real\n\n");
  EXPECT_EQ(DescribeWarnings(*fetched),
            ".gitmodules: submodules are not followed\n"
            "folder: symbolic link, not followed\n"
            "link.yaml: symbolic link, not followed\n"
            "module: submodule, not followed\n");
  EXPECT_NE(Refusal("main", "folder").find("a symbolic link, which is not followed"),
            std::string::npos);
  EXPECT_NE(Refusal("main", "module").find("a submodule, which is not followed"),
            std::string::npos);
  EXPECT_NE(Refusal("main", "real.yaml").find("is a file"), std::string::npos);
}

TEST_F(Faults, Line06_EntriesThatClimbOutAreRefused) {
  // git mktree refuses these, so the trees are written as raw objects.
  const std::string blob = repository_.WriteBlob("kind: Evil\n");
  for (const std::string& name :
       {std::string(".."), std::string("."), std::string("../x.yaml"), std::string("a/b.yaml")}) {
    std::string raw;
    for (size_t i = 0; i < blob.size(); i += 2) {
      raw.push_back(static_cast<char>(std::stoi(blob.substr(i, 2), nullptr, 16)));
    }
    std::string entry = "100644 " + name;
    entry.push_back('\0');
    const std::string tree =
        repository_.Git({"hash-object", "-w", "-t", "tree", "--literally", "--stdin"}, entry + raw);
    repository_.Git(
        {"update-ref", "refs/heads/main", repository_.Git({"commit-tree", tree, "-m", "climbs"})});
    EXPECT_NE(Refusal().find("hostile or corrupt"), std::string::npos) << name;
  }
}

TEST_F(Faults, Line12_AnEmptyTreeIsACommitWithoutFiles) {
  repository_.CommitTree("", "main");
  const auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_TRUE(fetched->files.empty());
}

TEST_F(HostileRepository, OtherFilesAndHiddenNamesArePassedOver) {
  repository_.Commit({{".github/workflow.yaml", "1"},
                      {".hidden.yaml", "2"},
                      {"README.md", "3"},
                      {"a.YAML", "4"},
                      {"a.yaml.bak", "5"},
                      {"b.yml", "6"},
                      {"yaml", "7"},
                      {"deep/.git-crypt/x.json", "8"},
                      {"deep/x.json", "9"}});
  const auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_EQ(Describe(*fetched), "b.yml=6\ndeep/x.json=9\n");
}

TEST_F(HostileRepository, BytesAreThoseOfTheObjectWithoutFiltersOrHooks) {
  repository_.Git({"config", "core.autocrlf", "true"});
  repository_.Git({"config", "filter.evil.smudge", "touch " + folder_.path() + "/ran; cat"});
  repository_.Git({"config", "core.fsmonitor", "touch " + folder_.path() + "/ran"});
  const std::string blob = repository_.WriteBlob("a\nb\n");
  const std::string attributes = repository_.WriteBlob("* filter=evil text eol=crlf ident\n");
  repository_.CommitTree(
      "100644 blob " + attributes + "\t.gitattributes\n100755 blob " + blob + "\ta.yaml\n", "main");
  const auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_EQ(Describe(*fetched), "a.yaml=a\nb\n\n");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/ran"));
}

TEST_F(HostileRepository, AMissingBlobOrTreeMakesTheCommitIncomplete) {
  repository_.Commit({{"a.yaml", "1"}, {"deep/b.yaml", "2"}});
  const std::string blob = repository_.Git({"rev-parse", "HEAD:a.yaml"});
  const std::string tree = repository_.Git({"rev-parse", "HEAD:deep"});
  const std::string moved = folder_.path() + "/moved";
  for (const std::string& id : {blob, tree}) {
    std::filesystem::rename(repository_.ObjectPath(id), moved);
    const std::string refusal = Refusal();
    EXPECT_NE(refusal.find("the commit is incomplete"), std::string::npos) << refusal;
    EXPECT_NE(refusal.find(id), std::string::npos);
    std::filesystem::rename(moved, repository_.ObjectPath(id));
  }
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(HostileRepository, ATruncatedObjectIsRefused) {
  repository_.Commit({{"a.yaml", std::string(5000, 'x')}, {"deep/b.yaml", "2"}});
  for (const char* name : {"HEAD:a.yaml", "HEAD:deep", "HEAD^{tree}", "HEAD"}) {
    const std::string id = repository_.Git({"rev-parse", name});
    std::string whole;
    Damage(id, [&](std::string* bytes) {
      whole = *bytes;
      bytes->resize(bytes->size() / 2);
    });
    EXPECT_FALSE(Refusal().empty()) << name;
    Damage(id, [&](std::string* bytes) { *bytes = whole; });
  }
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(HostileRepository, AnObjectWithOtherContentsThanItsIdSaysIsRefused) {
  repository_.Commit({{"a.yaml", "good"}});
  const std::string good = repository_.Git({"rev-parse", "HEAD:a.yaml"});
  const std::string evil = repository_.WriteBlob("evil");
  std::filesystem::remove(repository_.ObjectPath(good));
  std::filesystem::copy_file(repository_.ObjectPath(evil), repository_.ObjectPath(good));
  EXPECT_NE(Refusal().find("corrupt"), std::string::npos);
}

TEST_F(HostileRepository, ADamagedPackIsRefused) {
  Files files;
  for (int i = 0; i < 50; ++i) files["f" + std::to_string(i) + ".yaml"] = std::to_string(i * i);
  repository_.Commit(files);
  repository_.Git({"gc", "-q", "--prune=now"});
  for (const auto& entry :
       std::filesystem::directory_iterator(repository_.path() + "/.git/objects/pack")) {
    if (entry.path().extension() == ".pack") {
      std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) / 2);
    }
  }
  EXPECT_FALSE(Refusal().empty());
}

TEST_F(HostileRepository, NothingOfABrokenCommitIsRemembered) {
  repository_.Commit({{"a.yaml", "1"}, {"b.yaml", "2"}});
  const std::string blob = repository_.Git({"rev-parse", "HEAD:b.yaml"});
  const std::string path = repository_.ObjectPath(blob);
  std::filesystem::rename(path, folder_.path() + "/moved");
  EXPECT_NE(Refusal().find("incomplete"), std::string::npos);
  EXPECT_NE(Refusal().find("incomplete"), std::string::npos);
  std::filesystem::rename(folder_.path() + "/moved", path);
  const auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_EQ(Describe(*fetched), "a.yaml=1\nb.yaml=2\n");
}

TEST_F(HostileRepository, UnsortedAndDoubledTreesAreRefused) {
  const std::string blob = repository_.WriteBlob("1");
  std::string raw;
  for (size_t i = 0; i < blob.size(); i += 2) {
    raw.push_back(static_cast<char>(std::stoi(blob.substr(i, 2), nullptr, 16)));
  }
  for (const char* second : {"a.yaml", "b.yaml"}) {
    const std::string nul(1, '\0');
    const std::string entries =
        std::string("100644 b.yaml") + nul + raw + "100644 " + second + nul + raw;
    const std::string tree =
        repository_.Git({"hash-object", "-w", "-t", "tree", "--literally", "--stdin"}, entries);
    repository_.Git({"update-ref", "refs/heads/main",
                     repository_.Git({"commit-tree", tree, "-m", "unsorted"})});
    EXPECT_NE(Refusal().find("not in Git's order"), std::string::npos);
  }
}

TEST_F(HostileRepository, AManifestWithAnUnfitNameIsRefusedNotPassedOver) {
  const std::string blob = repository_.WriteBlob("1");
  const std::string nul(1, '\0');
  for (const std::string& name : {std::string("caf\xe9.yaml"), std::string("a\nb.yaml")}) {
    const std::string tree =
        repository_.Git({"mktree", "-z"}, "100644 blob " + blob + "\t" + name + nul);
    repository_.Git(
        {"update-ref", "refs/heads/main", repository_.Git({"commit-tree", tree, "-m", "names"})});
    EXPECT_NE(Refusal().find("file name"), std::string::npos);
  }
}

TEST_F(HostileRepository, CommitTextsInAnyEncodingComeAsUtf8) {
  repository_.Git({"config", "i18n.commitEncoding", "ISO-8859-1"});
  repository_.Commit({{"a.yaml", "1"}}, "caf\xe9 <script>\x1b[31m\n\nbody\n");
  const auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_EQ(fetched->subject, "caf\xef\xbf\xbd <script>\x1b[31m");
}

TEST_F(HostileRepository, OnlyTrailersConfirm) {
  repository_.Commit({{"a.yaml", "1"}},
                     "Reconcile-Confirm: prune=subject\n\nReconcile-Confirm: prune=body\n\ntext\n\n"
                     "Signed-off-by: Ada\nreconcile-confirm: prune=one\n"
                     "Reconcile-Confirm:   prune=two\n");
  const auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok());
  EXPECT_EQ(fetched->confirmations, (std::vector<std::string>{"prune=one", "prune=two"}));
}

}  // namespace
}  // namespace reconcile
