#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace reconcile {

// Which lines of a log are shown: those that match every pattern of `matching` and none of
// `excluding` (RE2's syntax, anywhere in the line).
class LineFilter {
 public:
  LineFilter() = default;  // takes all
  // Invalid when a pattern cannot be read, or needs more than 8 MiB.
  static Result<LineFilter> Make(const std::vector<std::string>& matching,
                                 const std::vector<std::string>& excluding);
  bool Takes(std::string_view line) const;
  bool takes_all() const { return patterns_ == nullptr; }

 private:
  struct Patterns;
  std::shared_ptr<const Patterns> patterns_;
};

struct LogLineOptions {
  std::string prefix;         // before each line
  std::string prefix_color;   // an escape code that begins it; "" for none
  bool for_terminal = false;  // what would act on a terminal is escaped (FAULTS 22)
  bool timestamps = false;    // each line begins with one, which the filter does not see
  LineFilter filter;
};

// Makes of the bytes of one container's log what is shown of it. Not thread-safe.
class LogLines {
 public:
  static constexpr size_t kMaxLineBytes = 1 << 20;  // longer ones are shown in pieces

  explicit LogLines(LogLineOptions options) : options_(std::move(options)) {}
  // What is to be written now: whole lines, or the bytes as they came where nothing is to be done
  // to lines.
  std::string Feed(std::string_view bytes);
  std::string Finish();  // the last line, if it has no break

 private:
  bool is_plain() const {
    return options_.prefix.empty() && !options_.for_terminal && options_.filter.takes_all();
  }
  void AddLine(std::string_view line, std::string* text) const;

  LogLineOptions options_;
  std::string rest_;
};

// The escape code in which a pod's lines begin: the same for the same name.
std::string ColorOfPod(std::string_view pod);

}  // namespace reconcile
