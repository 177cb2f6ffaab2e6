"""What is tried on each field that is acted on: before, after, and what its plan says, for test_effects.py."""
import copy
import re

from harness import ROOT

STRUCTS = ["ObjectMeta", "PodSpec", "Container", "ContainerPort", "EnvVar", "EnvVarSource", "EnvFromSource", "ResourceRequirements",
           "DeploymentSpec", "DeploymentStrategy", "RollingUpdateDeployment", "ReplicaSetSpec", "ReplicationControllerSpec", "ConfigMap",
           "Secret", "NodeSpec", "SecurityContext", "PodSecurityContext", "Capabilities", "SeccompProfile", "AppArmorProfile", "Sysctl",
           "HostAlias", "NodeAffinity", "NodeSelector", "NodeSelectorTerm", "NodeSelectorRequirement", "PreferredSchedulingTerm",
           "TopologySpreadConstraint", "PodAffinityTerm", "WeightedPodAffinityTerm", "Volume", "VolumeMount", "EmptyDirVolumeSource",
           "HostPathVolumeSource", "ConfigMapVolumeSource", "SecretVolumeSource", "DownwardAPIVolumeSource", "ProjectedVolumeSource",
           "VolumeProjection", "ConfigMapProjection", "SecretProjection", "DownwardAPIProjection", "KeyToPath", "DownwardAPIVolumeFile",
           "ResourceFieldSelector", "Toleration", "Probe", "ExecAction", "HTTPGetAction", "HTTPHeader", "TCPSocketAction", "GRPCAction", "LocalObjectReference",
           "Lifecycle", "LifecycleHandler", "SleepAction"]
# No change of one that runs.
NO_CHANGE = {"AppArmorProfile.localhostProfile",  # few machines have AppArmor: tests/unit/agent/rights_test.cc
             "SecurityContext.privileged",  # no such container starts on a machine that lacks a capability itself
             "VolumeMount.mountPropagation",  # needs a mount of the host's that is shared: test_volumes.py makes one
             "ObjectMeta.name", "ObjectMeta.namespace",  # another object
             "DeploymentSpec.selector", "ReplicaSetSpec.selector",  # cannot be changed
             "Secret.type",  # cannot be changed
             "ReplicationControllerSpec.selector"}  # must match the template, with which it changes


def documented():
    """Every field of STRUCTS that is acted on, "Struct.field", but those that only hold other structs."""
    fields, struct, structs, rows = set(), None, set(), []
    for line in (ROOT / "docs/manifests.md").read_text(encoding="utf-8").splitlines():
        heading = re.match(r"#### (\w+)$", line)
        row = re.match(r"\| `(\w+)` \| (\S+) \|", line)
        if heading:
            struct = heading.group(1)
            structs.add(struct)
        elif row and struct in STRUCTS and "**Not acted on**" not in line:
            rows.append((struct, row.group(1), row.group(2)))
    for struct, field, kind in rows:
        holds = re.sub(r"^\[\]|^map\[string\]", "", kind)
        leaf = struct in ("EnvVarSource", "EnvFromSource") or holds not in structs
        if leaf:
            fields.add(f"{struct}.{field}")
    return fields


def container(**more):
    return dict({"name": "main", "image": "test/busybox:1", "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", "sleep 100000"]}, **more)


def pod_spec(**more):
    return dict({"terminationGracePeriodSeconds": 1, "containers": [container()]}, **more)


def workload(kind, name, spec=None, replicas=1):
    labels = {"app": name}
    template = {"metadata": {"labels": dict(labels)}, "spec": spec or pod_spec()}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": dict(labels)}, "spec": template["spec"]}
    selector = labels if kind == "ReplicationController" else {"matchLabels": labels}
    return {"apiVersion": "v1" if kind == "ReplicationController" else "apps/v1", "kind": kind, "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": selector, "template": template}}


def spec_of(manifest):
    return manifest["spec"] if manifest["kind"] == "Pod" else manifest["spec"]["template"]["spec"]


def first(manifest):
    return spec_of(manifest)["containers"][0]


def taking(port, **more):
    """Gives the first container a port of the host, another one in each kind of workload; the old pod goes before the new one comes."""
    def change(m):
        first(m).update(ports=[dict({"containerPort": 80, "hostPort": port + (m["kind"] == "Pod")}, **more)])
        if m["kind"] == "Deployment":
            m["spec"].update(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}})
    return change


def near(**requirement):
    """Requires this of the node's labels, and prefers what holds on every node."""
    def change(m):
        everywhere = {"key": "kubernetes.io/hostname", "operator": "Exists"}
        spec_of(m).update(affinity={"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [dict(everywhere, **requirement)]}]},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {"matchExpressions": [everywhere]}}]}})
    return change


def spread(**more):
    """Is spread over the hosts by this constraint, which holds on one host."""
    def change(m):
        constraint = {"maxSkew": 5, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
        spec_of(m).update(topologySpreadConstraints=[dict(constraint, **more)])
    return change


def tolerating(**more):
    """Tolerates a taint that no host has."""
    def change(m):
        spec_of(m).update(tolerations=[dict({"key": "gone", "operator": "Equal", "value": "1", "effect": "NoExecute"}, **more)])
    return change


def among(weight=1, **more):
    """Keeps away from pods that are nowhere, and likes not to be with them."""
    def change(m):
        term = dict({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "nowhere"}}}, **more)
        spec_of(m).update(affinity={"podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [term],
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": weight, "podAffinityTerm": term}]}})
    return change


def required(m):
    return spec_of(m)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"][0]["matchExpressions"][0]


def preferred(m):
    return spec_of(m)["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]


def probed(**probe):
    """A liveness probe that is not asked while the case lasts."""
    return lambda m: first(m).setdefault("livenessProbe", {"initialDelaySeconds": 100000}).update(copy.deepcopy(probe))


def exec_probe(**more):
    return probed(exec={"command": ["true"]}, **more)


def http_probe(**more):
    return probed(httpGet=dict({"port": 80}, **more))


def header_probe(**more):
    return http_probe(httpHeaders=[dict({"name": "A", "value": "1"}, **more)])


def tcp_probe(**more):
    return probed(tcpSocket=dict({"port": 80}, **more))


def grpc_probe(**more):
    return probed(grpc=dict({"port": 80}, **more))


# Of a pod's spec, tried in a Deployment and in a Pod: what is there before, if it matters, and the edit.
IN_PODS = {
    "PodSpec.restartPolicy": (None, lambda m: spec_of(m).update(restartPolicy="OnFailure")),  # a Pod alone
    "PodSpec.terminationGracePeriodSeconds": (None, lambda m: spec_of(m).update(terminationGracePeriodSeconds=2)),
    "PodSpec.nodeSelector": (None, lambda m: spec_of(m).update(nodeSelector={"kubernetes.io/hostname": "host-1"})),
    "PodSpec.nodeName": (None, lambda m: spec_of(m).update(nodeName="host-1")),
    "NodeSelectorRequirement.key": (near(operator="NotIn", values=["x"]), lambda m: required(m).update(key="kubernetes.io/os")),
    "NodeSelectorRequirement.operator": (near(), near(operator="In", values=["host-1"])),
    "NodeSelectorRequirement.values": (near(operator="In", values=["host-1"]), lambda m: required(m).update(values=["host-1", "host-2"])),
    "PreferredSchedulingTerm.weight": (near(), lambda m: preferred(m).update(weight=2)),
    "TopologySpreadConstraint.maxSkew": (spread(), spread(maxSkew=6)),
    "TopologySpreadConstraint.topologyKey": (spread(), spread(topologyKey="kubernetes.io/os")),
    "TopologySpreadConstraint.minDomains": (spread(), spread(minDomains=2)),
    "TopologySpreadConstraint.nodeAffinityPolicy": (spread(), spread(nodeAffinityPolicy="Ignore")),
    "TopologySpreadConstraint.matchLabelKeys": (spread(), spread(matchLabelKeys=["app"])),
    "TopologySpreadConstraint.whenUnsatisfiable": (spread(), spread(whenUnsatisfiable="ScheduleAnyway")),
    "TopologySpreadConstraint.nodeTaintsPolicy": (spread(), spread(nodeTaintsPolicy="Honor")),
    "PodSpec.preemptionPolicy": (None, lambda m: spec_of(m).update(preemptionPolicy="Never")),
    "PodSpec.priorityClassName": (None, lambda m: spec_of(m).update(priorityClassName="system-cluster-critical")),
    "PodSpec.priority": (None, lambda m: spec_of(m).update(priority=7)),
    "Toleration.key": (tolerating(), tolerating(key="other")),
    "Toleration.operator": (tolerating(value=""), tolerating(value="", operator="Exists")),
    "Toleration.value": (tolerating(), tolerating(value="2")),
    "Toleration.effect": (tolerating(), tolerating(effect="NoSchedule")),
    "Toleration.tolerationSeconds": (tolerating(), tolerating(tolerationSeconds=60)),
    "PodAffinityTerm.topologyKey": (among(), among(topologyKey="kubernetes.io/os")),
    "PodAffinityTerm.namespaces": (among(), among(namespaces=["default", "other"])),
    "PodAffinityTerm.matchLabelKeys": (among(), among(matchLabelKeys=["tier"])),
    "PodAffinityTerm.mismatchLabelKeys": (among(), among(mismatchLabelKeys=["tier"])),
    "WeightedPodAffinityTerm.weight": (among(), among(weight=2)),
    "PodSpec.hostname": (None, lambda m: spec_of(m).update(hostname="other")),
    "PodSpec.subdomain": (None, lambda m: spec_of(m).update(subdomain="group")),
    "PodSpec.hostNetwork": (None, lambda m: spec_of(m).update(hostNetwork=True)),
    "PodSpec.dnsPolicy": (None, lambda m: spec_of(m).update(dnsPolicy="Default")),
    "Container.name": (None, lambda m: first(m).update(name="other")),
    "Container.image": (None, lambda m: first(m).update(image="test/busybox:2")),
    "Container.command": (None, lambda m: first(m).update(command=["sh", "-c", "sleep 100001"])),
    "Container.args": (None, lambda m: first(m).update(args=["x"])),
    "Container.workingDir": (None, lambda m: first(m).update(workingDir="/bin")),
    "Container.stdin": (None, lambda m: first(m).update(stdin=True)),
    "Container.stdinOnce": (lambda m: first(m).update(stdin=True), lambda m: first(m).update(stdinOnce=True)),
    "Container.tty": (None, lambda m: first(m).update(tty=True)),
    "Container.restartPolicy": (lambda m: spec_of(m).update(initContainers=[container(name="beside", restartPolicy="Always")]),
                                lambda m: spec_of(m)["initContainers"][0].update(restartPolicy="OnFailure", command=["true"])),
    "SleepAction.seconds": (lambda m: first(m).update(lifecycle={"preStop": {"sleep": {"seconds": 0}}}),
                            lambda m: first(m)["lifecycle"]["preStop"]["sleep"].update(seconds=1)),
    "Lifecycle.postStart": (lambda m: first(m).update(lifecycle={"postStart": {"exec": {"command": ["true"]}}}),
                            lambda m: first(m)["lifecycle"]["postStart"]["exec"].update(command=["sleep", "1"])),
    "Container.imagePullPolicy": (None, lambda m: first(m).update(imagePullPolicy="Never")),
    "ContainerPort.containerPort": (None, lambda m: first(m).update(ports=[{"containerPort": 80}])),
    "ContainerPort.name": (lambda m: first(m).update(ports=[{"containerPort": 80}]), lambda m: first(m)["ports"][0].update(name="web")),
    "ContainerPort.protocol": (lambda m: first(m).update(ports=[{"containerPort": 80}]), lambda m: first(m)["ports"][0].update(protocol="UDP")),
    "ContainerPort.hostPort": (taking(18080), lambda m: first(m)["ports"][0].update(hostPort=18082 + (m["kind"] == "Pod"))),
    "ContainerPort.hostIP": (taking(18084), lambda m: first(m)["ports"][0].update(hostIP="127.0.0.1")),
    "EnvVar.name": (lambda m: first(m).update(env=[{"name": "A", "value": "1"}]), lambda m: first(m)["env"][0].update(name="B")),
    "EnvVar.value": (lambda m: first(m).update(env=[{"name": "A", "value": "1"}]), lambda m: first(m)["env"][0].update(value="2")),
    "EnvVarSource.fieldRef": (None, lambda m: first(m).update(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])),
    "EnvVarSource.configMapKeyRef": (None, lambda m: first(m).update(
        env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "stays", "key": "a"}}}])),
    "EnvVarSource.secretKeyRef": (None, lambda m: first(m).update(
        env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "stays", "key": "a"}}}])),
    "EnvFromSource.prefix": (lambda m: first(m).update(envFrom=[{"configMapRef": {"name": "stays"}}]),
                             lambda m: first(m)["envFrom"][0].update(prefix="X_")),
    "EnvFromSource.configMapRef": (None, lambda m: first(m).update(envFrom=[{"configMapRef": {"name": "stays"}}])),
    "EnvFromSource.secretRef": (None, lambda m: first(m).update(envFrom=[{"secretRef": {"name": "stays"}}])),
    "ResourceRequirements.limits": (None, lambda m: first(m).update(resources={"limits": {"memory": "64Mi"}})),
    "ResourceRequirements.requests": (None, lambda m: first(m).update(resources={"requests": {"cpu": "1m"}})),
}


# The same, of probes.
PROBES = {
    "Probe.initialDelaySeconds": (exec_probe(), exec_probe(initialDelaySeconds=100001)),
    "Probe.periodSeconds": (exec_probe(), exec_probe(periodSeconds=11)),
    "Probe.timeoutSeconds": (exec_probe(), exec_probe(timeoutSeconds=2)),
    "Probe.successThreshold": (lambda m: first(m).update(readinessProbe={"exec": {"command": ["true"]}, "periodSeconds": 1}),
                               lambda m: first(m)["readinessProbe"].update(successThreshold=2)),
    "Probe.failureThreshold": (exec_probe(), exec_probe(failureThreshold=4)),
    "Probe.terminationGracePeriodSeconds": (exec_probe(), exec_probe(terminationGracePeriodSeconds=2)),
    "ExecAction.command": (exec_probe(), probed(exec={"command": ["true", "x"]})),
    "HTTPGetAction.port": (http_probe(), http_probe(port=81)),
    "HTTPGetAction.path": (http_probe(), http_probe(path="/x")),
    "HTTPGetAction.scheme": (http_probe(), http_probe(scheme="HTTPS")),
    "HTTPGetAction.host": (http_probe(), http_probe(host="127.0.0.1")),
    "HTTPHeader.name": (header_probe(), header_probe(name="B")),
    "HTTPHeader.value": (header_probe(), header_probe(value="2")),
    "TCPSocketAction.port": (tcp_probe(), tcp_probe(port=81)),
    "TCPSocketAction.host": (tcp_probe(), tcp_probe(host="127.0.0.1")),
    "GRPCAction.port": (grpc_probe(), grpc_probe(port=81)),
    "GRPCAction.service": (grpc_probe(), grpc_probe(service="a")),
}


def rights(**more):
    return lambda m: first(m).setdefault("securityContext", {}).update(more)


def pod_rights(**more):
    return lambda m: spec_of(m).setdefault("securityContext", {}).update(more)


# The same, of what containers may do and see.
RIGHTS = {
    "PodSpec.hostPID": (None, lambda m: spec_of(m).update(hostPID=True)),
    "PodSpec.hostIPC": (None, lambda m: spec_of(m).update(hostIPC=True)),
    "PodSpec.shareProcessNamespace": (None, lambda m: spec_of(m).update(shareProcessNamespace=True)),
    "PodSpec.enableServiceLinks": (None, lambda m: spec_of(m).update(enableServiceLinks=False)),
    "LocalObjectReference.name": (None, lambda m: spec_of(m).update(imagePullSecrets=[{"name": "stays"}])),
    "Container.terminationMessagePath": (None, lambda m: first(m).update(terminationMessagePath="/tmp/end")),
    "Container.terminationMessagePolicy": (None, lambda m: first(m).update(terminationMessagePolicy="FallbackToLogsOnError")),
    "HostAlias.ip": (lambda m: spec_of(m).update(hostAliases=[{"ip": "192.0.2.1", "hostnames": ["a"]}]),
                     lambda m: spec_of(m)["hostAliases"][0].update(ip="192.0.2.2")),
    "HostAlias.hostnames": (lambda m: spec_of(m).update(hostAliases=[{"ip": "192.0.2.1", "hostnames": ["a"]}]),
                            lambda m: spec_of(m)["hostAliases"][0].update(hostnames=["b"])),
    "SecurityContext.readOnlyRootFilesystem": (None, rights(readOnlyRootFilesystem=True)),
    "SecurityContext.allowPrivilegeEscalation": (None, rights(allowPrivilegeEscalation=True)),
    "SecurityContext.runAsUser": (None, rights(runAsUser=1000)),
    "SecurityContext.runAsGroup": (None, rights(runAsGroup=1000)),
    "SecurityContext.runAsNonRoot": (rights(runAsUser=1000), rights(runAsNonRoot=True)),
    "Capabilities.add": (None, rights(capabilities={"add": ["NET_ADMIN"]})),
    "Capabilities.drop": (None, rights(capabilities={"drop": ["ALL"]})),
    "SecurityContext.procMount": (None, rights(procMount="Unmasked")),
    "SeccompProfile.localhostProfile": (rights(seccompProfile={"type": "Localhost", "localhostProfile": "one.json"}),
                                        rights(seccompProfile={"type": "Localhost", "localhostProfile": "team/two.json"})),
    "SeccompProfile.type": (None, rights(seccompProfile={"type": "Unconfined"})),
    "AppArmorProfile.type": (None, rights(appArmorProfile={"type": "Unconfined"})),
    "PodSecurityContext.runAsUser": (None, pod_rights(runAsUser=1000)),
    "PodSecurityContext.runAsGroup": (None, pod_rights(runAsGroup=1000)),
    "PodSecurityContext.runAsNonRoot": (pod_rights(runAsUser=1000), pod_rights(runAsNonRoot=True)),
    "PodSecurityContext.supplementalGroups": (None, pod_rights(supplementalGroups=[1000])),
    "Sysctl.name": (pod_rights(sysctls=[{"name": "net.core.somaxconn", "value": "1000"}]),
                    lambda m: spec_of(m)["securityContext"]["sysctls"][0].update(name="net.ipv4.ip_unprivileged_port_start")),
    "Sysctl.value": (pod_rights(sysctls=[{"name": "net.core.somaxconn", "value": "1000"}]),
                     lambda m: spec_of(m)["securityContext"]["sysctls"][0].update(value="1001")),
}


def mounting(source, **mount):
    """Mounts one volume."""
    def change(m):
        spec_of(m).update(volumes=[dict({"name": "v"}, **source)])
        first(m).update(volumeMounts=[dict({"name": "v", "mountPath": "/v"}, **mount)])
    return change


def of_map(**more):
    return mounting({"configMap": dict({"name": "stays"}, **more)})


def of_secret(**more):
    return mounting({"secret": dict({"secretName": "stays"}, **more)})


def of_fields(mode=None, path="file", **source):
    return mounting({"downwardAPI": {"items": [dict({"path": path}, **dict(source, **({"mode": mode} if mode else {})))]}})


def projecting(source, **more):
    return mounting({"projected": dict({"sources": [source]}, **more)})


def of_resource(**more):
    field = dict({"containerName": "main", "resource": "limits.cpu"}, **more)
    return of_fields(resourceFieldRef=field)


NAME = {"fieldPath": "metadata.name"}
# The same, of volumes.
VOLUMES = {
    "Volume.name": (mounting({"emptyDir": {}}), lambda m: (spec_of(m)["volumes"][0].update(name="w"), first(m)["volumeMounts"][0].update(name="w"))),
    "VolumeMount.name": (lambda m: (mounting({"emptyDir": {}})(m), spec_of(m)["volumes"].append({"name": "w"})),
                         lambda m: first(m)["volumeMounts"][0].update(name="w")),
    "VolumeMount.mountPath": (mounting({}), mounting({}, mountPath="/w")),
    "VolumeMount.readOnly": (mounting({}), mounting({}, readOnly=True)),
    "VolumeMount.subPath": (mounting({}), mounting({}, subPath="a")),
    "VolumeMount.subPathExpr": (mounting({}), mounting({}, subPathExpr="a")),
    "EmptyDirVolumeSource.medium": (mounting({"emptyDir": {}}), mounting({"emptyDir": {"medium": "Memory"}})),
    "EmptyDirVolumeSource.sizeLimit": (mounting({"emptyDir": {}}), mounting({"emptyDir": {"sizeLimit": "1Mi"}})),
    "HostPathVolumeSource.path": (mounting({"hostPath": {"path": "/etc"}}), mounting({"hostPath": {"path": "/usr"}})),
    "HostPathVolumeSource.type": (mounting({"hostPath": {"path": "/etc"}}), mounting({"hostPath": {"path": "/etc", "type": "Directory"}})),
    "ConfigMapVolumeSource.name": (of_map(), of_map(name="too")),
    "ConfigMapVolumeSource.defaultMode": (of_map(), of_map(defaultMode=0o600)),
    "ConfigMapVolumeSource.optional": (of_map(), of_map(optional=True)),
    "KeyToPath.key": (of_map(items=[{"key": "a", "path": "x"}]), of_map(items=[{"key": "b", "path": "x"}])),
    "KeyToPath.path": (of_map(items=[{"key": "a", "path": "x"}]), of_map(items=[{"key": "a", "path": "y/z"}])),
    "KeyToPath.mode": (of_map(items=[{"key": "a", "path": "x"}]), of_map(items=[{"key": "a", "path": "x", "mode": 0o600}])),
    "SecretVolumeSource.secretName": (of_secret(), of_secret(secretName="too")),
    "SecretVolumeSource.defaultMode": (of_secret(), of_secret(defaultMode=0o600)),
    "SecretVolumeSource.optional": (of_secret(), of_secret(optional=True)),
    "DownwardAPIVolumeSource.defaultMode": (mounting({"downwardAPI": {"items": [{"path": "x", "fieldRef": NAME}]}}),
                                            mounting({"downwardAPI": {"items": [{"path": "x", "fieldRef": NAME}], "defaultMode": 0o600}})),
    "DownwardAPIVolumeFile.path": (of_fields(fieldRef=NAME), of_fields(fieldRef=NAME, path="other")),
    "DownwardAPIVolumeFile.mode": (of_fields(fieldRef=NAME), of_fields(fieldRef=NAME, mode=0o600)),
    "DownwardAPIVolumeFile.fieldRef": (of_fields(fieldRef=NAME), of_fields(fieldRef={"fieldPath": "metadata.uid"})),
    "ResourceFieldSelector.containerName": (of_resource(), lambda m: (first(m).update(name="other"), of_resource(containerName="other")(m))),
    "ResourceFieldSelector.resource": (of_resource(), of_resource(resource="requests.cpu")),
    "ResourceFieldSelector.divisor": (of_resource(), of_resource(divisor="1m")),
    "EnvVarSource.resourceFieldRef": (None, lambda m: first(m).update(
        env=[{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}])),
    "ProjectedVolumeSource.defaultMode": (projecting({"configMap": {"name": "stays"}}), projecting({"configMap": {"name": "stays"}}, defaultMode=0o600)),
    "ConfigMapProjection.name": (projecting({"configMap": {"name": "stays"}}), projecting({"configMap": {"name": "too"}})),
    "ConfigMapProjection.optional": (projecting({"configMap": {"name": "stays"}}), projecting({"configMap": {"name": "stays", "optional": True}})),
    "SecretProjection.name": (projecting({"secret": {"name": "stays"}}), projecting({"secret": {"name": "too"}})),
    "SecretProjection.optional": (projecting({"secret": {"name": "stays"}}), projecting({"secret": {"name": "stays", "optional": True}})),
    "PodSecurityContext.fsGroup": (mounting({}), pod_rights(fsGroup=1000)),
}


def rolling(m):
    m["spec"].update(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})


# Of workloads themselves: the kind, what is there before, the edit, and what the plan is to say.
OF_WORKLOADS = {
    "ObjectMeta.labels": ("Deployment", None, lambda m: m["metadata"].update(labels={"x": "y"}), "none"),
    "ObjectMeta.labels of a Pod": ("Pod", None, lambda m: m["metadata"]["labels"].update(x="y"), "in place"),
    "ObjectMeta.annotations": ("Deployment", None, lambda m: m["metadata"].update(annotations={"x": "y"}), "none"),
    "ObjectMeta.annotations of a Pod": ("Pod", None, lambda m: m["metadata"].update(annotations={"x": "y"}), "in place"),
    "PodSpec.activeDeadlineSeconds of a Pod": ("Pod", lambda m: m["spec"].update(activeDeadlineSeconds=7200),
                                               lambda m: m["spec"].update(activeDeadlineSeconds=3600), "recreate"),
    "ObjectMeta.labels of a template": ("Deployment", None, lambda m: m["spec"]["template"]["metadata"]["labels"].update(x="y"), "rollout"),
    "ObjectMeta.annotations of a template": ("Deployment", None, lambda m: m["spec"]["template"]["metadata"].update(annotations={"x": "y"}),
                                             "rollout"),
    "DeploymentSpec.replicas": ("Deployment", None, lambda m: m["spec"].update(replicas=2), "scale"),
    "DeploymentSpec.minReadySeconds": ("Deployment", None, lambda m: m["spec"].update(minReadySeconds=1), "in place"),
    "DeploymentSpec.revisionHistoryLimit": ("Deployment", None, lambda m: m["spec"].update(revisionHistoryLimit=3), "in place"),
    "DeploymentSpec.progressDeadlineSeconds": ("Deployment", None, lambda m: m["spec"].update(progressDeadlineSeconds=60), "in place"),
    "DeploymentSpec.paused": ("Deployment", None, lambda m: m["spec"].update(paused=True), "in place"),
    "DeploymentStrategy.type": ("Deployment", None, lambda m: m["spec"].update(strategy={"type": "Recreate"}), "in place"),
    "RollingUpdateDeployment.maxSurge": ("Deployment", rolling, lambda m: m["spec"]["strategy"]["rollingUpdate"].update(maxSurge=2), "in place"),
    "RollingUpdateDeployment.maxUnavailable": (
        "Deployment", rolling, lambda m: m["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1), "in place"),
    "ReplicaSetSpec.replicas": ("ReplicaSet", None, lambda m: m["spec"].update(replicas=2), "scale"),
    "ReplicaSetSpec.minReadySeconds": ("ReplicaSet", None, lambda m: m["spec"].update(minReadySeconds=1), "in place"),
    "ReplicaSetSpec.template": ("ReplicaSet", None, lambda m: first(m).update(image="test/busybox:2"), "next start"),
    "ReplicationControllerSpec.replicas": ("ReplicationController", None, lambda m: m["spec"].update(replicas=2), "scale"),
    "ReplicationControllerSpec.minReadySeconds": ("ReplicationController", None, lambda m: m["spec"].update(minReadySeconds=1), "in place"),
    "ReplicationControllerSpec.template": ("ReplicationController", None, lambda m: first(m).update(image="test/busybox:2"), "next start"),
}


def config(kind, **content):
    return dict({"apiVersion": "v1", "kind": kind, "metadata": {}}, **content)


# Of a ConfigMap or Secret that a Deployment reads a variable from.
OF_CONFIG = {
    "ConfigMap.data": (config("ConfigMap", data={"a": "1"}), lambda m: m["data"].update(a="2"), "next start"),
    "ConfigMap.binaryData": (config("ConfigMap", data={"a": "1"}), lambda m: m.update(binaryData={"b": "AA=="}), "next start"),
    "ConfigMap.immutable": (config("ConfigMap", data={"a": "1"}), lambda m: m.update(immutable=True), "none"),
    "Secret.data": (config("Secret", data={"a": "MQ=="}), lambda m: m["data"].update(a="Mg=="), "next start"),
    "Secret.stringData": (config("Secret", stringData={"a": "1"}), lambda m: m["stringData"].update(a="2"), "next start"),
    "Secret.immutable": (config("Secret", data={"a": "MQ=="}), lambda m: m.update(immutable=True), "none"),
}


# The same where the Deployment mounts it: running containers see the change.
MOUNTED = {
    "ConfigMap.data, mounted": (config("ConfigMap", data={"a": "1"}), lambda m: m["data"].update(a="2"), "in place"),
    "ConfigMap.binaryData, mounted": (config("ConfigMap", data={"a": "1"}), lambda m: m.update(binaryData={"b": "AA=="}), "in place"),
    "Secret.data, mounted": (config("Secret", data={"a": "MQ=="}), lambda m: m["data"].update(a="Mg=="), "in place"),
}


# The same where the Deployment asks to be restarted.
RESTARTING = {
    "ConfigMap.data, restarting": (config("ConfigMap", data={"a": "1"}), lambda m: m["data"].update(a="2"), "rollout"),
    "ConfigMap.immutable, restarting": (config("ConfigMap", data={"a": "1"}), lambda m: m.update(immutable=True), "none"),
    "Secret.data, restarting": (config("Secret", data={"a": "MQ=="}), lambda m: m["data"].update(a="Mg=="), "rollout"),
}


class Case:
    """One object that changes in one field; `pods` are those whose containers are watched, by the beginning of their names."""

    def __init__(self, field, manifest, before, edit, effect, pods=None):
        self.field, self.effect = field, effect
        self.name = pods or manifest["metadata"]["name"]
        self.before = copy.deepcopy(manifest)
        if before:
            before(self.before)
        self.after = copy.deepcopy(self.before)
        edit(self.after)
        self.key = (manifest["kind"], manifest["metadata"]["name"])


def cases_in_pods(fields):
    cases = []
    for number, (field, (before, edit)) in enumerate(fields.items()):
        for kind, effect in (("Deployment", "rollout"), ("Pod", "recreate")):
            if field == "PodSpec.restartPolicy" and kind != "Pod":
                continue
            cases.append(Case(field, workload(kind, f"p{number:02d}-{kind.lower()}"), before, edit, effect))
    return cases


def cases_of_objects():
    """Cases of workloads and of configuration, and what uses the latter."""
    cases, more = [], []
    for number, (field, (kind, before, edit, effect)) in enumerate(OF_WORKLOADS.items()):
        cases.append(Case(field.split()[0], workload(kind, f"w{number:02d}"), before, edit, effect))
    for number, (field, (manifest, edit, effect)) in enumerate(OF_CONFIG.items()):
        manifest["metadata"]["name"] = f"c{number:02d}"
        reference = {"configMapRef" if manifest["kind"] == "ConfigMap" else "secretRef": {"name": f"c{number:02d}"}}
        more.append(workload("Deployment", f"u{number:02d}", pod_spec(containers=[container(envFrom=[reference])])))
        cases.append(Case(field, manifest, None, edit, effect, pods=f"u{number:02d}"))
    for number, (field, (manifest, edit, effect)) in enumerate(MOUNTED.items()):
        manifest["metadata"]["name"] = f"m{number:02d}"
        user = workload("Deployment", f"v{number:02d}")
        (of_map(name=f"m{number:02d}") if manifest["kind"] == "ConfigMap" else of_secret(secretName=f"m{number:02d}"))(user)
        more.append(user)
        cases.append(Case(field.split(",")[0], manifest, None, edit, effect, pods=f"v{number:02d}"))
    for number, (field, (manifest, edit, effect)) in enumerate(RESTARTING.items()):
        manifest["metadata"]["name"] = f"r{number:02d}"
        reference = {"configMapRef" if manifest["kind"] == "ConfigMap" else "secretRef": {"name": f"r{number:02d}"}}
        user = workload("Deployment", f"s{number:02d}", pod_spec(containers=[container(envFrom=[reference])]))
        user["metadata"]["annotations"] = {"reconcile.dev/restart-on-change": "true"}
        more.append(user)
        cases.append(Case(field.split(",")[0], manifest, None, edit, effect, pods=f"s{number:02d}"))
    return cases, more


def unchanged():
    """Configuration that cases read."""
    return [config("ConfigMap", metadata={"name": "stays"}, data={"a": "1"}), config("Secret", metadata={"name": "stays"}, data={"a": "MQ=="})]
