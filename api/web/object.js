// One object: how it is and why, what owns it and what it owns, its events, its logs, what changed last, and all of it as it is.
import { ask, feed } from './feed.js';
import { badge, count, el, mark, replace, timeSince } from './dom.js';
import { bar } from './applications.js';
import { pathOf } from './overview.js';
import { logs } from './logs.js';
import { changeOf } from './lastchange.js';
import { yaml } from './yaml.js';

const kPrefixes = {
  pods: 'api/v1', nodes: 'api/v1', deployments: 'apis/apps/v1', replicasets: 'apis/apps/v1', statefulsets: 'apis/apps/v1',
  daemonsets: 'apis/apps/v1', jobs: 'apis/batch/v1', cronjobs: 'apis/batch/v1', sources: 'apis/reconcile.dev/v1',
};
const kMostEvents = 50;
const kMostChildren = 500;
const kTopEveryMs = 200;

export function apiPath(kind, namespace, name) {
  const where = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `/${kPrefixes[kind]}${where}/${kind}/${encodeURIComponent(name)}`;
}

function treeItem(row, here, depth) {
  const children = feed.children(row.uid).sort((a, b) => (b.created ?? '').localeCompare(a.created ?? '') || a.name.localeCompare(b.name));
  // Old ReplicaSets that nobody runs are history, not state.
  const shown = children.filter((child) => !(child.kind === 'replicasets' && child.wanted === 0)).slice(0, kMostChildren);
  const hidden = children.length - shown.length;
  return el('li',
    el('span.node', row.uid === here ? { 'aria-current': 'true' } : {}, badge(feed.healthOf(row), row.word), ' ',
      el('a', { href: pathOf(row) }, row.name), el('span.kind', row.kind.replace(/s$/, '')), bar(row),
      row.kind === 'pods' && row.node ? el('span.quiet', ` on ${row.node}`) : '', row.why && el('span.why', row.why)),
    (shown.length > 0 || hidden > 0) && depth < 5 && el('ul', shown.map((child) => treeItem(child, here, depth + 1)),
      hidden > 0 && el('li.quiet', `and ${count(hidden, 'ReplicaSet')} of before`)));
}

function facts(object, row) {
  const { metadata = {}, spec = {}, status = {} } = object;
  const list = [];
  const fact = (name, value) => {
    if (value !== undefined && value !== null && value !== '') list.push(el('dt', name), el('dd', value));
  };
  fact('Namespace', metadata.namespace);
  fact('Created', metadata.creationTimestamp && timeSince(metadata.creationTimestamp));
  fact('Host', spec.nodeName && el('a', { href: `/ui/nodes/-/${encodeURIComponent(spec.nodeName)}` }, spec.nodeName));
  fact('Address', status.podIP ?? row.address);
  fact('Restarts', row.restarts);
  fact('Quality of service', status.qosClass);
  fact('Strategy', spec.strategy?.type ?? spec.updateStrategy?.type);
  fact('Schedule', spec.schedule);
  fact('Engine', status.nodeInfo?.containerRuntimeVersion);
  fact('Kernel', status.nodeInfo?.kernelVersion);
  fact('System', status.nodeInfo?.osImage);
  fact('Pod addresses', spec.podCIDR);
  for (const [name, map] of [['Labels', metadata.labels], ['Allocatable', status.allocatable]]) {
    const entries = Object.entries(map ?? {});
    if (entries.length > 0) fact(name, el('span.labels', entries.map(([key, value]) => el('code', `${key}=${value}`))));
  }
  return el('dl.facts', list);
}

function conditions(object) {
  const list = object.status?.conditions ?? [];
  if (list.length === 0) return null;
  return el('section', el('h2', 'Conditions'), el('div.scroll', el('table', el('tbody', list.map((condition) => el('tr',
    el('th', { scope: 'row' }, condition.type), el('td', condition.status), el('td', condition.reason ?? ''),
    el('td', condition.message ?? ''), el('td', timeSince(condition.lastTransitionTime))))))));
}

function containers(object) {
  const { spec = {}, status = {} } = object;
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  if (statuses.length === 0) return null;
  const images = new Map([...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((container) => [container.name, container.image]));
  const text = (state = {}) => {
    if (state.running) return ['Running since ', timeSince(state.running.startedAt)];
    if (state.waiting) return [state.waiting.reason ?? 'Waiting', state.waiting.message && el('p.why', state.waiting.message)];
    if (state.terminated) {
      return [`${state.terminated.reason ?? 'Ended'}, exit code ${state.terminated.exitCode} `, timeSince(state.terminated.finishedAt),
        state.terminated.message && el('p.why', state.terminated.message)];
    }
    return ['Not started'];
  };
  return el('section', el('h2', 'Containers'), el('div.scroll', el('table', el('thead', el('tr',
    ['Name', 'Image', 'State', 'Before', 'Restarts'].map((name) => el('th', { scope: 'col' }, name)))),
  el('tbody', statuses.map((container) => el('tr', el('th', { scope: 'row' }, container.name), el('td', el('code', images.get(container.name) ?? container.image)),
    el('td', mark(container.ready || container.state?.terminated?.exitCode === 0 ? 'Healthy' : container.state?.running ? 'Progressing' : 'Degraded'), ' ', text(container.state)),
    el('td', container.lastState?.terminated ? text(container.lastState) : ''), el('td.number', String(container.restartCount ?? 0))))))));
}

class ObjectView {
  constructor(main, [kind, namespace, name]) {
    this.kind = kind;
    this.namespace = namespace === '-' ? '' : namespace;
    this.name = name;
    this.title = el('p.big');
    this.tree = el('ul.tree');
    this.details = el('div');
    this.events = el('section', el('h2', 'Events'), el('p.quiet', 'Reading…'));
    this.change = el('section');
    this.logs = el('section.logs');
    this.raw = el('details.raw', el('summary', 'As YAML'), el('pre', { tabIndex: 0 }));
    this.raw.addEventListener('toggle', () => this.showRaw());
    replace(main, el('p.crumbs', el('a', { href: '/ui/applications' }, 'Applications'), ` / ${this.namespace || kind}`),
      el('h1', name, el('span.kind', kind.replace(/s$/, ''))), this.title,
      kind === 'nodes' ? null : el('section', el('h2', 'What belongs together'), this.tree),
      this.logs, this.change, this.details, this.events, this.raw);
    this.stop = feed.listen((news) => this.take(news));
    this.refresh();
  }

  leave() {
    this.gone = true;
    this.stop();
    this.logsView?.end();
    clearTimeout(this.timer);
    clearTimeout(this.topTimer);
  }

  get row() { return feed.find(this.kind, this.namespace, this.name); }

  // Whether any of it is in the tree that is shown.
  concerns(news, row) {
    if (news.all || row === undefined || this.shownRow !== row) return true;
    const top = feed.topOwner(row).uid;
    const isOfTree = (other) => other !== undefined && feed.topOwner(other).uid === top;
    for (const uid of news.changed) {
      if (isOfTree(feed.row(uid))) return true;
    }
    return news.gone.some(isOfTree);
  }

  take(news) {
    const row = this.row;
    if (this.concerns(news, row)) this.showTopSoon();
    if (news.all || (row && news.changed.has(row.uid)) || news.gone.some((gone) => gone.uid === this.uid)) this.refreshSoon();
  }

  refreshSoon() {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.refresh();
    }, 500);
  }

  // A tree of hundreds of pods changes many times a second.
  showTopSoon() {
    if (this.topTimer !== undefined) return;
    const wait = Math.max(0, (this.topShownAt ?? 0) + kTopEveryMs - performance.now());
    this.topTimer = setTimeout(() => {
      this.topTimer = undefined;
      if (!this.gone) this.showTop(this.row);
    }, wait);
  }

  showTop(row) {
    this.topShownAt = performance.now();
    this.shownRow = row;
    if (row === undefined) {
      if (feed.status !== null) replace(this.title, badge('Unknown', 'Not there (any more)'));
      return;
    }
    this.uid = row.uid;
    replace(this.title, badge(feed.healthOf(row), row.word), row.why && el('span.why', row.why), bar(row));
    if (this.kind !== 'nodes') {
      const top = feed.topOwner(row);
      const tree = treeItem(top, row.uid, 0);
      if (tree.textContent !== this.tree.textContent) replace(this.tree, tree);
    }
  }

  async refresh() {
    if (kPrefixes[this.kind] === undefined) return replace(this.details, el('p', `There are no ${this.kind} here.`));
    this.showTop(this.row);
    let object;
    try {
      object = await ask(apiPath(this.kind, this.namespace, this.name));
    } catch (error) {
      if (!this.gone) replace(this.details, el('p.why', error.message));
      return;
    }
    if (this.gone) return;
    this.objectNow = object;
    replace(this.details, el('section', el('h2', 'Facts'), facts(object, this.row ?? {})), containers(object), conditions(object),
      this.kind === 'nodes' && this.podsHere());
    this.showRaw();
    this.showEvents(object.metadata.uid);
    if (this.kind === 'pods') (this.logsView ??= logs(this.logs, object)).take(object);
    if (this.kind === 'deployments') this.showChange(object);
  }

  podsHere() {
    const pods = [...feed.kind('pods').values()].filter((pod) => pod.node === this.name).sort((a, b) => a.name.localeCompare(b.name));
    return el('section', el('h2', count(pods.length, 'pod')), el('ul.plain', pods.slice(0, kMostChildren).map((pod) =>
      el('li', badge(pod.health, pod.word), ' ', el('a', { href: pathOf(pod) }, `${pod.namespace}/${pod.name}`), pod.why && el('span.why', pod.why)))));
  }

  showRaw() {
    if (!this.raw.open || !this.objectNow) return;
    const text = yaml(this.objectNow);
    const pre = this.raw.querySelector('pre');
    if (pre.textContent !== text) pre.textContent = text;
  }

  async showEvents(uid) {
    const where = this.namespace ? `/namespaces/${encodeURIComponent(this.namespace)}` : '';
    let list;
    try {
      list = await ask(`/api/v1${where}/events?fieldSelector=${encodeURIComponent(`involvedObject.name=${this.name}`)}&limit=500`);
    } catch (error) {
      return replace(this.events, el('h2', 'Events'), el('p.why', error.message));
    }
    if (this.gone) return undefined;
    const ours = list.items.filter((event) => !event.involvedObject?.uid || event.involvedObject.uid === uid)
      .sort((a, b) => (b.lastTimestamp ?? '').localeCompare(a.lastTimestamp ?? '')).slice(0, kMostEvents);
    if (ours.length === 0) return replace(this.events, el('h2', 'Events'), el('p.quiet', 'None lately.'));
    return replace(this.events, el('h2', 'Events'), el('ul.events', ours.map((event) => el('li',
      badge(event.type === 'Warning' ? 'Degraded' : 'Healthy', event.reason), el('span', event.message),
      el('span.quiet', timeSince(event.lastTimestamp), event.count > 1 ? ` · ${event.count} times` : '')))));
  }

  async showChange(object) {
    const section = await changeOf(object);
    if (!this.gone && section) replace(this.change, section);
  }
}

export function object(main, words) {
  const view = new ObjectView(main, words);
  return () => view.leave();
}
