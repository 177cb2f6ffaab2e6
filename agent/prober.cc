#include "agent/prober.h"

#include <array>

namespace reconcile {
namespace {

constexpr size_t kGrpcPrefixBytes = 5;  // whether it is compressed, and its length
constexpr int kGrpcOk = 0;
constexpr int kGrpcUnimplemented = 12;
constexpr uint64_t kServing = 1;

void PutVarint(uint64_t value, std::string* bytes) {
  for (; value >= 0x80; value >>= 7) bytes->push_back(static_cast<char>(value | 0x80));
  bytes->push_back(static_cast<char>(value));
}

// Takes a number from the front of `bytes`; nothing when there is none.
std::optional<uint64_t> TakeVarint(std::string_view* bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// HealthCheckResponse.status; nothing when the body is not such a message.
std::optional<uint64_t> ServingStatusOf(std::string_view body) {
  if (body.size() < kGrpcPrefixBytes || body[0] != 0) return std::nullopt;
  body.remove_prefix(kGrpcPrefixBytes);
  uint64_t status = 0;
  while (!body.empty()) {
    const std::optional<uint64_t> tag = TakeVarint(&body);
    const std::optional<uint64_t> value = tag ? TakeVarint(&body) : std::nullopt;
    if (!value) return std::nullopt;
    const uint64_t wire_type = *tag & 7;
    if (*tag == 8) status = *value;
    if (wire_type == 2 && *value <= body.size()) {
      body.remove_prefix(*value);
    } else if (wire_type != 0) {
      return std::nullopt;
    }
  }
  return status;
}

std::string ServingName(uint64_t status) {
  static constexpr std::array<std::string_view, 4> kNames = {"UNKNOWN", "SERVING", "NOT_SERVING",
                                                             "SERVICE_UNKNOWN"};
  return status < kNames.size() ? std::string(kNames[status]) : std::to_string(status);
}

}  // namespace

std::optional<Result<ProbeOutcome>> AnswerWithoutAsking(const Probe& probe) {
  const auto of_port = [](int32_t port) -> std::optional<Result<ProbeOutcome>> {
    if (port > 0) return std::nullopt;
    return ProbeOutcome{false, "the container has no port of the name that the probe gives"};
  };
  if (const auto* http = std::get_if<HttpProbe>(&probe.action)) return of_port(http->port);
  if (const auto* tcp = std::get_if<TcpProbe>(&probe.action)) return of_port(tcp->port);
  if (const auto* grpc = std::get_if<GrpcProbe>(&probe.action)) return of_port(grpc->port);
  return Result<ProbeOutcome>(InvalidError("this probe is not one over the network"));
}

ProbeOutcome OutcomeOfHttpStatus(int status) {
  if (status >= 200 && status < 400) return {true, ""};
  return {false, "HTTP probe failed with statuscode: " + std::to_string(status)};
}

std::string GrpcHealthRequest(const std::string& service) {
  std::string message;
  if (!service.empty()) {
    message.push_back(0x0A);  // field 1, a string
    PutVarint(service.size(), &message);
    message += service;
  }
  std::string frame(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame.push_back(static_cast<char>((message.size() >> shift) & 0xFF));
  }
  return frame + message;
}

ProbeOutcome OutcomeOfGrpc(const GrpcAnswer& answer) {
  if (!answer.grpc_status) {
    return {false, "error: health rpc probe failed: HTTP status " +
                       std::to_string(answer.http_status) + " without a grpc-status"};
  }
  if (*answer.grpc_status == kGrpcUnimplemented) {
    return {false,
            "error: this server does not implement the grpc health protocol "
            "(grpc.health.v1.Health): " +
                answer.grpc_message};
  }
  if (*answer.grpc_status != kGrpcOk) {
    return {false, "error: health rpc probe failed: rpc error: code = " +
                       std::to_string(*answer.grpc_status) + " desc = " + answer.grpc_message};
  }
  const std::optional<uint64_t> status = ServingStatusOf(answer.body);
  if (!status) return {false, "error: health rpc probe failed: no HealthCheckResponse came"};
  if (*status == kServing) return {true, ""};
  return {false, "service unhealthy (responded with \"" + ServingName(*status) + "\")"};
}

}  // namespace reconcile
