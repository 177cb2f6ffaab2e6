#include "tests/contract/source/harness.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/subprocess.h"

namespace reconcile {

TemporaryFolder::TemporaryFolder() : path_("/tmp/source_test.XXXXXX") {
  CHECK(mkdtemp(path_.data()) != nullptr);
  // Readers of other users must get to the repositories inside.
  std::filesystem::permissions(path_, std::filesystem::perms(0755));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string RunTool(const std::vector<std::string>& command, const std::string& input) {
  SubprocessOptions options;
  options.command = {"env",
                     "GIT_CONFIG_GLOBAL=/dev/null",
                     "GIT_CONFIG_NOSYSTEM=1",
                     "GIT_AUTHOR_NAME=Ada",
                     "GIT_AUTHOR_EMAIL=ada@example.com",
                     "GIT_COMMITTER_NAME=Bob",
                     "GIT_COMMITTER_EMAIL=bob@example.com",
                     "GIT_COMMITTER_DATE=1700000000 +0100",
                     "HOME=/nonexistent"};
  options.command.insert(options.command.end(), command.begin(), command.end());
  options.standard_input = input;
  options.clear_environment = true;
  options.timeout_ms = 120'000;
  const auto output = RunSubprocess(options);
  EXPECT_TRUE(output.ok()) << output.status().ToString();
  if (!output.ok()) return "";
  EXPECT_EQ(output->exit_code, 0) << command[0] << ": " << output->error;
  return output->out;
}

void WriteFile(const std::string& path, const std::string& contents) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << contents;
}

TestRepository::TestRepository(std::string path, const std::vector<std::string>& init)
    : path_(std::move(path)) {
  std::vector<std::string> command = {"git", "init", "-q", "-b", "main"};
  command.insert(command.end(), init.begin(), init.end());
  command.push_back(path_);
  RunTool(command);
}

std::string TestRepository::Git(std::vector<std::string> arguments,
                                const std::string& input) const {
  // safe.directory: the tests give repositories to other users.
  arguments.insert(arguments.begin(), {"git", "-c", "safe.directory=*", "-C", path_});
  std::string output = RunTool(arguments, input);
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return output;
}

std::string TestRepository::Commit(const Files& files, const std::string& message) const {
  for (const auto& [name, contents] : files) WriteFile(path_ + "/" + name, contents);
  Git({"add", "-A"});
  Git({"commit", "-q", "--allow-empty", "-F", "-"}, message);
  return Git({"rev-parse", "HEAD"});
}

std::string TestRepository::CommitTree(const std::string& entries,
                                       const std::string& branch) const {
  const std::string tree = Git({"mktree", "--missing"}, entries);
  const std::string commit = Git({"commit-tree", tree, "-m", "made by hand"});
  Git({"update-ref", "refs/heads/" + branch, commit});
  return commit;
}

std::string TestRepository::WriteBlob(const std::string& bytes) const {
  return Git({"hash-object", "-w", "--stdin"}, bytes);
}

std::string TestRepository::ObjectPath(const std::string& id) const {
  return Git({"rev-parse", "--absolute-git-dir"}) + "/objects/" + id.substr(0, 2) + "/" +
         id.substr(2);
}

GitSourceUnderTest::GitSourceUnderTest(GitLimits limits, RemoteOptions remote)
    : workers_(&loop_, 2, 16) {
  Restart(limits, std::move(remote));
}

void GitSourceUnderTest::Restart(GitLimits limits, RemoteOptions remote) {
  source_.reset();
  remote.folder = data_.path();
  source_ = MakeGitSource(&loop_, &workers_, GIT_READ_HELPER, limits, std::move(remote));
}

Result<FetchedCommit> GitSourceUnderTest::Fetch(const SourceSpec& spec) {
  Result<FetchedCommit> fetched = InternalError("no answer");
  bool done = false;
  source_->Fetch(spec, [&](Result<FetchedCommit> commit) {
    fetched = std::move(commit);
    done = true;
  });
  EXPECT_FALSE(done) << "the answer came inside the call";
  EXPECT_TRUE(RunUntil([&] { return done; }));
  return fetched;
}

bool GitSourceUnderTest::RunUntil(const std::function<bool()>& done) {
  constexpr int64_t kDeadlineMs = 60'000;
  constexpr int64_t kLookMs = 2;
  const MonoTime deadline = loop_.now().mono + kDeadlineMs;
  TimerId look = 0;
  const std::function<void()> check = [&] {
    look = 0;
    if (done() || loop_.now().mono >= deadline) return loop_.Stop();
    look = loop_.After(kLookMs, check);
  };
  look = loop_.After(0, check);
  loop_.Run();
  loop_.Cancel(look);
  return done();
}

std::string Describe(const FetchedCommit& commit) {
  std::string text;
  for (const ManifestFile& file : commit.files) text += file.path + "=" + *file.bytes + "\n";
  return text;
}

std::string DescribeWarnings(const FetchedCommit& commit) {
  std::string text;
  for (const Problem& warning : commit.warnings)
    text += warning.file + ": " + warning.message + "\n";
  return text;
}

}  // namespace reconcile
