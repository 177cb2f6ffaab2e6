#include "api/text_stream.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace reconcile {

void TextStream::Finish(std::string text) {
  text_ = std::move(text);
  has_text_ = true;
  Send();
}

StreamHandle TextStream::handle() {
  return {[self = shared_from_this()] { self->ended_ = true; },
          [self = shared_from_this()](size_t bytes) {
            self->in_flight_ -= std::min(bytes, self->in_flight_);
            self->Send();
          }};
}

void TextStream::Send() {
  if (sending_ || !has_text_) return;  // the sink takes while it is given
  sending_ = true;
  while (!ended_ && at_ < text_.size() && in_flight_ < kStreamWindowBytes) {
    const size_t size =
        std::min({text_.size() - at_, kMaxStreamFrameBytes, kStreamWindowBytes - in_flight_});
    in_flight_ += size;
    at_ += size;
    sink_.on_data(std::string_view(text_).substr(at_ - size, size));
  }
  sending_ = false;
  if (at_ < text_.size() || ended_) return;
  ended_ = true;
  sink_.on_end(OkStatus());
}

}  // namespace reconcile
