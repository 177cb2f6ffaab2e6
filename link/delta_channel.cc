#include "link/delta_channel.h"

#include "link/assignment_delta.h"
#include "link/link_wire.h"
#include "link/message_reader.h"
#include "link/report_delta.h"

namespace reconcile {
namespace {

template <typename T>
struct Channel;

template <>
struct Channel<Assignment> {
  static constexpr std::string_view kWhole = link_type::kAssignment;
  static constexpr std::string_view kDelta = link_type::kAssignmentDelta;
  static constexpr char kWhat[] = "assignment for node ";
  static Status Check(const Assignment& message) { return CheckItems(message); }
  static Value Encode(const Assignment& message) { return EncodeAssignment(message); }
  static Result<Assignment> Decode(const Value& value) { return DecodeAssignment(value); }
  static Result<AssignmentDelta> DecodeDelta(const Value& value) {
    return DecodeAssignmentDelta(value);
  }
};

template <>
struct Channel<Report> {
  static constexpr std::string_view kWhole = link_type::kReport;
  static constexpr std::string_view kDelta = link_type::kReportDelta;
  static constexpr char kWhat[] = "report of node ";
  static Status Check(const Report&) { return OkStatus(); }
  static Value Encode(const Report& message) { return EncodeReport(message); }
  static Result<Report> Decode(const Value& value) { return DecodeReport(value); }
  static Result<ReportDelta> DecodeDelta(const Value& value) { return DecodeReportDelta(value); }
};

// Events happened once: they are no part of what the next report is compared with.
void ForgetEvents(Assignment*) {}
void ForgetEvents(Report* report) { report->events.clear(); }

}  // namespace

template <typename T>
Result<std::string> DeltaSender<T>::Write(const T& next) {
  using C = Channel<T>;
  RETURN_IF_ERROR(C::Check(next));
  const std::string what = C::kWhat + next.node;
  const auto delta = base_ ? MakeDelta(*base_, next) : std::nullopt;
  if (delta) {
    Value body = Value::MakeMap();
    body.Set("number", Value::Int(number_ + 1));
    body.Set("base", Value::Int(number_));
    body.Set("delta", EncodeDelta(*delta));
    Result<std::string> text = WriteLinkMessage(C::kDelta, std::move(body), what);
    if (text.ok() && bytes_bound_ + text->size() <= kMaxMessageBytes) {
      bytes_bound_ += text->size();
      ++number_;
      base_ = next;
      ForgetEvents(&*base_);
      return text;
    }
  }
  Value body = Value::MakeMap();
  body.Set("number", Value::Int(number_ + 1));
  body.Set("whole", C::Encode(next));
  Result<std::string> text = WriteLinkMessage(C::kWhole, std::move(body), what);
  if (!text.ok()) return text;
  bytes_bound_ = text->size();
  ++number_;
  base_ = next;
  ForgetEvents(&*base_);
  return text;
}

template <typename T>
Result<T> DeltaReceiver<T>::TakeWhole(const Value& body, size_t bytes) {
  using C = Channel<T>;
  base_.reset();
  MessageReader reader(body, std::string(C::kWhole));
  const int64_t number = reader.Count("number");
  const Value* whole = reader.Map("whole");
  if (whole == nullptr) reader.Fail("whole", "missing");
  RETURN_IF_ERROR(reader.status());
  Result<T> message = C::Decode(*whole);
  if (!message.ok()) return message;
  base_ = *message;
  ForgetEvents(&*base_);
  number_ = number;
  bytes_bound_ = bytes;
  return message;
}

template <typename T>
Result<T> DeltaReceiver<T>::TakeDelta(const Value& body, size_t bytes) {
  using C = Channel<T>;
  MessageReader reader(body, std::string(C::kDelta));
  const int64_t number = reader.Count("number");
  const int64_t base = reader.Count("base");
  const Value* encoded = reader.Map("delta");
  if (encoded == nullptr) reader.Fail("delta", "missing");
  RETURN_IF_ERROR(reader.status());
  if (!base_) return InvalidError(std::string(C::kDelta) + ": there is nothing that it changes");
  if (base != number_) {
    return InvalidError(std::string(C::kDelta) + ": it changes message " + std::to_string(base) +
                        ", the last one was " + std::to_string(number_));
  }
  if (bytes_bound_ + bytes > kMaxMessageBytes) {
    return InvalidError(std::string(C::kDelta) + ": all of it would have more than " +
                        std::to_string(kMaxMessageBytes) + " bytes; it is to be said whole");
  }
  const auto delta = C::DecodeDelta(*encoded);
  if (!delta.ok()) return delta.status();
  Result<T> message = ApplyDelta(*base_, *delta);
  if (!message.ok()) return message;
  base_ = *message;
  ForgetEvents(&*base_);
  number_ = number;
  bytes_bound_ += bytes;
  return message;
}

template class DeltaSender<Assignment>;
template class DeltaSender<Report>;
template class DeltaReceiver<Assignment>;
template class DeltaReceiver<Report>;

}  // namespace reconcile
