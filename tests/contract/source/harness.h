#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/epoll_loop.h"
#include "base/worker_pool.h"
#include "source/git_source.h"

namespace reconcile {

using Files = std::map<std::string, std::string>;  // path -> contents

// A folder below the system's temporary folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Runs a program of the test's own, without anybody's Git configuration; its standard output.
// A failure fails the test.
std::string RunTool(const std::vector<std::string>& command, const std::string& input = "");
void WriteFile(const std::string& path, const std::string& contents);  // makes its folders

// A repository made by the git command line.
class TestRepository {
 public:
  // `init` are further arguments of `git init`.
  explicit TestRepository(std::string path, const std::vector<std::string>& init = {});

  const std::string& path() const { return path_; }
  std::string Git(std::vector<std::string> arguments, const std::string& input = "") const;
  // Writes the files, adds all that lies there and commits; the commit's id.
  std::string Commit(const Files& files, const std::string& message = "a change") const;
  // A commit on `branch` with exactly these tree entries ("<mode> <type> <id>\t<name>" lines).
  std::string CommitTree(const std::string& entries, const std::string& branch) const;
  std::string WriteBlob(const std::string& bytes) const;
  // Where a loose object lies.
  std::string ObjectPath(const std::string& id) const;

 private:
  const std::string path_;
};

// The real source with its loop and threads.
class GitSourceUnderTest {
 public:
  // What is fetched from servers goes into a folder of its own.
  explicit GitSourceUnderTest(GitLimits limits = {}, RemoteOptions remote = {});

  Result<FetchedCommit> Fetch(const SourceSpec& spec);
  // Runs the loop until `done`, looked at after everything that happens; false after a minute.
  [[nodiscard]] bool RunUntil(const std::function<bool()>& done);
  EpollLoop& loop() { return loop_; }
  ManifestSource& source() { return *source_; }
  const std::string& data_folder() const { return data_.path(); }
  // Another source on the same folder, as after a restart.
  void Restart(GitLimits limits = {}, RemoteOptions remote = {});

 private:
  TemporaryFolder data_;
  EpollLoop loop_;
  WorkerPool workers_;
  std::unique_ptr<ManifestSource> source_;
};

// "path=contents" lines, for comparing.
std::string Describe(const FetchedCommit& commit);
std::string DescribeWarnings(const FetchedCommit& commit);  // "path: message" lines

}  // namespace reconcile
