#include "schema/shapes_pod.h"

namespace reconcile {

namespace {

Shape ExecShape() {
  static const ShapeTable table = MakeShapeTable(
      "ExecAction", {{"command", ListOf(StringShape()), "The program and its arguments."}});
  return StructOf(table);
}

Shape HttpGetShape() {
  static const ShapeTable header =
      MakeShapeTable("HTTPHeader",
                     {{"name", StringShape(), "The header's name.", kRequired},
                      {"value", StringShape(), "The header's value."}},
                     "name");
  static const ShapeTable table = MakeShapeTable(
      "HTTPGetAction",
      {{"port", IntOrStringShape(), "Number or name of the container's port.", kRequired},
       {"path", StringShape(), "The path.", false, "/"},
       {"scheme", OneOf({"HTTP", "HTTPS"}), "HTTP or HTTPS.", false, "HTTP"},
       {"host", StringShape(), "Another host than the pod."},
       {"httpHeaders", ListOf(StructOf(header)), "Headers of the request."}});
  return StructOf(table);
}

Shape TcpSocketShape() {
  static const ShapeTable table = MakeShapeTable(
      "TCPSocketAction",
      {{"port", IntOrStringShape(), "Number or name of the container's port.", kRequired},
       {"host", StringShape(), "Another host than the pod."}});
  return StructOf(table);
}

Shape GrpcShape() {
  static const ShapeTable table =
      MakeShapeTable("GRPCAction", {{"port", Int32Shape(), "The port.", kRequired},
                                    {"service", StringShape(), "The service to ask about."}});
  return StructOf(table);
}

Shape HandlerShape() {
  static const ShapeTable sleep =
      MakeShapeTable("SleepAction", {{"seconds", Int64Shape(), "How long to wait.", kRequired}});
  static const ShapeTable table = MakeShapeTable(
      "LifecycleHandler", {{"exec", ExecShape(), "A program in the container."},
                           {"httpGet", HttpGetShape(), "A request to the container."},
                           {"sleep", StructOf(sleep), "A wait."},
                           {"tcpSocket", TcpSocketShape(),
                            "No hook can be run so: it always fails, as in Kubernetes."}});
  return StructOf(table);
}

}  // namespace

Shape ProbeShape() {
  static const ShapeTable table = MakeShapeTable(
      "Probe",
      {{"exec", ExecShape(), "A program in the container: exit code 0 is success."},
       {"httpGet", HttpGetShape(), "A request: status 200 to 399 is success."},
       {"tcpSocket", TcpSocketShape(), "A connection that opens."},
       {"grpc", GrpcShape(), "The gRPC health check."},
       {"initialDelaySeconds", Int32Shape(), "Time before the first probe."},
       {"periodSeconds", Int32Shape(), "Time between probes.", false, "10"},
       {"timeoutSeconds", Int32Shape(), "Time a probe may take.", false, "1"},
       {"successThreshold", Int32Shape(), "Successes in a row that count as one.", false, "1"},
       {"failureThreshold", Int32Shape(), "Failures in a row that count as one.", false, "3"},
       {"terminationGracePeriodSeconds", Int64Shape(),
        "Time between the stop signal and the kill after a failure."}});
  return StructOf(table);
}

Shape LifecycleShape() {
  static const ShapeTable table = [] {
    ShapeTable t("Lifecycle");
    t.Field("postStart", HandlerShape())
        .ActedOn()
        .Doc("Runs when the container has started, which counts as started once it has ended.");
    t.Field("preStop", HandlerShape())
        .ActedOn()
        .Doc("Runs before the stop signal, within the grace period.");
    t.Field("stopSignal", StringShape())
        .NotRunWith("programs get their image's signal, and pods that want another are not started")
        .Doc("The signal that stops it.");
    return t;
  }();
  return StructOf(table);
}

}  // namespace reconcile
