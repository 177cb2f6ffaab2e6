"""What the conformance table runs against: pods at known hosts, and a Service for each rule.

Most pods are web servers on 8080 and 9090 that say which port and pod they are and who asked. busybox's httpd does not end on SIGTERM:
it serves until its grace period is over."""

SERVE = r"""
      for port in 8080 9090; do
        busybox mkdir -p /tmp/$port/cgi-bin
        printf '#!/bin/sh\necho Content-Type: text/plain\necho\necho %s $POD $REMOTE_ADDR\n' $port > /tmp/$port/cgi-bin/who
        busybox chmod +x /tmp/$port/cgi-bin/who
      done
      busybox httpd -p 9090 -h /tmp/9090
      exec busybox httpd -f -p 8080 -h /tmp/8080
"""


def pod(name, labels, host=None, ports="[]", grace_s=1, more="", command="serve", restart="Always", namespace="default"):
    """One Pod; `host` is the number of its host, `more` further lines of its spec."""
    selector = f"  nodeSelector: {{kubernetes.io/hostname: host-{host}}}\n" if host else ""
    run = f"    args:\n    - |{SERVE}" if command == "serve" else f"    args: ['{command}']\n"
    return f"""apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {labels}}}
spec:
  terminationGracePeriodSeconds: {grace_s}
  restartPolicy: {restart}
{selector}{more}  containers:
  - name: main
    image: test/busybox:1
    imagePullPolicy: IfNotPresent
    command: [sh, -c]
{run}    env: [{{name: POD, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}]
    ports: {ports}
"""


# A second container whose image nobody has: the pod runs and is never ready.
NEVER_READY = """  - {name: missing, image: 'test/missing:1', imagePullPolicy: Never}
"""


def service(name, spec, namespace="default"):
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


WEB_PORT = "{name: http, port: 80, targetPort: 8080}"
EACH_PORT = "[{name: http, containerPort: 8080}, {name: echo, protocol: UDP, containerPort: 5353}]"
# The name leads to another number there, and there is one name more.
OTHER_PORT = "[{name: http, containerPort: 9090}, {name: metrics, containerPort: 9090}]"

PODS = {
    "web-1": pod("web-1", "{app: web, tier: one}", 1, EACH_PORT, more="  hostname: alpha\n  subdomain: peers\n"),
    "web-2": pod("web-2", "{app: web}", 2, EACH_PORT),
    "web-3": pod("web-3", "{app: web}", 3, OTHER_PORT),
    "client-1": pod("client-1", "{app: client}", 1, command="sleep 100000"),
    "client-2": pod("client-2", "{app: client}", 2, command="sleep 100000"),
    "client-3": pod("client-3", "{app: client}", 3, command="sleep 100000"),
    "unready": pod("unready", "{app: unready}", 2) + NEVER_READY,
    "done-succeeded": pod("done-succeeded", "{app: done}", command="true", restart="Never"),
    "done-failed": pod("done-failed", "{app: done}", command="false", restart="Never"),
    "done-on-failure": pod("done-on-failure", "{app: done}", command="true", restart="OnFailure"),
    "leave-a": pod("leave-a", "{app: leave}", 1),
    "leave-b": pod("leave-b", "{app: leave}", 2),
    "udp-a": pod("udp-a", "{app: udp}", 1, command="sleep 100000"),
    "udp-b": pod("udp-b", "{app: udp}", 2, command="sleep 100000"),
    "going-a": pod("going-a", "{app: going}", 1, grace_s=20),
    "going-b": pod("going-b", "{app: going}", 2, grace_s=20),
    "last": pod("last", "{app: last}", 2, grace_s=6),
    "end": pod("end", "{app: end}", 2, grace_s=20) + NEVER_READY,
    "away": pod("away", "{app: away}", 3),
    "elsewhere": pod("elsewhere", "{app: elsewhere}", 1, namespace="other",
                     more="  hostname: alpha\n  subdomain: peers\n"),
    "dns-default": pod("dns-default", "{app: dns}", 1, command="sleep 100000", more="  dnsPolicy: Default\n"),
    "dns-none": pod("dns-none", "{app: dns}", 1, command="sleep 100000", more="""  dnsPolicy: None
  dnsConfig: {nameservers: [192.0.2.53], searches: [only.example], options: [{name: timeout, value: '3'}]}
"""),
    "dns-more": pod("dns-more", "{app: dns}", 1, command="sleep 100000", more="""  dnsConfig:
    nameservers: [192.0.2.53, 192.0.2.54, 192.0.2.55]
    searches: [more.example]
    options: [{name: ndots, value: '2'}, {name: edns0}]
"""),
}

OUTSIDE_SERVER = "192.0.2.10"  # the controller's machine
MANY = [f"203.0.113.{i}" for i in range(1, 151)]
EXTERNAL_IP = "198.51.100.7"
ONLY_FROM = "192.0.2.10/32"

SLICE = f"""apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: by-slice-1, labels: {{kubernetes.io/service-name: by-slice}}}}
addressType: IPv4
ports: [{{name: http, protocol: TCP, port: 7001}}]
endpoints: [{{addresses: ['{OUTSIDE_SERVER}'], conditions: {{ready: true}}}}]
"""


def endpoints(name, addresses, port):
    listed = ", ".join(f"{{ip: {address}}}" for address in addresses)
    return (f"apiVersion: v1\nkind: Endpoints\nmetadata: {{name: {name}}}\n"
            f"subsets: [{{addresses: [{listed}], ports: [{{name: http, port: {port}}}]}}]\n")


SERVICES = {
    "web": service("web", f"{{selector: {{app: web}}, ports: [{WEB_PORT}, {{name: other, port: 81, targetPort: 9090}}, "
                          "{name: echo, protocol: UDP, port: 5353, targetPort: 5353}]}"),
    "plain": service("plain", "{selector: {app: web}, ports: [{port: 8080}]}"),
    "named": service("named", "{selector: {app: web}, ports: [{port: 80, targetPort: http}]}"),
    "metrics": service("metrics", "{selector: {app: web}, ports: [{port: 80, targetPort: metrics}]}"),
    "echo": service("echo", "{selector: {app: web}, ports: [{protocol: UDP, port: 53, targetPort: echo}]}"),
    "by-slice": service("by-slice", "{ports: [{name: http, port: 80}]}"),
    "by-endpoints": service("by-endpoints", "{ports: [{name: http, port: 80}]}"),
    "many": service("many", "{clusterIP: None, ports: [{name: http, port: 80}]}"),
    "sticky": service("sticky", f"{{selector: {{app: web}}, sessionAffinity: ClientIP, ports: [{WEB_PORT}, "
                                "{name: other, port: 81, targetPort: 8080}]}"),
    "sticky-short": service("sticky-short", f"{{selector: {{app: web}}, sessionAffinity: ClientIP, ports: [{WEB_PORT}], "
                                            "sessionAffinityConfig: {clientIP: {timeoutSeconds: 1}}}"),
    "leave": service("leave", f"{{selector: {{app: leave}}, sessionAffinity: ClientIP, ports: [{WEB_PORT}]}}"),
    "empty": service("empty", f"{{type: NodePort, selector: {{app: nobody}}, ports: [{WEB_PORT}, "
                              "{name: echo, protocol: UDP, port: 5353}]}"),
    "local-out": service("local-out", f"{{type: NodePort, externalTrafficPolicy: Local, selector: {{tier: one}}, ports: [{WEB_PORT}]}}"),
    "local-in": service("local-in", f"{{internalTrafficPolicy: Local, selector: {{app: web}}, ports: [{WEB_PORT}]}}"),
    "local-one": service("local-one", f"{{internalTrafficPolicy: Local, selector: {{tier: one}}, ports: [{WEB_PORT}]}}"),
    "near-zone": service("near-zone", f"{{trafficDistribution: PreferSameZone, selector: {{app: web}}, ports: [{WEB_PORT}]}}"),
    "near-node": service("near-node", f"{{trafficDistribution: PreferSameNode, selector: {{app: web}}, ports: [{WEB_PORT}]}}"),
    "near-one": service("near-one", f"{{trafficDistribution: PreferSameNode, selector: {{tier: one}}, ports: [{WEB_PORT}]}}"),
    "node": service("node", "{type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30080}, "
                            "{name: echo, protocol: UDP, port: 5353, nodePort: 30053}]}"),
    "one-outside": service("one-outside", f"{{type: NodePort, selector: {{tier: one}}, ports: [{WEB_PORT}]}}"),
    "balanced": service("balanced", "{type: LoadBalancer, selector: {app: web}, ports: [{name: http, port: 8090, targetPort: 8080}]}"),
    "ranges": service("ranges", "{type: LoadBalancer, selector: {app: web}, loadBalancerSourceRanges: "
                                f"['{ONLY_FROM}'], ports: [{{name: http, port: 8091, targetPort: 8080}}]}}"),
    "local-balanced": service("local-balanced", "{type: LoadBalancer, externalTrafficPolicy: Local, selector: {tier: one}, "
                                                "ports: [{name: http, port: 8092, targetPort: 8080}]}"),
    "external": service("external", f"{{selector: {{app: web}}, externalIPs: [{EXTERNAL_IP}], ports: [{WEB_PORT}]}}"),
    "fixed": service("fixed", f"{{clusterIP: 10.96.0.77, selector: {{app: web}}, ports: [{WEB_PORT}]}}"),
    "self": service("self", f"{{selector: {{tier: one}}, ports: [{WEB_PORT}]}}"),
    "udp": service("udp", "{selector: {app: udp}, ports: [{protocol: UDP, port: 5353}]}"),
    "unready": service("unready", f"{{selector: {{app: unready}}, ports: [{WEB_PORT}]}}"),
    "published": service("published", f"{{publishNotReadyAddresses: true, selector: {{app: unready}}, ports: [{WEB_PORT}]}}"),
    "unready-names": service("unready-names", f"{{clusterIP: None, selector: {{app: unready}}, ports: [{WEB_PORT}]}}"),
    "published-names": service("published-names", "{clusterIP: None, publishNotReadyAddresses: true, "
                                                  f"selector: {{app: unready}}, ports: [{WEB_PORT}]}}"),
    "done": service("done", f"{{publishNotReadyAddresses: true, selector: {{app: done}}, ports: [{WEB_PORT}]}}"),
    "going": service("going", f"{{selector: {{app: going}}, ports: [{WEB_PORT}]}}"),
    "last": service("last", f"{{selector: {{app: last}}, ports: [{WEB_PORT}]}}"),
    "end": service("end", f"{{selector: {{app: end}}, ports: [{WEB_PORT}]}}"),
    "away": service("away", f"{{selector: {{app: away}}, ports: [{WEB_PORT}]}}"),
    "peers": service("peers", "{clusterIP: None, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}"),
    "alias": service("alias", "{type: ExternalName, externalName: web.default.svc.cluster.local}"),
    "outside": service("outside", "{type: ExternalName, externalName: www.corp.example, ports: [{name: http, port: 80}]}"),
}


def namespace(name):
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"


ZONES = {1: "east", 2: "east", 3: "west"}


def node(name, zone):
    return f"apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{topology.kubernetes.io/zone: {zone}}}}}\n"


def files():
    made = {f"pods/{name}.yaml": text for name, text in PODS.items()}
    made.update({f"services/{name}.yaml": text for name, text in SERVICES.items()})
    made["services/by-slice-1.yaml"] = SLICE
    made["services/by-endpoints-addresses.yaml"] = endpoints("by-endpoints", [OUTSIDE_SERVER], 7001)
    made["services/many-addresses.yaml"] = endpoints("many", MANY, 80)
    made["nodes.yaml"] = "---\n".join(node(f"host-{number}", zone) for number, zone in ZONES.items())
    made["namespaces.yaml"] = namespace("other") + "---\n" + namespace("vacant")
    return made
