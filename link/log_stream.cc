#include "link/log_stream.h"

#include <utility>

namespace reconcile {
namespace {

// What writes a log, as who reads it sees it.
class LogAsStream final : public PodStream {
 public:
  explicit LogAsStream(StreamHandle writer) : writer_(std::move(writer)) {}
  void Write(std::string_view) override {}
  void CloseInput() override {}
  void Resize(uint16_t, uint16_t) override {}
  void Taken(size_t bytes) override { writer_.Taken(bytes); }
  void Cancel() override { writer_.Cancel(); }

 private:
  const StreamHandle writer_;
};

}  // namespace

PodStreamSink StreamSinkOf(LogSink sink) {
  PodStreamSink stream;
  if (sink.on_data) {
    stream.on_output = [on_data = std::move(sink.on_data)](PodOutput, std::string_view bytes) {
      on_data(bytes);
    };
  }
  if (sink.on_end) {
    stream.on_end = [on_end = std::move(sink.on_end)](const PodStreamEnd& end) {
      on_end(end.status);
    };
  }
  return stream;
}

LogSink LogSinkOf(PodStreamSink sink) {
  LogSink log;
  log.on_data = [on_output = std::move(sink.on_output)](std::string_view bytes) {
    on_output(PodOutput::kOut, bytes);
  };
  log.on_end = [on_end = std::move(sink.on_end)](const Status& status) {
    on_end({status, std::nullopt});
  };
  return log;
}

std::shared_ptr<PodStream> StreamOf(StreamHandle writer) {
  return std::make_shared<LogAsStream>(std::move(writer));
}

StreamHandle HandleOf(std::shared_ptr<PodStream> stream) {
  return StreamHandle([stream] { stream->Cancel(); },
                      [stream](size_t bytes) { stream->Taken(bytes); });
}

}  // namespace reconcile
