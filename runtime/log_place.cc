#include "runtime/log_place.h"

namespace reconcile {

void LogPlace::BeginPass(bool from_its_beginning) {
  searching_ = known_;
  // A pass that begins amid the log may begin amid a row of equal entries.
  counts_ = from_its_beginning;
  seen_repeats_ = 0;
  entries_ = 0;
  new_entries_ = 0;
}

bool LogPlace::Pass(LogStream stream, std::string_view stamped_line) {
  ++entries_;
  const bool is_last = known_ && IsLast(stream, stamped_line);
  if (searching_) {
    if (!is_last) {
      counts_ = true;
      seen_repeats_ = 0;
    } else if (counts_ && ++seen_repeats_ == repeats_) {
      searching_ = false;
    }
    return false;
  }
  ++new_entries_;
  repeats_ = is_last ? repeats_ + 1 : 1;
  known_ = true;
  last_stream_ = stream;
  last_line_ = stamped_line;
  return true;
}

void LogPlace::Forget() {
  known_ = false;
  searching_ = false;
}

}  // namespace reconcile
