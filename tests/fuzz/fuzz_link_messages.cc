// Whatever bytes arrive: refused with a reason, or read into what reads the same when written. A
// line of the input is a message; together they are a connection, so that deltas have a base.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "link/assignment_delta.h"
#include "link/delta_channel.h"
#include "link/http_checks.h"
#include "link/link_wire.h"
#include "link/report_delta.h"

namespace {

using namespace reconcile;

void RoundTrip(const Assignment& message) {
  const std::string written = *WriteAssignment(message);
  const Result<Assignment> again = ReadAssignment(written);
  if (!again.ok() || *WriteAssignment(*again) != written) std::abort();
}

void RoundTrip(const Report& message) {
  const std::string written = *WriteReport(message);
  const Result<Report> again = ReadReport(written);
  if (!again.ok() || *WriteReport(*again) != written) std::abort();
}

void RoundTrip(const Inventory& message) {
  const std::string written = *WriteInventory(message);
  const Result<Inventory> again = ReadInventory(written);
  if (!again.ok() || *WriteInventory(*again) != written) std::abort();
}

void RoundTrip(const OpenPodStreamMessage& message) {
  const auto again = DecodeOpenPodStream(ReadLinkMessage(WriteOpenPodStream(message))->body);
  if (!again.ok() || !(again->request == message.request)) std::abort();
}

template <typename T>
void RoundTripIfOk(const Result<T>& message) {
  if (message.ok()) RoundTrip(*message);
}

// The other end of a connection.
class Receiver {
 public:
  void Take(std::string_view line) {
    const Result<LinkMessage> message = ReadLinkMessage(line);
    if (!message.ok()) return;
    const Value& body = message->body;
    RoundTripIfOk(assignments_.TakeDelta(body));
    RoundTripIfOk(reports_.TakeDelta(body));
    if (message->type == link_type::kAssignment) RoundTripIfOk(assignments_.TakeWhole(body));
    if (message->type == link_type::kReport) RoundTripIfOk(reports_.TakeWhole(body));
    const Result<Hello> hello = DecodeHello(body);
    if (hello.ok()) (void)ChooseProtocol(*hello, kMinLinkProtocol, kMaxLinkProtocol).ok();
    (void)DecodeWelcome(body).ok();
    (void)DecodeRefused(body);
    (void)DecodeTaken(body).ok();
    (void)DecodeResize(body).ok();
    const PodStreamEnd end = DecodeEnd(body);
    const PodStreamEnd again = DecodeEnd(ReadLinkMessage(WriteEnd(end))->body);
    if (again.status != end.status || again.exit_code != end.exit_code) std::abort();
    const Result<OpenPodStreamMessage> stream = DecodeOpenPodStream(body);
    if (stream.ok()) RoundTrip(*stream);
    const Result<OpenLogsMessage> open = DecodeOpenLogs(body);
    if (open.ok() && !DecodeOpenLogs(ReadLinkMessage(WriteOpenLogs(*open))->body).ok()) {
      std::abort();
    }
    if (const Value* inventory = body.Find("inventory")) {
      RoundTripIfOk(DecodeInventory(*inventory));
    }
  }

 private:
  DeltaReceiver<Assignment> assignments_;
  DeltaReceiver<Report> reports_;
};

// "name: value" lines, as a request's head.
void CheckHead(std::string_view line, HttpFraming* framing) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  framing->Add(LowerCase(line.substr(0, colon)), line.substr(colon + 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RoundTripIfOk(ReadAssignment(text));
  RoundTripIfOk(ReadReport(text));
  RoundTripIfOk(ReadInventory(text));
  const Result<StreamFrame> frame = ReadStreamFrame(text);
  if (frame.ok() && WriteStreamFrame(frame->channel, frame->bytes) != text) std::abort();
  Receiver receiver;
  HttpFraming framing;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    receiver.Take(text.substr(at, end - at));
    CheckHead(text.substr(at, end - at), &framing);
    at = end + 1;
  }
  (void)framing.Check(11).code;
  return 0;
}
