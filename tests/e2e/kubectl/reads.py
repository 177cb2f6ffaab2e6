"""Every command that reads: the rows of the table of requests by command, with each of their flags."""
from .cases import case


def new(version):
    return not version.is_old


def old(version):
    return version.is_old


CLUSTER = [
    case("version", r"Server Version: .*v1\.33\.0\+reconcile", every=True),
    case("version -o json", r'"gitVersion": "v1\.33\.0\+reconcile'),
    case("cluster-info", r"control plane.* is running at .*https://127\.0\.0\.1:6443"),
    case("cluster-info dump", r'"kind": "NodeList"', r'"name": "host-1"', r"==== START logs for container app of pod"),
    case("api-versions", r"^apps/v1$", r"^discovery\.k8s\.io/v1$", r"^v1$"),
    case("api-resources", r"^deployments +deploy +apps/v1 +true +Deployment$", r"^nodes +no +v1 +false +Node$", every=True),
    case("api-resources -o wide", r"^configmaps .*get"),
    case("api-resources --namespaced=false -o name", r"^nodes$", hides=(r"pods",)),
    case("api-resources --api-group=apps --verbs=list -o name", r"^deployments\.apps$", hides=(r"nodes",)),
    case("get --raw /readyz?verbose", r"\[\+\]ping ok\n\[\+\]store ok\nreadyz check passed"),
    case("get --raw /livez", "^ok$"),
    case("get --raw /healthz", "^ok$"),
]

TABLES = [
    case("get pods", r"^NAME +READY +STATUS +RESTARTS +AGE$", r"^web-\S+ +1/1 +Running +0 +\S+$",
         r"^restarts-\S+ +1/1 +Running +1 \(\S+ ago\) +\S+$", every=True),
    case("get pods -o wide", r"^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES$",
         r"^web-\S+ .* 10\.42\.\S+ +host-1 +<none> +<none>$"),
    case("get pods -A", r"^NAMESPACE +NAME", r"^default +web-", r"^other +alone +2/2"),
    case("get pods -n other", r"^alone +2/2", hides=(r"web-",)),
    case("get pods --no-headers", r"^web-", hides=(r"NAME",)),
    case("get pods --show-labels", r"^web-.* app=web,pod-template-hash=\S+$"),
    case("get pods -L app,none", r"AGE +APP +NONE$", r"^web-.* web *$"),
    case("get pods -A --sort-by=.metadata.name", r"(?s)alone.*restarts-.*web-"),
    case("get pods --sort-by=.status.startTime", r"^web-"),
    case("get pods --show-kind", r"^pod/web-"),
    case("get pod <pod>", r"^<pod> +1/1 +Running"),
    case("get pod/<pod> service/web", r"^pod/<pod> ", r"^service/web "),
    case("get pods,svc", r"^pod/web-", r"^service/web "),
    case("get pods none --ignore-not-found", r"\A\Z"),
    case("get pods -l app=web", r"^web-", hides=(r"restarts-",)),
    case("get pods -l 'app in (restarts),app!=web'", r"^restarts-", hides=(r"web-",)),
    case("get pods -l '!app,!none'", "No resources found|^$"),
    case("get pods --field-selector status.phase=Running,spec.nodeName=host-1", r"^web-"),
    case("get pods --field-selector status.phase!=Running", hides=(r"web-",)),
    case("get pods --field-selector metadata.name=<pod> -o name", r"\Apod/<pod>\n\Z"),
    case("get pods -A --chunk-size=1", r"^default +web-", r"^other +alone"),
    case("get pods -A --chunk-size=1 -o name", r"^pod/alone$", r"^pod/web-"),
    case("get pods -A --chunk-size=0", r"^default +web-"),
    case("get all", r"^pod/web-", r"^service/web ", r"^deployment\.apps/web ", r"^replicaset\.apps/web-",
         r"^statefulset\.apps/base ", r"^daemonset\.apps/each ", r"^job\.batch/once ", r"^cronjob\.batch/yearly ",
         r"^horizontalpodautoscaler\.autoscaling/web ", every=True),
    case("get all -A", r"^other +pod/alone"),
    case("get nodes", r"^host-1 +Ready +\S+ +\S+ +\S+$"),
    case("get nodes -o wide", r"^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME",
         r"^host-1 .* 192\.0\.2\.10 +<none> .* docker://"),
    case("get deploy -o wide", r"^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR$",
         r"^web +2/2 +2 +2 +\S+ +app +test/busybox:1 +app=web$"),
    case("get rs -o wide", r"^NAME +DESIRED +CURRENT +READY +AGE +CONTAINERS +IMAGES +SELECTOR$",
         r"^web-\S+ +2 +2 +2 +\S+ +app +test/busybox:1 +app=web,pod-template-hash="),
    case("get sts -o wide", r"^NAME +READY +AGE +CONTAINERS +IMAGES$", r"^base +0/0 +\S+ +app +test/busybox:1$"),
    case("get ds -o wide", r"^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE +CONTAINERS +IMAGES +SELECTOR$",
         r"^each +0 +0 +0 +0 +0 +kind=none +\S+ +app +test/busybox:1 +app=each$"),
    case("get jobs -o wide", r"^NAME +STATUS +COMPLETIONS +DURATION +AGE +CONTAINERS +IMAGES +SELECTOR$", r"^once .* 0/1 "),
    case("get cj -o wide", r"^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE +CONTAINERS +IMAGES +SELECTOR$",
         r"^yearly +0 0 1 1 \* +<none> +True +0 +<none> "),
    case("get hpa", r"^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE$", r"^web +Deployment/web .* 2 +2 "),
    case("get pdb", r"^NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE$", r"^web +N/A +1 +1 "),
    case("get svc -o wide", r"^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR$", r"^web +ClusterIP +10\.96\.\S+ +<none> +80/TCP +\S+ +app=web$"),
    case("get ep,endpointslices", r"^endpoints/web +10\.\S+:8080,10\.\S+:8080", r"^endpointslice\.discovery\.k8s\.io/web-\S+ +IPv4 +8080 +10\."),
    case("get ing", r"^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE$", r"^web +<none> +web\.example "),
    case("get cm,secret", r"^configmap/words +1 ", r"^secret/hidden +Opaque +1 "),
    case("get ns", r"^NAME +STATUS +AGE$", r"^other +Active "),
    case("get events", r"^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE$", r"Scheduled +pod/web-"),
    case("get events -o wide", r"^LAST SEEN +TYPE +REASON +OBJECT +SUBOBJECT +SOURCE +MESSAGE +FIRST SEEN +COUNT +NAME$"),
    case("get events --field-selector reason=Scheduled,involvedObject.kind=Pod", r"Scheduled +pod/", hides=(r"Created ",)),
    case("get events --sort-by=.lastTimestamp", r"Scheduled +pod/web-"),
    case("events --for pod/<pod>", r"Scheduled +Pod/<pod> ", only=new),
    case("get pv,pvc,sc", "No resources found|^$"),
]

DOCUMENTS = [
    case("get deploy web -o json", r'"readyReplicas": 2', r'"kind": "Deployment"', every=True),
    case("get pods -o json", r'"kind": "List"', r'"phase": "Running"'),
    case("get pods -o yaml -l app=none", r"^items: \[\]$", r"^kind: List$"),
    case("get deploy web -o yaml", r"^kind: Deployment$", r"^  replicas: 2$"),
    case("get cm -l app=db -o name", r"\Aconfigmap/words\n\Z"),
    case("get pods -l app=web -o 'jsonpath={.items[*].status.phase}'", r"\ARunning Running\Z"),
    case("get cm words -o 'go-template={{.data.a}}'", r"\Ab\Z"),
    case("get nodes -o custom-columns=N:.metadata.name,ADDRESS:.status.addresses[0].address", r"^N +ADDRESS$", r"^host-1 +192\.0\.2\.10$"),
    case("get secret hidden -o 'jsonpath={.type}'", r"\AOpaque\Z"),
]

DESCRIPTIONS = [
    case("describe pod <pod>", r"^Name: +<pod>$", r"^Node: +host-1/192\.0\.2\.10$", r"^Controlled By: +ReplicaSet/web-",
         r"^IPs:\n +IP: +10\.42\.", r"^ +Image: +test/busybox:1$", r"^ +State: +Running$", r"(?s)^Events:.*Scheduled", every=True),
    case("describe pods -l app=restarts", r"^ +Last State: +Terminated$", r"^ +Exit Code: +3$", r"^ +Restart Count: +1$"),
    case("describe deploy web", r"^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$",
         r"^NewReplicaSet: +web-\S+ \(2/2 replicas created\)$", r"(?s)^Events:.*ScalingReplicaSet"),
    case("describe rs -l app=web", r"^Controlled By: +Deployment/web$", r"^Pods Status: +2 Running / 0 Waiting", r"SuccessfulCreate"),
    case("describe svc web", r"^IPs: +10\.96\.", r"^Endpoints: +10\.\S+:8080,10\.\S+:8080$", r"^Port: +<unset> +80/TCP$"),
    case("describe node host-1", r"^Name: +host-1$", r"^ +Ready +True ", r"^Non-terminated Pods: +\(\d+ in total\)$", r"(?s)^Events:.*RegisteredNode",
         r"^Allocated resources:$", r"^PodCIDR: +10\.42\.\d+\.0/24$", r"^PodCIDRs: +10\.42\.\d+\.0/24$",
         r"^ +Machine ID: +\S+$", r"^ +Boot ID: +[0-9a-f-]{36}$", r"^ +Kernel Version: +\S+$", r"^ +OS Image: +\S+", r"^ +Architecture: +\w+$"),
    case("describe ns other", r"^Status: +Active$", r"^No resource quota\.$", r"^No LimitRange resource\.$"),
    case("describe events -l none!=none", r"^Reason: +Scheduled$", r"^Kind: +Event$"),
    case("describe cm words", r"(?s)^a:\n----\nb$"),
    case("describe secret hidden", r"^password: +4 bytes$", hides=(r"open",)),
    case("describe ep web", r"^ +Addresses: +10\.", r"8080 +TCP"),
    case("describe endpointslices", r"^AddressType: +IPv4$", r"^ +NodeName: +host-1$", only=new),
    case("describe ing web", r"^ +web\.example", r"web:80"),
    case("describe sts base", r"^Replicas: +0 desired \| 0 total$"),
    case("describe ds each", r"^Desired Number of Nodes Scheduled: 0$"),
    case("describe job once", r"^Parallelism: +1$"),
    # 1.20 asks for batch/v1beta1, autoscaling/v2beta2 and policy/v1beta1, which Kubernetes serves no more either.
    case("describe cj yearly", r"^Schedule: +0 0 1 1 \*$", only=new),
    case("describe hpa web", r"^Reference: +Deployment/web$", only=new),
    case("describe pdb web", r"^Max unavailable: +1$", r"^ +Allowed disruptions: +1$|^Allowed disruptions: +1$", only=new),
]

LOGS = [
    case("logs <pod>", r"\Aline 1\nline 2\n", every=True),
    case("logs <pod> --tail=1", r"\Atick\n\Z"),
    case("logs <pod> --timestamps --tail=2", r"\A(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z tick\n){2}\Z"),
    case("logs <pod> -c app --tail=1", r"\Atick\n\Z"),
    case("logs deploy/web --tail=1", r"tick\n\Z"),
    case("logs -l app=web --prefix --tail=1", r"^\[pod/web-\S+/app\] tick$"),
    case("logs -n other alone -c beside", r"\Abeside\n\Z"),
    case("logs -n other alone --all-containers", r"^beside$"),
    case("logs -l app=restarts", r"\Asecond run\n\Z"),
    case("logs <restarted> --previous", r"\Afirst run\n\Z"),
    case("logs <pod> --previous", r"NotFound|previous", code=1),
    case("logs <pod> --since=3s", r"\Atick\n", hides=("line",)),
    case("logs <restarted> --since=1h", r"\Asecond run\n\Z"),
    case("logs <restarted> --since-time=2020-01-01T00:00:00Z", r"\Asecond run\n\Z"),
    case("logs <pod> --limit-bytes=6", r"\Aline 1\Z"),
    case("logs <pod> -c none", r"container none is not valid for pod <pod>", code=1),
    case("logs none", r'pods "none" not found', code=1),
]

WAITS = [
    case("rollout status deploy/web", r'deployment "web" successfully rolled out', every=True),
    case("rollout history deploy/web", r"^REVISION +CHANGE-CAUSE\n1 "),
    case("rollout history deploy/web --revision=1", r"^deployment\.apps/web with revision #1$", r"Image:\s+test/busybox:1"),
    case("wait --for=condition=Available deploy/web --timeout=10s", r"deployment.apps/web condition met"),
    case("wait --for=condition=Ready pods -l app=web --timeout=10s", r"(pod/web-\S+ condition met\n){2}"),
    case("wait --for=condition=Ready nodes --all --timeout=10s", r"node/host-1 condition met"),
    case("wait --for=jsonpath={.status.phase}=Running pod/<pod> --timeout=10s", r"condition met", only=new),
    case("wait --for=condition=Never deploy/web --timeout=1s", r"timed out waiting for the condition", code=1),
    case("wait --for=delete pod/none --timeout=1s", only=new),
]

IDENTITY = [
    case("auth can-i get pods", r"\Ayes\n\Z", every=True),
    case("auth can-i --list", r"^pods +\[\] +\[\] +\[.*get", every=True),
    case("auth can-i get pods", r"\Ayes\n\Z", role="viewer"),
    case("auth can-i delete pods", r"^no", role="viewer", code=1),
    case("auth can-i create pods/exec", r"^no", role="viewer", code=1),
    case("auth can-i get secrets", r"^no", role="viewer", code=1),
    case("auth can-i get pods -n other", r"^no", role="guest", code=1),
    case("auth can-i get pods -n default", r"\Ayes\n\Z", role="guest"),
    case("auth whoami", r"Username +anna", only=new, role="viewer"),
    case("auth whoami -o json", r'"kind": "SelfSubjectReview"', r'"reconcile:admin"', only=lambda version: version.number >= (1, 28)),
    case("get secrets", r'Forbidden.*secrets is forbidden|Error from server \(Forbidden\)', role="viewer", code=1),
    case("get pods -n other", r"Error from server \(Forbidden\)", role="guest", code=1),
    case("get pods", r"^web-", role="guest"),
]

EXPLANATIONS = [
    case("explain pod.spec.containers", r"(?s)FIELDS:.*image\s+<string>.*livenessProbe\s", every=True),
    case("explain deployment.spec", r"replicas\s+<integer>", r"template\s+<(PodTemplateSpec|Object)>"),
    case("explain deployment", r"(?s)apiVersion\s+<string>.*kind\s+<string>"),
    case("explain deployment --recursive", r"maxSurge\s+<(IntOrString|string)>"),
    case("explain svc.spec.ports", r"targetPort\s+<"),
    case("explain pods.spec.none", r'field "none" does not exist|error: field', code=1),
]

REFUSALS = [
    case("get deploy none", r'Error from server \(NotFound\): deployments\.apps "none" not found', code=1),
    case("get pods --field-selector spec.colour=red", r"field label not supported: spec\.colour", code=1),
    case("get widgets", r"the server doesn't have a resource type \"widgets\"", code=1),
    case("get --raw /none", r"the server could not find the requested resource", code=1),
    case("get nodes --as=eve", r"Error from server \(Forbidden\): user \S+ cannot ask as somebody else \(--as\)", code=1),
    case("debug <pod> --image=test/busybox:1", r"ephemeral containers are disabled for this cluster", code=1, only=new),
]

READS = CLUSTER + TABLES + DOCUMENTS + DESCRIPTIONS + LOGS + WAITS + IDENTITY + EXPLANATIONS + REFUSALS
