#pragma once

#include <cstddef>
#include <functional>

namespace reconcile {

// Runs one piece of work for each number: the seam for what uses several cores and yet is pure.
class Parallel {
 public:
  virtual ~Parallel() = default;
  // Calls work(0) ... work(count - 1), each once, in any order and maybe at the same time; returns
  // when all are done. `work` throws nothing. Any thread, one call at a time.
  virtual void ForEach(size_t count, const std::function<void(size_t)>& work) = 0;
};

// One after the other, on the caller's thread: for the simulator and tests.
class InTurn final : public Parallel {
 public:
  void ForEach(size_t count, const std::function<void(size_t)>& work) override {
    for (size_t i = 0; i < count; ++i) work(i);
  }
};

// On `threads` threads, the caller's among them; the others live as long as the call.
class OnThreads final : public Parallel {
 public:
  // As many as the machine has processors for this process, and at most kMostThreads.
  static constexpr int kMostThreads = 16;
  OnThreads();
  explicit OnThreads(int threads);
  void ForEach(size_t count, const std::function<void(size_t)>& work) override;

 private:
  int threads_;
};

}  // namespace reconcile
