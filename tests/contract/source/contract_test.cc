// What every ManifestSource does: the production adapter on real repositories, and the fake.
#include <gtest/gtest.h>

#include "source/fake_source.h"
#include "tests/contract/source/harness.h"
#include "tests/contract/source/servers.h"
#include "tests/support/virtual_loop.h"

namespace reconcile {
namespace {

// One repository behind the seam.
class SourceHarness {
 public:
  virtual ~SourceHarness() = default;
  virtual ManifestSource& source() = 0;
  [[nodiscard]] virtual bool RunUntil(const std::function<bool()>& done) = 0;
  virtual std::string repository() = 0;
  // With what else it takes to read that repository.
  virtual SourceSpec Spec(const std::string& revision, const std::string& path) {
    return {repository(), revision, path};
  }
  // Commits exactly these files; the commit's id.
  virtual std::string Commit(const Files& files, const std::string& branch) = 0;
  virtual void RemoveBranch(const std::string& branch) = 0;
};

class GitHarness : public SourceHarness {
 public:
  GitHarness() : GitHarness(nullptr) {}

  ManifestSource& source() override { return git_.source(); }
  bool RunUntil(const std::function<bool()>& done) override { return git_.RunUntil(done); }
  std::string repository() override { return repository_.path(); }
  std::string Commit(const Files& files, const std::string& branch) override {
    repository_.Git({"checkout", "-q", "-B", branch});
    repository_.Git({"rm", "-q", "-r", "--ignore-unmatch", "."});
    return repository_.Commit(files, "the subject\n\nReconcile-Confirm: prune=12ab\n");
  }
  void RemoveBranch(const std::string& branch) override {
    repository_.Git({"checkout", "-q", "main"});
    repository_.Git({"branch", "-D", branch});
  }

 protected:
  // At `path`, or at a place of its own.
  explicit GitHarness(const std::string* path)
      : repository_(path == nullptr ? folder_.path() + "/repository" : *path) {
    repository_.Commit({});
  }

  TemporaryFolder folder_;
  TestRepository repository_;
  GitSourceUnderTest git_;
};

// The same behind a real server.
class RemoteHarness final : public GitHarness {
 public:
  explicit RemoteHarness(bool ssh, const std::string& path = SharedServers::NewRepositoryPath())
      : GitHarness(&path) {
    const std::string known_hosts = folder_.path() + "/known_hosts";
    WriteFile(known_hosts, SharedServers::Get().Text("knownHosts"));
    spec_ = ssh ? SharedServers::Ssh(path, known_hosts) : SharedServers::Https(path);
  }

  std::string repository() override { return spec_.repository; }
  SourceSpec Spec(const std::string& revision, const std::string& path) override {
    SourceSpec spec = spec_;
    spec.revision = revision;
    spec.path = path;
    return spec;
  }

 private:
  SourceSpec spec_;
};

class FakeHarness final : public SourceHarness {
 public:
  FakeHarness() { fake_.SetFetchDelay(5); }

  ManifestSource& source() override { return fake_; }
  bool RunUntil(const std::function<bool()>& done) override { return loop_.RunUntil(done); }
  std::string repository() override { return "/repositories/one"; }
  std::string Commit(const Files& files, const std::string& branch) override {
    FetchedCommit commit;
    commit.id.assign(39, 'a');
    commit.id += static_cast<char>('0' + ++commits_);
    commit.author = "Ada <ada@example.com>";
    commit.subject = "the subject";
    commit.confirmations = {"prune=12ab"};
    commit.committed_at = {1'700'000'000'000};
    for (const auto& [path, contents] : files) {
      commit.files.push_back({path, contents, std::make_shared<const std::string>(contents)});
    }
    const std::string id = commit.id;
    fake_.SetCommit(repository(), std::move(commit), branch);
    return id;
  }
  void RemoveBranch(const std::string& branch) override {
    fake_.RemoveBranch(repository(), branch);
  }

 private:
  VirtualLoop loop_;
  FakeSource fake_{&loop_};
  int commits_ = 0;
};

std::unique_ptr<SourceHarness> MakeHarness(const std::string& name) {
  if (name == "Git") return std::make_unique<GitHarness>();
  if (name == "Fake") return std::make_unique<FakeHarness>();
  return std::make_unique<RemoteHarness>(name == "Ssh");
}

class ManifestSourceContract : public ::testing::TestWithParam<const char*> {
 protected:
  Result<FetchedCommit> Fetch(const std::string& revision, const std::string& path) {
    return FetchFrom(harness_->Spec(revision, path));
  }
  Result<FetchedCommit> FetchFrom(const SourceSpec& spec) {
    Result<FetchedCommit> fetched = InternalError("no answer");
    int answers = 0;
    harness_->source().Fetch(spec, [&](Result<FetchedCommit> commit) {
      fetched = std::move(commit);
      ++answers;
    });
    EXPECT_EQ(answers, 0) << "the answer came inside the call";
    EXPECT_TRUE(harness_->RunUntil([&] { return answers > 0; }));
    EXPECT_EQ(answers, 1);
    return fetched;
  }

  const std::unique_ptr<SourceHarness> harness_ = MakeHarness(GetParam());
};

const auto kNameOf = [](const auto& test) { return std::string(test.param); };
INSTANTIATE_TEST_SUITE_P(Sources, ManifestSourceContract,
                         ::testing::Values("Git", "Fake", "Https", "Ssh"), kNameOf);

// Of repositories that can be watched.
using WatchedSourceContract = ManifestSourceContract;
INSTANTIATE_TEST_SUITE_P(Sources, WatchedSourceContract, ::testing::Values("Git", "Fake"), kNameOf);

TEST_P(ManifestSourceContract, DeliversTheCommitWithItsFilesByPath) {
  const std::string id =
      harness_->Commit({{"b.yaml", "b"}, {"a/z.yml", "z"}, {"a.json", "{}"}}, "main");
  const auto commit = Fetch("", "");
  ASSERT_TRUE(commit.ok()) << commit.status().ToString();
  EXPECT_EQ(commit->id, id);
  EXPECT_EQ(commit->author, "Ada <ada@example.com>");
  EXPECT_EQ(commit->subject, "the subject");
  EXPECT_EQ(commit->confirmations, std::vector<std::string>{"prune=12ab"});
  EXPECT_EQ(commit->committed_at.ms, 1'700'000'000'000);
  EXPECT_EQ(Describe(*commit), "a.json={}\na/z.yml=z\nb.yaml=b\n");
  EXPECT_TRUE(commit->warnings.empty());
}

TEST_P(ManifestSourceContract, ARevisionIsHeadABranchOrAnId) {
  const std::string main = harness_->Commit({{"a.yaml", "1"}}, "main");
  const std::string side = harness_->Commit({{"a.yaml", "2"}}, "side");
  for (const std::string& revision : {std::string("main"), main}) {
    const auto commit = Fetch(revision, "");
    ASSERT_TRUE(commit.ok()) << commit.status().ToString();
    EXPECT_EQ(commit->id, main);
  }
  const auto commit = Fetch("side", "");
  ASSERT_TRUE(commit.ok());
  EXPECT_EQ(commit->id, side);
  EXPECT_EQ(Describe(*commit), "a.yaml=2\n");
}

TEST_P(ManifestSourceContract, PathsCountFromTheSourcesFolder) {
  harness_->Commit({{"apps/web/a.yaml", "1"}, {"apps/b.yaml", "2"}, {"appsy/c.yaml", "3"}}, "main");
  for (const char* folder : {"apps", "/apps/"}) {
    const auto commit = Fetch("", folder);
    ASSERT_TRUE(commit.ok()) << commit.status().ToString();
    EXPECT_EQ(Describe(*commit), "b.yaml=2\nweb/a.yaml=1\n");
  }
}

TEST_P(ManifestSourceContract, WhatKustomizationsNameIsDeliveredFromAnywhereInTheRepository) {
  harness_->Commit({{"base/kustomization.yaml", "resources: [web.yaml]"},
                    {"base/web.yaml", "w"},
                    {"base/other.yaml", "no"},
                    {"overlays/prod/kustomization.yaml", "resources: [../../base, ../../../x]"}},
                   "main");
  const auto commit = Fetch("", "overlays/prod");
  ASSERT_TRUE(commit.ok()) << commit.status().ToString();
  EXPECT_EQ(Describe(*commit),
            "../../base/kustomization.yaml=resources: [web.yaml]\n../../base/web.yaml=w\n"
            "kustomization.yaml=resources: [../../base, ../../../x]\n");
}

TEST_P(ManifestSourceContract, WhatIsNotThereIsInvalid) {
  harness_->Commit({{"a.yaml", "1"}}, "main");
  EXPECT_EQ(Fetch("nowhere", "").status().code(), StatusCode::kInvalid);
  EXPECT_EQ(Fetch("", "nowhere").status().code(), StatusCode::kInvalid);
  EXPECT_EQ(Fetch("", "../etc").status().code(), StatusCode::kInvalid);
  EXPECT_EQ(FetchFrom({"/nonexistent/repository", "", ""}).status().code(), StatusCode::kInvalid);
}

TEST_P(ManifestSourceContract, ARemovedBranchIsInvalidAndOthersGoOn) {
  const std::string main = harness_->Commit({{"a.yaml", "1"}}, "main");
  harness_->Commit({{"a.yaml", "2"}}, "side");
  harness_->RemoveBranch("side");
  EXPECT_EQ(Fetch("side", "").status().code(), StatusCode::kInvalid);
  const auto commit = Fetch("main", "");
  ASSERT_TRUE(commit.ok());
  EXPECT_EQ(commit->id, main);
}

TEST_P(ManifestSourceContract, EveryFetchReadsAnewAndSharesWhatDidNotChange) {
  harness_->Commit({{"a.yaml", "1"}, {"b.yaml", "same"}}, "main");
  const auto first = Fetch("", "");
  harness_->Commit({{"a.yaml", "2"}, {"b.yaml", "same"}}, "main");
  const auto second = Fetch("", "");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(Describe(*first), "a.yaml=1\nb.yaml=same\n");
  EXPECT_EQ(Describe(*second), "a.yaml=2\nb.yaml=same\n");
  EXPECT_EQ(first->files[1].blob_id, second->files[1].blob_id);
  EXPECT_NE(first->files[0].blob_id, second->files[0].blob_id);
}

TEST_P(WatchedSourceContract, HintsAtACommitAndOnlyToTheLastWatcherOfASpec) {
  int stale = 0;
  int hints = 0;
  harness_->source().Watch({harness_->repository(), "main", ""}, [&] { ++stale; });
  harness_->source().Watch({harness_->repository(), "main", ""}, [&] { ++hints; });
  harness_->Commit({{"a.yaml", "1"}}, "main");
  EXPECT_TRUE(harness_->RunUntil([&] { return hints > 0; }));
  EXPECT_EQ(stale, 0);
}

TEST_P(WatchedSourceContract, HintsToEverySpecOfARepository) {
  std::map<std::string, int> hints;
  for (const std::string path : {"", "shop", "shop/web"}) {
    harness_->source().Watch({harness_->repository(), "", path}, [&hints, path] { ++hints[path]; });
  }
  harness_->source().Watch({harness_->repository(), "main", ""}, [&hints] { ++hints["main"]; });
  harness_->Commit({{"a.yaml", "1"}}, "main");
  EXPECT_TRUE(harness_->RunUntil([&] { return hints.size() == 4; }));
}

TEST_P(WatchedSourceContract, AWatcherMayFetchAndWatchAgain) {
  bool fetched = false;
  harness_->source().Watch({harness_->repository(), "", ""}, [&] {
    harness_->source().Watch({harness_->repository(), "", ""}, [] {});
    harness_->source().Fetch({harness_->repository(), "", ""},
                             [&](Result<FetchedCommit> commit) { fetched = commit.ok(); });
  });
  harness_->Commit({{"a.yaml", "1"}}, "main");
  EXPECT_TRUE(harness_->RunUntil([&] { return fetched; }));
}

}  // namespace
}  // namespace reconcile
