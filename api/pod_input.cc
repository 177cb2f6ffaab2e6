#include "api/pod_input.h"

#include <algorithm>
#include <utility>

namespace reconcile {

void PodInput::Write(std::string_view bytes, std::shared_ptr<void> hold) {
  if (closing_ || bytes.empty()) return;
  pieces_.push_back({std::string(bytes), 0, std::move(hold)});
  Pump();
}

void PodInput::Close() {
  closing_ = true;
  Pump();
}

void PodInput::End() {
  closing_ = true;
  closed_ = true;
  pieces_.clear();
}

void PodInput::OnTaken(size_t bytes) {
  untaken_bytes_ -= std::min(bytes, untaken_bytes_);
  Pump();
}

void PodInput::Pump() {
  while (!pieces_.empty() && untaken_bytes_ < kStreamWindowBytes) {
    Piece& piece = pieces_.front();
    const size_t size = std::min({piece.bytes.size() - piece.passed, kMaxStreamFrameBytes,
                                  kStreamWindowBytes - untaken_bytes_});
    untaken_bytes_ += size;
    stream_->Write(std::string_view(piece.bytes).substr(piece.passed, size));
    piece.passed += size;
    if (piece.passed == piece.bytes.size()) pieces_.pop_front();
  }
  if (pieces_.empty() && closing_ && !std::exchange(closed_, true)) stream_->CloseInput();
}

}  // namespace reconcile
