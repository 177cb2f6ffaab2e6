#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "base/stream_handle.h"
#include "runtime/container_runtime.h"

namespace reconcile {

// Gives a log's text to its reader in frames, as fast as the reader takes them: the sending side of
// the credits in base/stream_handle.h. What it cannot give yet it keeps, so its owner looks at
// empty() before it pushes much more. Loop thread only.
class LogOutlet {
 public:
  using OnData = std::function<void(LogStream, std::string_view)>;
  explicit LogOutlet(OnData on_data) : on_data_(std::move(on_data)) {}

  void Push(LogStream stream, std::string_view text);
  // The reader has taken `bytes`. Both may be called from inside on_data.
  void Taken(size_t bytes);
  // After this on_data is not called again.
  void Close();
  // Everything pushed was given to the reader.
  bool empty() const { return waiting_.empty() && !giving_; }

 private:
  struct Piece {
    LogStream stream;
    std::string text;
  };
  void Give();

  OnData on_data_;
  std::deque<Piece> waiting_;
  size_t untaken_bytes_ = 0;  // given, and not taken yet
  bool giving_ = false;       // on_data is being called
  bool closed_ = false;
};

}  // namespace reconcile
