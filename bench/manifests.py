"""Manifests as a large repository has them: folders of applications, a few objects in each file, with what people write into
them: probes, volumes, rights, claims. The same for the same numbers."""
import hashlib
from pathlib import Path

OBJECTS_PER_FILE = 5
APPLICATIONS_PER_TEAM = 40


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def labels(name, part, indent):
    return f"app.kubernetes.io/name: {name}\n{' ' * indent}app.kubernetes.io/component: {part}"


def head(api_version, kind, name, namespace, app, part):
    return f"""apiVersion: {api_version}
kind: {kind}
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    {labels(app, part, 4)}
"""


def config_map(name, namespace, part):
    lines = "\n".join(f"    feature.{word}.timeout = {int(digest(name + word)[:4], 16)}ms" for word in
                      ("login", "search", "checkout", "export"))
    return head("v1", "ConfigMap", f"{name}-config", namespace, name, part) + f"""data:
  LOG_LEVEL: info
  DATABASE_URL: postgres://{name}-db.{namespace}.svc.cluster.local:5432/{name}
  CACHE_URL: redis://{name}-cache:6379/0
  application.properties: |
    # Generated for {name}.
{lines}
"""


def service_account(name, namespace, part):
    return head("v1", "ServiceAccount", name, namespace, name, part) + "automountServiceAccountToken: false\n"


def variables(name):
    """The environment that people write: a few words each."""
    return "".join(f"""            - name: {word}
              value: "{digest(name + word)[:12]}"
""" for word in ("REGION", "SHARD", "RELEASE"))


def pod_template(name, namespace, part, data_source):
    """`data_source`: the volume's source, or nothing where a claim template has its name."""
    image = f"registry.example.com/{namespace}/{name}:v1.{int(digest(name)[:2], 16)}.{len(name)}"
    data = f"        - name: data\n          {data_source}\n" if data_source else ""
    return f"""  template:
    metadata:
      labels:
        {labels(name, part, 8)}
      annotations:
        checksum/config: "{digest(name + part)[:16]}"
        prometheus.io/scrape: "true"
    spec:
      serviceAccountName: {name}
      terminationGracePeriodSeconds: 30
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        fsGroup: 10001
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: {part}
          image: {image}
          imagePullPolicy: IfNotPresent
          args: ["--port=8080", "--component={part}"]
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
          envFrom:
            - configMapRef:
                name: {name}-config
            - secretRef:
                name: {name}-login
                optional: true
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: LEVEL
              valueFrom:
                configMapKeyRef: {{name: {name}-config, key: LOG_LEVEL}}
{variables(name)}          livenessProbe:
            httpGet:
              path: /healthz
              port: http
            initialDelaySeconds: 10
            periodSeconds: 10
            failureThreshold: 3
          readinessProbe:
            httpGet:
              path: /ready
              port: http
            periodSeconds: 5
            timeoutSeconds: 2
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: ["ALL"]
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{cpu: 500m, memory: 256Mi}}
          volumeMounts:
            - name: config
              mountPath: /etc/{name}
              readOnly: true
            - name: data
              mountPath: /var/lib/{name}
      volumes:
        - name: config
          configMap:
            name: {name}-config
{data}"""


def selector(name, part):
    return f"""  selector:
    matchLabels:
      {labels(name, part, 6)}
"""


def deployment(name, namespace, part, replicas):
    return head("apps/v1", "Deployment", name, namespace, name, part) + f"""spec:
  replicas: {replicas}
  revisionHistoryLimit: 3
{selector(name, part)}  strategy:
    type: RollingUpdate
    rollingUpdate: {{maxSurge: 25%, maxUnavailable: 0}}
{pod_template(name, namespace, part, "emptyDir: {}")}"""


def stateful_set(name, namespace, part, replicas):
    return head("apps/v1", "StatefulSet", name, namespace, name, part) + f"""spec:
  replicas: {replicas}
  serviceName: {name}
{selector(name, part)}{pod_template(name, namespace, part, "")}  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: ["ReadWriteOnce"]
        resources:
          requests:
            storage: {1 + len(name) % 7}Gi
"""


def service(name, namespace, part, headless=False):
    return head("v1", "Service", name, namespace, name, part) + f"""spec:
{"  clusterIP: None" if headless else "  type: ClusterIP"}
  selector:
    {labels(name, part, 4)}
  ports:
    - name: http
      port: 80
      targetPort: http
"""


def ingress(name, namespace, part):
    host = f"{name}.{namespace}.example.com"
    return head("networking.k8s.io/v1", "Ingress", name, namespace, name, part) + f"""spec:
  tls:
    - hosts: [{host}]
      secretName: {name}-tls
  rules:
    - host: {host}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {name}
                port:
                  name: http
"""


def budget(name, namespace, part):
    return head("policy/v1", "PodDisruptionBudget", name, namespace, name, part) + f"""spec:
  maxUnavailable: 1
{selector(name, part)}"""


def autoscaler(name, namespace, part):
    return head("autoscaling/v2", "HorizontalPodAutoscaler", name, namespace, name, part) + f"""spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {name}
  minReplicas: 2
  maxReplicas: 10
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 70
"""


def application(index):
    """(path, text) of one file: something that answers from outside, that works off a queue, or that stores."""
    team = f"team-{index // APPLICATIONS_PER_TEAM:02}"
    name = f"app-{index:04}"
    part = ("web", "worker", "store")[index % 3]
    documents = [config_map(name, team, part), service_account(name, team, part)]
    if part == "web":
        documents += [deployment(name, team, part, 3), service(name, team, part), ingress(name, team, part)]
    elif part == "worker":
        documents += [deployment(name, team, part, 3), budget(name, team, part), autoscaler(name, team, part)]
    else:
        documents += [stateful_set(name, team, part, 3), service(name, team, part, True), budget(name, team, part)]
    return f"{team}/{name}.yaml", "---\n".join(documents)


def namespace(name):
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{example.com/team: {name}}}}}\n"


def write_manifests(folder, files):
    """So many files of OBJECTS_PER_FILE objects, and one with their namespaces. Returns (objects, bytes)."""
    folder = Path(folder)
    teams, size = {}, 0
    for index in range(files):
        path, text = application(index)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        teams[path.split("/", 1)[0]] = True
        size += len(text)
    spaces = "---\n".join(map(namespace, teams))
    (folder / "namespaces.yaml").write_text(spaces)
    return files * OBJECTS_PER_FILE + len(teams), size + len(spaces)


def touch_one(folder, files, turn):
    """Changes one of the files, another one at each turn."""
    path = Path(folder) / application(turn * 7 % files)[0]
    path.write_text(path.read_text().replace("replicas: 3", f"replicas: {4 + turn % 5}", 1))
    return path
