#pragma once

#include <vector>

#include "api/object_encoding.h"
#include "base/event_loop.h"

namespace reconcile {

// Lists of more objects than these are written out piece by piece, as their reader takes them:
// their first byte does not wait for their last, nor does anybody else.
inline constexpr size_t kMostObjectsAtOnce = 100;

// The stream of a list. It holds the objects, and a window of their text at most. `loop` outlives
// it.
StreamStart StreamOfList(EventLoop* loop, ListWriter writer, std::vector<ObjectPtr> objects);

}  // namespace reconcile
