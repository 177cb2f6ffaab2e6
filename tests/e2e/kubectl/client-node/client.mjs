// One use of @kubernetes/client-node, told and telling by lines: `node client.mjs KUBECONFIG USE ARGUMENT...`.
// What it sees goes to standard output, one JSON object a line; lines of standard input tell it to go on.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import * as k8s from '@kubernetes/client-node';

const [kubeconfig, use, ...words] = process.argv.slice(2);
const config = new k8s.KubeConfig();
config.loadFromFile(kubeconfig);
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const names = (list) => list.items.map((object) => object.metadata.name).sort();
const sayLines = (kind) => new Writable({
  write(bytes, _, next) {
    say({ [kind]: bytes.toString('base64') });
    next();
  },
});

const uses = {
  async list() {
    say({
      pods: names(await core.listNamespacedPod({ namespace: 'default' })),
      selected: names(await core.listPodForAllNamespaces({ labelSelector: 'app=web', fieldSelector: 'status.phase=Running' })),
      deployments: names(await apps.listDeploymentForAllNamespaces()),
      nodes: names(await core.listNode()),
    });
    const page = await core.listNamespacedPod({ namespace: 'default', limit: 1 });
    const rest = await core.listNamespacedPod({ namespace: 'default', _continue: page.metadata._continue });
    say({ paged: [...names(page), ...names(rest)].sort() });
    const error = await core.readNamespacedPod({ namespace: 'default', name: 'none' }).catch((error) => error);
    say({ code: error.code, reason: JSON.parse(error.body).reason });
  },

  // Goes on after an error, or the end of a connection, when it is told to: `again`.
  async informer() {
    const listPods = () => {
      say({ event: 'list' });
      return core.listNamespacedPod({ namespace: 'default' });
    };
    const informer = k8s.makeInformer(config, '/api/v1/namespaces/default/pods', listPods);
    for (const event of ['add', 'update', 'delete']) {
      informer.on(event, (pod) => say({ event, pod: pod.metadata.name }));
    }
    informer.on('error', (error) => say({ event: 'error', message: String(error) }));
    createInterface(process.stdin).on('line', () => {
      say({ event: 'start' });
      informer.start();
    });
    await informer.start();
  },

  async watch(resourceVersion) {
    const watch = new k8s.Watch(config);
    await watch.watch('/api/v1/pods', { resourceVersion }, (type, object) => say({ type, code: object.code, reason: object.reason }),
      (error) => say({ end: true, error: error ? String(error) : null }));
  },

  async log(pod) {
    const log = new k8s.Log(config);
    await log.log('default', pod, 'app', sayLines('stdout'), { follow: true, tailLines: 2 });
  },

  async exec(pod, ...command) {
    const exec = new k8s.Exec(config);
    await exec.exec('default', pod, 'app', command, sayLines('stdout'), sayLines('stderr'), process.stdin, false,
      (status) => say({ status: status.status, causes: status.details?.causes ?? [] }));
  },
};

await uses[use](...words);
