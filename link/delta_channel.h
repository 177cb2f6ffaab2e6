#pragma once

#include <optional>
#include <string>

#include "link/messages.h"

namespace reconcile {

// PURE: one direction of one connection, for Assignment or Report. The sender says everything once
// and then what changed; the receiver has everything again. Messages are numbered, and a delta
// names the one it follows.
template <typename T>
class DeltaSender {
 public:
  // The message to send, in its envelope. Invalid when all of `next` is more than kMaxMessageBytes,
  // also when the change is small: it must be possible to say it again. Then the base stays.
  Result<std::string> Write(const T& next);
  // The other side lost track: the next message says everything.
  void Forget() { base_.reset(); }

 private:
  std::optional<T> base_;   // as last written
  int64_t number_ = 0;      // of it
  size_t bytes_bound_ = 0;  // all of base_ takes no more
};

template <typename T>
class DeltaReceiver {
 public:
  // `body` of a message of type T::..., whole or delta. Invalid when it is malformed or follows
  // another message than the last one: ask for everything (link_type::kResync).
  // `bytes`: of the message's text. Invalid also when whole and deltas could have more than
  // kMaxMessageBytes, as the sender counts them.
  Result<T> TakeWhole(const Value& body, size_t bytes = 0);
  Result<T> TakeDelta(const Value& body, size_t bytes = 0);

 private:
  std::optional<T> base_;
  size_t bytes_bound_ = 0;  // all of base_ takes no more
  int64_t number_ = 0;
};

extern template class DeltaSender<Assignment>;
extern template class DeltaSender<Report>;
extern template class DeltaReceiver<Assignment>;
extern template class DeltaReceiver<Report>;

}  // namespace reconcile
