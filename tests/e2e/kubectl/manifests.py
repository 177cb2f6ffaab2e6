"""What runs in the cluster that the cases read: an object of every kind that has columns or a description of its own."""

WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: app
        image: test/busybox:1
        command: [sh, -c, 'for i in 1 2 3 4 5; do echo line $i; done; while :; do sleep 1; echo tick; done']
        ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""

# Its container ends with 3 the first time, and stays the second.
RESTARTS = """apiVersion: apps/v1
kind: Deployment
metadata: {name: restarts, labels: {app: restarts}}
spec:
  selector: {matchLabels: {app: restarts}}
  template:
    metadata: {labels: {app: restarts}}
    spec:
      terminationGracePeriodSeconds: 1
      volumes: [{name: data, emptyDir: {}}]
      containers:
      - name: app
        image: test/busybox:1
        command: [sh, -c, 'if [ -e /data/ran ]; then echo second run; sleep 100000; fi; touch /data/ran; echo first run; exit 3']
        volumeMounts: [{name: data, mountPath: /data}]
"""

OTHERS = """apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: v1
kind: Pod
metadata: {name: alone, namespace: other}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: app, image: 'test/busybox:1', command: [sleep, '100000']}
  - {name: beside, image: 'test/busybox:1', command: [sh, -c, 'echo beside; sleep 100000']}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: words, labels: {app: db}}
data: {a: b}
---
apiVersion: v1
kind: Secret
metadata: {name: hidden}
stringData: {password: open}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - host: web.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""

# Stored and shown, whatever is made of them.
WORKLOADS = """apiVersion: apps/v1
kind: StatefulSet
metadata: {name: base}
spec:
  serviceName: base
  replicas: 0
  selector: {matchLabels: {app: base}}
  template:
    metadata: {labels: {app: base}}
    spec:
      containers: [{name: app, image: 'test/busybox:1', command: [sleep, '100000']}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: each}
spec:
  selector: {matchLabels: {app: each}}
  template:
    metadata: {labels: {app: each}}
    spec:
      nodeSelector: {kind: none}
      containers: [{name: app, image: 'test/busybox:1', command: [sleep, '100000']}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  suspend: true
  template:
    spec:
      restartPolicy: Never
      containers: [{name: app, image: 'test/busybox:1', command: ['true']}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: yearly}
spec:
  schedule: '0 0 1 1 *'
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: app, image: 'test/busybox:1', command: ['true']}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 2
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 90}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
"""


def moving(replicas):
    """What changes while commands look at it, apart from all else."""
    web = WEB.split("---\n", maxsplit=1)[0].replace("name: web", "name: web, namespace: moving")
    return "apiVersion: v1\nkind: Namespace\nmetadata: {name: moving}\n---\n" + web.replace("replicas: 2", f"replicas: {replicas}")


READ = {"web.yaml": WEB, "restarts.yaml": RESTARTS, "others.yaml": OTHERS, "workloads.yaml": WORKLOADS, "moving.yaml": moving(1)}
