#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/http.h"

namespace reconcile {

// An answer that is not known yet, or is larger than a frame, as a stream's. Loop thread only.
class TextStream : public std::enable_shared_from_this<TextStream> {
 public:
  explicit TextStream(LogSink sink) : sink_(std::move(sink)) {}
  // Sends `text` at the reader's pace and ends. Once.
  void Finish(std::string text);
  StreamHandle handle();

 private:
  void Send();

  LogSink sink_;
  std::string text_;
  size_t at_ = 0;
  size_t in_flight_ = 0;
  bool has_text_ = false;
  bool sending_ = false;
  bool ended_ = false;
};

}  // namespace reconcile
