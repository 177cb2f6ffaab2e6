// What the controller says, live: rows by uid, and the cluster's status. Everything else on the page is made of these.
import { say } from './dom.js';

export const kWorst = ['Degraded', 'Unknown', 'Progressing', 'Healthy'];
const rows = new Map();          // uid -> row
const byKind = new Map();        // kind -> Map uid -> row
const children = new Map();      // uid of an owner -> Set of uids
let status = null;
let namespaceName = '';
let source = null;
let opened = 0;
let lastId = '';
const readers = new Set();       // f({changed: Set of uids, gone: [row], all: bool, status: bool})
let pending = null;
let frame = 0;

export const feed = {
  rows,
  row: (uid) => rows.get(uid),
  kind: (kind) => byKind.get(kind) ?? new Map(),
  find: (kind, namespace, name) => {
    for (const row of feed.kind(kind).values()) {
      if (row.name === name && (row.namespace ?? '') === namespace) return row;
    }
    return undefined;
  },
  children: (uid) => [...(children.get(uid) ?? [])].map((child) => rows.get(child)).filter(Boolean),
  // The worst of it and of what it owns: a set is no better than its pods.
  healthOf: (row, depth = 0) => {
    let worst = row.health;
    if (depth > 4 || (row.kind === 'replicasets' && row.wanted === 0)) return worst;
    for (const child of children.get(row.uid) ?? []) {
      const health = rows.has(child) ? feed.healthOf(rows.get(child), depth + 1) : 'Healthy';
      if (kWorst.indexOf(health) < kWorst.indexOf(worst)) worst = health;
    }
    return worst;
  },
  topOwner: (row) => {
    let top = row;
    for (let depth = 0; depth < 5 && top.owner && rows.has(top.owner); ++depth) top = rows.get(top.owner);
    return top;
  },
  get status() { return status; },
  get namespace() { return namespaceName; },
  listen(reader) {
    readers.add(reader);
    return () => readers.delete(reader);
  },
};

function change() {
  pending ??= { changed: new Set(), gone: [], all: false, status: false };
  if (frame === 0) {
    // A page that nobody looks at draws nothing; it is made anew when it is looked at.
    frame = document.hidden ? setTimeout(tell, 1000) : requestAnimationFrame(tell);
  }
  return pending;
}

function tell() {
  frame = 0;
  const news = pending;
  pending = null;
  for (const reader of [...readers]) reader(news);
}

function put(row) {
  const old = rows.get(row.uid);
  if (old?.owner && old.owner !== row.owner) children.get(old.owner)?.delete(row.uid);
  rows.set(row.uid, row);
  if (!byKind.has(row.kind)) byKind.set(row.kind, new Map());
  byKind.get(row.kind).set(row.uid, row);
  if (row.owner) {
    if (!children.has(row.owner)) children.set(row.owner, new Set());
    children.get(row.owner).add(row.uid);
  }
  row.search = undefined;
  change().changed.add(row.uid);
}

function drop(uid) {
  const row = rows.get(uid);
  if (row === undefined) return;
  rows.delete(uid);
  byKind.get(row.kind)?.delete(uid);
  if (row.owner) children.get(row.owner)?.delete(uid);
  children.delete(uid);
  const news = change();
  news.changed.delete(uid);
  news.gone.push(row);
}

function clear() {
  rows.clear();
  byKind.clear();
  children.clear();
  pending = null;
  change().all = true;
}

// Lower-case words that a filter looks in.
export function searchText(row) {
  row.search ??= [row.namespace, row.name, row.node, row.word, row.health, row.kind, row.ip].filter(Boolean).join(' ').toLowerCase();
  return row.search;
}

function showLink(state, text) {
  const link = document.getElementById('link');
  link.dataset.state = state;
  if (link.textContent !== text) link.textContent = text;
}

let lostAt = 0;
let retry = 0;
let attempts = 0;

function connect() {
  clearTimeout(retry);
  source?.close();
  const where = namespaceName ? `/namespaces/${encodeURIComponent(namespaceName)}` : '';
  const after = lastId ? `?after=${encodeURIComponent(lastId)}` : '';
  source = new EventSource(`/apis/reconcile.dev/v1${where}/live${after}`);
  source.addEventListener('begin', (event) => {
    const { resumed } = JSON.parse(event.data);
    if (!resumed) clear();
    attempts = 0;
    if (lostAt > 0) say(resumed ? 'Connected again; nothing was missed.' : 'Connected again; everything was read anew.');
    lostAt = 0;
    opened += 1;
    showLink('live', 'Live');
  });
  source.addEventListener('rows', (event) => {
    const { rows: more, gone } = JSON.parse(event.data);
    for (const [, uid] of gone) drop(uid);
    for (const row of more) put(row);
    if (event.lastEventId) lastId = event.lastEventId;
  });
  source.addEventListener('status', (event) => {
    status = JSON.parse(event.data);
    change().status = true;
  });
  source.addEventListener('error', lost);
}

// The browser tries again by itself only after some failures; so that all are alike, this does.
async function lost() {
  source.close();
  if (lostAt === 0) {
    lostAt = Date.now();
    say('The connection to the controller was lost. What is shown may be old.');
  }
  attempts += 1;
  showLink('lost', 'Connection lost, trying again…');
  await lookWhoThisIs();
  retry = setTimeout(connect, Math.min(10_000, 500 * 2 ** Math.min(attempts, 5)) * (0.5 + Math.random()));
}

// Who may read one namespace alone is shown that one; who may not read at all, the login.
async function lookWhoThisIs() {
  let answer;
  try {
    answer = await fetch('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      method: 'POST', headers: { 'X-Reconcile-Page': '1', 'Content-Type': 'application/json' },
      body: '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}',
    });
  } catch {
    return;
  }
  if (answer.status === 401) return location.reload();
  if (!answer.ok || opened > 0) return;
  const { status: review } = await answer.json();
  const groups = review?.userInfo?.groups ?? [];
  const grants = groups.map((group) => group.match(/^reconcile:[a-z]+(?::(.+))?$/)).filter(Boolean);
  if (grants.length > 0 && grants.every((grant) => grant[1])) namespaceName = grants[0][1];
}

export function start() {
  showLink('lost', 'Connecting…');
  connect();
  window.addEventListener('online', connect);
  window.addEventListener('pagehide', () => source?.close());
  window.addEventListener('pageshow', (event) => { if (event.persisted) connect(); });
}

// ---- questions to the API ----
export class ApiError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export async function ask(path, options = {}) {
  const headers = { 'X-Reconcile-Page': '1', Accept: 'application/json', ...options.headers };
  const answer = await fetch(path, { ...options, headers });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw await failure(answer);
  return answer.json();
}

export async function failure(answer) {
  let message = `HTTP ${answer.status}`;
  try {
    message = (await answer.json()).message ?? message;
  } catch { /* it had no words */ }
  return new ApiError(answer.status, message);
}
