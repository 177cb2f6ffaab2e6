"""Manifests as a large repository has them: folders of applications, a few objects in each file. The same for the same numbers."""
import hashlib
from pathlib import Path

OBJECTS_PER_FILE = 5
APPLICATIONS_PER_TEAM = 40


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def config_map(name, namespace):
    lines = "\n".join(f"    feature.{word}.timeout = {int(digest(name + word)[:4], 16)}ms" for word in
                      ("login", "search", "checkout", "export", "mail", "audit", "images"))
    return f"""apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}-config
  namespace: {namespace}
  labels: {{app: {name}}}
data:
  LOG_LEVEL: info
  DATABASE_URL: postgres://{name}-db.{namespace}.svc.cluster.local:5432/{name}
  CACHE_URL: redis://{name}-cache:6379/0
  application.properties: |
    # Generated for {name}.
{lines}
"""


def variables(name):
    """The environment that people write: a few words each."""
    return "".join(f"""            - name: {word}
              value: "{digest(name + word)[:12]}"
""" for word in ("REGION", "SHARD", "RELEASE", "BACKEND", "POLICY"))


def deployment(name, namespace, part, replicas):
    image = f"registry.example.com/{namespace}/{name}:v1.{int(digest(name)[:2], 16)}.{len(name)}"
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}-{part}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/component: {part}
  annotations:
    example.com/owner: "team of {namespace}"
spec:
  replicas: {replicas}
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
      app.kubernetes.io/component: {part}
  strategy:
    type: RollingUpdate
    rollingUpdate: {{maxSurge: 25%, maxUnavailable: 0}}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/component: {part}
    spec:
      terminationGracePeriodSeconds: 30
      containers:
        - name: {part}
          image: {image}
          imagePullPolicy: IfNotPresent
          args: ["--port=8080", "--component={part}"]
          ports:
            - name: http
              containerPort: 8080
          envFrom:
            - configMapRef:
                name: {name}-config
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: LEVEL
              valueFrom:
                configMapKeyRef: {{name: {name}-config, key: LOG_LEVEL}}
{variables(name)}          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{cpu: 500m, memory: 256Mi}}
"""


def service(name, namespace, part):
    return f"""apiVersion: v1
kind: Service
metadata:
  name: {name}-{part}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
spec:
  selector:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/component: {part}
  ports:
    - name: http
      port: 80
      targetPort: http
"""


def application(index):
    """(path, text) of one file: a ConfigMap, and two Deployments with their Services."""
    team = f"team-{index // APPLICATIONS_PER_TEAM:02}"
    name = f"app-{index:04}"
    documents = [config_map(name, team)]
    for part, replicas in (("web", 3), ("worker", 2)):
        documents += [deployment(name, team, part, replicas), service(name, team, part)]
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
