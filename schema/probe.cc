#include "schema/probe.h"

#include <algorithm>

namespace reconcile {

namespace {

constexpr int64_t kMsPerSecond = 1'000;

int32_t PortOf(const Container& container, const Value& action) {
  const Value* port = action.Find("port");
  if (port == nullptr) return 0;
  if (port->IsInt()) return static_cast<int32_t>(port->AsInt());
  if (!port->IsString()) return 0;
  const auto named =
      std::find_if(container.ports.begin(), container.ports.end(),
                   [&](const ContainerPort& each) { return each.name == port->AsString(); });
  return named == container.ports.end() ? 0 : named->container_port;
}

void ReadAction(const Container& container, const Value& written, Probe* probe) {
  if (const Value* exec = written.Find("exec")) {
    probe->action = ExecActionOf(*exec);
  } else if (const Value* http = written.Find("httpGet")) {
    probe->action = HttpActionOf(container, *http);
  } else if (const Value* tcp = written.Find("tcpSocket")) {
    probe->action = TcpProbe{tcp->GetString("host"), PortOf(container, *tcp)};
  } else if (const Value* grpc = written.Find("grpc")) {
    probe->action = GrpcProbe{PortOf(container, *grpc), grpc->GetString("service")};
  }
}

// 0 stands for the default.
int64_t NumberOf(const Value& written, std::string_view field, int64_t fallback) {
  const int64_t number = written.GetInt(field);
  return number > 0 ? number : fallback;
}

}  // namespace

ExecProbe ExecActionOf(const Value& written) {
  ExecProbe exec;
  for (const Value& word : written.GetList("command")) exec.command.push_back(word.AsString());
  return exec;
}

HttpProbe HttpActionOf(const Container& container, const Value& written) {
  HttpProbe http;
  http.host = written.GetString("host");
  http.port = PortOf(container, written);
  http.path = written.GetString("path");
  if (!http.path.starts_with('/')) http.path.insert(0, "/");
  http.tls = written.GetString("scheme") == "HTTPS";
  for (const Value& header : written.GetList("httpHeaders")) {
    http.headers.emplace_back(header.GetString("name"), header.GetString("value"));
  }
  return http;
}

std::string_view ProbeField(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup:
      return "startupProbe";
    case ProbeKind::kReadiness:
      return "readinessProbe";
    case ProbeKind::kLiveness:
      return "livenessProbe";
  }
  return "";
}

std::optional<Probe> ProbeOf(const Container& container, ProbeKind kind) {
  const Value* written = container.others.Find(ProbeField(kind));
  if (written == nullptr || !written->IsMap()) return std::nullopt;
  Probe probe;
  ReadAction(container, *written, &probe);
  probe.initial_delay_ms = NumberOf(*written, "initialDelaySeconds", 0) * kMsPerSecond;
  probe.period_ms = NumberOf(*written, "periodSeconds", 10) * kMsPerSecond;
  probe.timeout_ms = NumberOf(*written, "timeoutSeconds", 1) * kMsPerSecond;
  probe.success_threshold = static_cast<int32_t>(NumberOf(*written, "successThreshold", 1));
  probe.failure_threshold = static_cast<int32_t>(NumberOf(*written, "failureThreshold", 3));
  const Value* grace = written->Find("terminationGracePeriodSeconds");
  if (grace != nullptr && grace->IsInt()) probe.grace_seconds = grace->AsInt();
  return probe;
}

}  // namespace reconcile
