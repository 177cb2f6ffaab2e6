#pragma once

#include <memory>

#include "link/agent_link.h"

namespace reconcile {

// A log is a stream one way: links carry both kinds alike.
PodStreamSink StreamSinkOf(LogSink sink);
LogSink LogSinkOf(PodStreamSink sink);
std::shared_ptr<PodStream> StreamOf(StreamHandle writer);
StreamHandle HandleOf(std::shared_ptr<PodStream> stream);

}  // namespace reconcile
