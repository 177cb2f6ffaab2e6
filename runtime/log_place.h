#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/container_runtime.h"

namespace reconcile {

// Where in a log a reader stands, found again by the entry it read last: an entry with its stamp of
// nanoseconds is as good as a number. Order and clock play no part: stamps of a log go back when
// the host's clock does, and where long lines of both streams mix. Pieces of one long line may be
// equal down to their stamps, so equal entries in a row are counted.
class LogPlace {
 public:
  // A pass over the end of the log begins; `from_its_beginning`: over all that is kept of it.
  void BeginPass(bool from_its_beginning);
  // The pass comes to an entry; true: it is new, and the place moves behind it.
  bool Pass(LogStream stream, std::string_view stamped_line);
  // An entry was passed since the beginning, or since Forget.
  bool known() const { return known_; }
  // The pass has come to the place, so what followed is all that is new.
  bool found() const { return !searching_; }
  // Of this pass.
  int64_t entries() const { return entries_; }
  int64_t new_entries() const { return new_entries_; }
  // From here on everything is new.
  void Forget();

 private:
  bool IsLast(LogStream stream, std::string_view line) const {
    return stream == last_stream_ && line == last_line_;
  }

  bool known_ = false;
  LogStream last_stream_ = LogStream::kOut;
  std::string last_line_;
  int64_t repeats_ = 0;  // entries equal to the last one, in a row, it included

  bool searching_ = false;
  bool counts_ = false;  // a row of equal entries seen from its beginning
  int64_t seen_repeats_ = 0;
  int64_t entries_ = 0;
  int64_t new_entries_ = 0;
};

}  // namespace reconcile
