#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "source/manifest_source.h"

namespace reconcile {

// Repositories in memory behind the same seam, for the simulator and for tests: a list of commits
// for each, with branches. Answers and hints come by the loop's timers, never inside a call. Loop
// thread only.
class FakeSource final : public ManifestSource {
 public:
  // Oldest commits beyond these are forgotten, as a garbage collection would.
  static constexpr size_t kMaxCommits = 1000;
  static constexpr std::string_view kMainBranch = "main";

  // `loop` must outlive the fake.
  explicit FakeSource(EventLoop* loop);
  ~FakeSource() override;

  void Fetch(const SourceSpec& spec, FetchDone done) override;
  void Watch(const SourceSpec& spec, std::function<void()> on_hint) override;

  // Adds a commit, moves `branch` to it and gives a hint. HEAD names the main branch. File paths
  // count from the repository's root; the repository comes into being with its first commit.
  void SetCommit(const std::string& repository, FetchedCommit commit,
                 const std::string& branch = std::string(kMainBranch));
  // Removes a branch, as a force-push or `git branch -D` does.
  void RemoveBranch(const std::string& repository, const std::string& branch);
  // The commit is no more, as after a force-push and a garbage collection.
  void ForgetCommit(const std::string& repository, const std::string& id);
  // The next `times` fetches of the repository end with `failure`.
  void FailFetches(const std::string& repository, Status failure, int times = 1);
  // From now on: how long a fetch and a hint take.
  void SetFetchDelay(int64_t delay_ms) { fetch_delay_ms_ = delay_ms; }
  void SetHintDelay(int64_t delay_ms) { hint_delay_ms_ = delay_ms; }
  // While set, hints are lost.
  void LoseHints(bool lose) { lose_hints_ = lose; }

  int fetches() const { return fetches_; }

 private:
  struct Repository {
    std::deque<FetchedCommit> commits;
    std::map<std::string, std::string> branches;                  // name -> commit id
    std::map<std::pair<std::string, std::string>, Task> on_hint;  // by revision and path
    std::deque<Status> failures;
  };

  Result<FetchedCommit> Read(const SourceSpec& spec);
  void Hint(const std::string& repository);

  EventLoop* const loop_;
  std::map<std::string, Repository> repositories_;
  int64_t fetch_delay_ms_ = 0;
  int64_t hint_delay_ms_ = 0;
  bool lose_hints_ = false;
  int fetches_ = 0;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for timers that outlive us
};

}  // namespace reconcile
