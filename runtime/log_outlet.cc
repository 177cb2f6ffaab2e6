#include "runtime/log_outlet.h"

#include <algorithm>
#include <utility>

namespace reconcile {

void LogOutlet::Push(LogStream stream, std::string_view text) {
  if (closed_) return;
  while (!text.empty()) {
    waiting_.push_back({stream, std::string(text.substr(0, kMaxStreamFrameBytes))});
    text.remove_prefix(waiting_.back().text.size());
  }
  Give();
}

void LogOutlet::Taken(size_t bytes) {
  untaken_bytes_ -= std::min(bytes, untaken_bytes_);
  Give();
}

void LogOutlet::Close() {
  closed_ = true;
  waiting_.clear();
}

void LogOutlet::Give() {
  if (giving_) return;
  giving_ = true;
  while (!waiting_.empty() && untaken_bytes_ + waiting_.front().text.size() <= kStreamWindowBytes) {
    const Piece piece = std::move(waiting_.front());
    waiting_.pop_front();
    untaken_bytes_ += piece.text.size();
    on_data_(piece.stream, piece.text);
  }
  giving_ = false;
}

}  // namespace reconcile
