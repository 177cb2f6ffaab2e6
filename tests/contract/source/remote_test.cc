// Repositories behind real servers: credentials, revisions, caches.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/contract/source/servers.h"

namespace reconcile {
namespace {

class Remote : public ::testing::Test {
 protected:
  Remote() { repository_.Commit({{"a.yaml", "1"}}); }

  std::string Read(const SourceSpec& spec) {
    const auto commit = git_.Fetch(spec);
    EXPECT_TRUE(commit.ok()) << commit.status().ToString();
    return commit.ok() ? Describe(*commit) : "";
  }
  std::string Refusal(const SourceSpec& spec, StatusCode code = StatusCode::kInvalid) {
    const Status status = git_.Fetch(spec).status();
    EXPECT_EQ(status.code(), code) << status.ToString();
    return status.message();
  }
  // The one cache that was made.
  std::string CacheFolder() {
    std::string found;
    for (const auto& entry : std::filesystem::directory_iterator(git_.data_folder() + "/sources")) {
      EXPECT_TRUE(found.empty()) << "more than one cache";
      found = entry.path().string();
    }
    return found;
  }
  static std::vector<std::string> PacksOf(const std::string& cache) {
    std::vector<std::string> packs;
    for (const auto& entry : std::filesystem::directory_iterator(cache + "/objects/pack")) {
      if (entry.path().extension() == ".pack") packs.push_back(entry.path().string());
    }
    return packs;
  }

  TestRepository repository_{SharedServers::NewRepositoryPath()};
  SourceSpec https_ = SharedServers::Https(repository_.path());
  GitSourceUnderTest git_;
};

TEST_F(Remote, ReadsWithATokenAndWithAPassword) {
  SourceSpec token = SharedServers::Https(repository_.path(), "token");
  token.credentials.token_file = SharedServers::Get().File("token.txt");
  EXPECT_EQ(Read(token), "a.yaml=1\n");
  SourceSpec basic = SharedServers::Https(repository_.path(), "basic");
  basic.credentials.username_file = SharedServers::Get().File("username.txt");
  basic.credentials.password_file = SharedServers::Get().File("password.txt");
  EXPECT_EQ(Read(basic), "a.yaml=1\n");
  basic.credentials.password_file = SharedServers::Get().File("token.txt");
  EXPECT_NE(Refusal(basic).find("refuses the credentials (401)"), std::string::npos);
  basic.credentials = {.ca_file = basic.credentials.ca_file};
  EXPECT_NE(Refusal(basic).find("wants credentials (401)"), std::string::npos);
}

TEST_F(Remote, ReadsWithAClientCertificate) {
  SourceSpec spec = https_;
  const std::string port = SharedServers::Get().Port("httpsPort");
  spec.repository.replace(spec.repository.find(port), port.size(),
                          SharedServers::Get().Port("certificatePort"));
  EXPECT_NE(Refusal(spec).find("400"), std::string::npos);
  spec.credentials.client_certificate_file = SharedServers::Get().File("client.pem");
  spec.credentials.client_key_file = SharedServers::Get().File("client.key");
  EXPECT_EQ(Read(spec), "a.yaml=1\n");
}

TEST_F(Remote, AnUnknownCertificateAuthorityIsRefused) {
  SourceSpec spec = https_;
  spec.credentials.ca_file.clear();
  EXPECT_NE(Refusal(spec).find("TLS: "), std::string::npos);
}

TEST_F(Remote, CredentialFilesAreReadAtEachFetchAndNamedWhenTheyCannotBe) {
  TemporaryFolder folder;
  SourceSpec spec = SharedServers::Https(repository_.path(), "token");
  spec.credentials.token_file = folder.path() + "/token";
  EXPECT_NE(Refusal(spec).find("credentials.tokenFile"), std::string::npos);
  WriteFile(spec.credentials.token_file, "wrong\n");
  EXPECT_NE(Refusal(spec).find("401"), std::string::npos);
  std::filesystem::copy_file(SharedServers::Get().File("token.txt"), spec.credentials.token_file,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(Read(spec), "a.yaml=1\n");
}

TEST_F(Remote, FollowsBranchesTagsAndFullNames) {
  const std::string first = repository_.Git({"rev-parse", "HEAD"});
  repository_.Git({"tag", "-a", "v1", "-m", "one"});
  repository_.Git({"checkout", "-q", "-b", "next"});
  const std::string second = repository_.Commit({{"a.yaml", "2"}});
  const auto expect = [&](const std::string& revision, const std::string& id,
                          const std::string& reference) {
    SourceSpec spec = https_;
    spec.revision = revision;
    const auto commit = git_.Fetch(spec);
    ASSERT_TRUE(commit.ok()) << revision << ": " << commit.status().ToString();
    EXPECT_EQ(commit->id, id) << revision;
    EXPECT_EQ(commit->reference, reference) << revision;
  };
  expect("", second, "next");  // the server's HEAD
  expect("main", first, "main");
  expect("v1", first, "v1");
  expect("refs/heads/next", second, "next");
  expect("refs/tags/v1", first, "v1");
  SourceSpec spec = https_;
  spec.revision = "mian";
  EXPECT_NE(Refusal(spec).find("did you mean \"main\"?"), std::string::npos);
}

TEST_F(Remote, FollowsTheHighestVersionInARange) {
  for (const char* tag : {"v1.2.0", "v1.10.0", "v2.0.0", "v1.11.0-rc.1", "other"}) {
    repository_.Commit({{"a.yaml", tag}});
    repository_.Git({"tag", tag});
  }
  SourceSpec spec = https_;
  spec.semver = ">=1.2 <2";
  EXPECT_EQ(Read(spec), "a.yaml=v1.10.0\n");
  repository_.Commit({{"a.yaml", "newer"}});
  repository_.Git({"tag", "v1.12.3"});
  EXPECT_EQ(Read(spec), "a.yaml=newer\n");
  spec.semver = "^3";
  EXPECT_NE(Refusal(spec).find("none of the repository's 6 tags"), std::string::npos);
  // The same of a repository on this machine.
  SourceSpec local{repository_.path(), "", ""};
  local.semver = "~1.10.0";
  EXPECT_EQ(Read(local), "a.yaml=v1.10.0\n");
}

TEST_F(Remote, FindsACommitByItsIdAndKeepsIt) {
  const std::string first = repository_.Git({"rev-parse", "HEAD"});
  repository_.Commit({{"a.yaml", "2"}});
  for (const std::string& id : {first, first.substr(0, 10)}) {
    SourceSpec spec = https_;
    spec.revision = id;
    EXPECT_EQ(Read(spec), "a.yaml=1\n") << id;
  }
  SourceSpec spec = https_;
  spec.revision = std::string(40, 'a');
  EXPECT_NE(Refusal(spec).find("no branch or tag of the repository leads to"), std::string::npos);
  // Also when the history that led to it is gone from the server, and the server with it.
  repository_.Git({"checkout", "-q", "--orphan", "fresh"});
  repository_.Commit({{"a.yaml", "3"}});
  repository_.Git({"branch", "-M", "fresh", "main"});
  spec.revision = first;
  EXPECT_EQ(Read(spec), "a.yaml=1\n");
  std::filesystem::rename(repository_.path(), repository_.path() + ".away");
  EXPECT_EQ(Read(spec), "a.yaml=1\n");
}

TEST_F(Remote, OnlyTheWantedReferenceIsFetched) {
  repository_.Git({"checkout", "-q", "-b", "large"});
  const std::string blob = repository_.WriteBlob("not wanted");
  repository_.Commit({{"b.yaml", "not wanted"}});
  SourceSpec spec = https_;
  spec.revision = "main";
  EXPECT_EQ(Read(spec), "a.yaml=1\n");
  const std::string objects = RunTool({"git", "-c", "safe.directory=*", "-C", CacheFolder(),
                                       "cat-file", "--batch-all-objects", "--batch-check"});
  EXPECT_EQ(objects.find(blob), std::string::npos) << objects;
}

TEST_F(Remote, TheCacheBelongsToAUserOfItsOwnAndIsShutToOthers) {
  EXPECT_EQ(Read(https_), "a.yaml=1\n");
  struct stat found = {};
  ASSERT_EQ(stat(CacheFolder().c_str(), &found), 0);
  EXPECT_NE(found.st_uid, 0U);
  EXPECT_NE(found.st_uid, 65534U);
  EXPECT_EQ(found.st_mode & 0777, 0700U);
  ASSERT_EQ(stat((git_.data_folder() + "/sources").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700U);
  // Nothing in it is root's, and nothing of the credentials is in it.
  EXPECT_EQ(RunTool({"find", CacheFolder(), "-uid", "0"}), "");
}

TEST_F(Remote, ADamagedCacheIsMadeAnew) {
  const SourceSpec ssh = [&] {
    WriteFile(git_.data_folder() + "/hosts", SharedServers::Get().Text("knownHosts"));
    return SharedServers::Ssh(repository_.path(), git_.data_folder() + "/hosts");
  }();
  EXPECT_EQ(Read(ssh), "a.yaml=1\n");
  const auto damage = [&](const char* what, const std::function<void(const std::string&)>& act) {
    act(CacheFolder());
    git_.Restart();  // remembers no blobs
    EXPECT_EQ(Read(ssh), "a.yaml=1\n") << what;
  };
  damage("flipped bytes", [](const std::string& cache) {
    for (const std::string& pack : PacksOf(cache)) {
      std::filesystem::permissions(pack, std::filesystem::perms(0644));
      std::fstream file(pack, std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(20);
      file.write("damage damage damage", 20);
    }
  });
  damage("no packs",
         [](const std::string& cache) { std::filesystem::remove_all(cache + "/objects/pack"); });
  damage("no head", [](const std::string& cache) { std::filesystem::remove(cache + "/HEAD"); });
  damage("broken configuration",
         [](const std::string& cache) { WriteFile(cache + "/config", "[core\n"); });
  damage("a file in its place", [](const std::string& cache) {
    std::filesystem::remove_all(cache);
    WriteFile(cache, "x");
  });
}

TEST_F(Remote, LeftoversOfAFetchThatWasEndedAreRemoved) {
  EXPECT_EQ(Read(https_), "a.yaml=1\n");
  const std::string leftover = CacheFolder() + "/objects/pack/pack_git2_leftover";
  WriteFile(leftover, std::string(1000, 'x'));
  repository_.Commit({{"a.yaml", "2"}});
  EXPECT_EQ(Read(https_), "a.yaml=2\n");
  EXPECT_FALSE(std::filesystem::exists(leftover));
}

TEST_F(Remote, ACacheThatOutgrowsItsLimitIsFetchedAnew) {
  RemoteOptions options;
  options.cache.max_packs = 2;
  git_.Restart({}, options);
  for (int i = 0; i < 5; ++i) {
    repository_.Commit({{"a.yaml", std::to_string(i)}});
    EXPECT_EQ(Read(https_), "a.yaml=" + std::to_string(i) + "\n");
    EXPECT_LE(PacksOf(CacheFolder()).size(), 3U);
  }
}

TEST_F(Remote, SourcesOfOneRepositoryShareACache) {
  SourceSpec other = https_;
  repository_.Commit({{"deep/b.yaml", "2"}});
  other.path = "deep";
  EXPECT_EQ(Read(https_), "a.yaml=1\ndeep/b.yaml=2\n");
  EXPECT_EQ(Read(other), "b.yaml=2\n");
  EXPECT_FALSE(CacheFolder().empty());
}

TEST_F(Remote, LinksAndSubmodulesAreNotFollowed) {
  repository_.CommitTree("120000 blob " + repository_.WriteBlob("/etc/passwd") + "\tlink.yaml\n" +
                             "160000 commit " + std::string(40, '1') + "\tmodule\n",
                         "main");
  const auto commit = git_.Fetch(https_);
  ASSERT_TRUE(commit.ok()) << commit.status().ToString();
  EXPECT_EQ(DescribeWarnings(*commit),
            "link.yaml: symbolic link, not followed\nmodule: submodule, not followed\n");
}

TEST_F(Remote, ASourceThatEndsWaitsForNoServer) {
  SourceSpec spec;
  spec.repository =
      "https://127.0.0.1:" + SharedServers::Get().Port("badPort") + "/silent/ended.git";
  spec.credentials.ca_file = SharedServers::Get().File("ca.pem");
  bool answered = false;
  git_.source().Fetch(spec, [&](Result<FetchedCommit>) { answered = true; });
  const auto asked = [] {
    const Value requests = SharedServers::Get().Command("requests");
    for (const Value& request : requests.AsList()) {
      if (request.GetString("path").starts_with("/silent/ended.git")) return true;
    }
    return false;
  };
  ASSERT_TRUE(git_.RunUntil(asked));
  git_.Restart();  // would take a minute
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace reconcile
