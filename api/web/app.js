// The page: which view is shown, by the path; what the cluster comes to, above all of them.
import { ask, feed, start } from './feed.js';
import { el, replace } from './dom.js';
import { showState } from './state.js';
import { overview } from './overview.js';

// Views but the first are read when they are first shown.
const views = [
  [/^\/$/, 'Overview', async () => overview],
  [/^\/ui\/applications$/, 'Applications', async () => (await import('./applications.js')).applications],
  [/^\/ui\/history$/, 'History', async () => (await import('./history.js')).history],
  [/^\/ui\/plan$/, 'Plan', async () => (await import('./plan.js')).plan],
  [/^\/ui\/resources$/, 'Resources', async () => (await import('./resources.js')).resources],
  [/^\/ui\/([a-z]+)\/([^/]+)\/([^/]+)$/, '', async () => (await import('./object.js')).object],
];

let leave = () => {};
let shown = '';
let turn = 0;

async function show(isNew) {
  const path = location.pathname;
  const main = document.getElementById('main');
  for (const link of document.querySelectorAll('nav a')) {
    const here = link.pathname === path;
    if (here) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (path + location.search === shown) return;
  shown = path + location.search;
  document.body.dataset.view = path === '/' ? 'overview' : 'other';
  const mine = ++turn;
  leave();
  leave = () => {};
  const found = views.map(([pattern, title, load]) => [path.match(pattern), title, load]).find(([match]) => match);
  if (!found) {
    replace(main, el('h1', 'Nothing is here'), el('p', 'No view has this address. ', el('a', { href: '/' }, 'To the overview')));
    return;
  }
  const [match, title, load] = found;
  let view;
  try {
    view = await load();
  } catch (error) {
    if (mine === turn) replace(main, el('h1', 'This view could not be read'), el('p', String(error)));
    return;
  }
  if (mine !== turn) return;
  const words = match.slice(1).map(decodeURIComponent);
  document.title = `${title || words.filter((word) => word !== '-').slice(-1)[0]} · reconcile`;
  leave = view(main, words, new URLSearchParams(location.search)) ?? (() => {});
  if (isNew) {
    main.querySelector('h1')?.setAttribute('tabindex', '-1');
    main.querySelector('h1')?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

export function go(path) {
  history.pushState(null, '', path);
  show(true);
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href]');
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || link.target || link.download) return;
  const isOurs = link.origin === location.origin && (link.pathname === '/' || link.pathname.startsWith('/ui/'));
  if (!isOurs) return;
  event.preventDefault();
  if (link.pathname + link.search !== location.pathname + location.search) go(link.pathname + link.search);
});
window.addEventListener('popstate', () => show(false));

// ---- the filter: any view may listen to it ----
const filter = document.getElementById('filter');
document.addEventListener('keydown', (event) => {
  const isTyping = event.target.closest?.('input, textarea, select') !== null;
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
    filter.select();
  }
  if (event.key === 'Escape' && event.target === filter) {
    filter.value = '';
    filter.dispatchEvent(new Event('input'));
    filter.blur();
  }
});

document.getElementById('logout').addEventListener('click', async () => {
  await fetch('/logout', { method: 'POST', headers: { 'X-Reconcile-Page': '1' }, redirect: 'manual' });
  location.href = '/';
});

// A session alone can be ended here: who showed a certificate, or came through `reconcile dashboard`, has none.
async function showUser() {
  try {
    const review = await ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}',
    });
    const { username, extra } = review.status.userInfo;
    document.getElementById('brand').title = `You are ${username}`;
    const button = document.getElementById('logout');
    button.title = `Logged in as ${username}`;
    button.hidden = !extra?.['reconcile.dev/credential']?.includes('session');
  } catch {
    // Through `reconcile dashboard` nobody is asked who he is.
  }
}

// Rows lead to links and reasons: those that came after the status.
let later;
feed.listen((news) => {
  if (news.status || news.all) showState();
  else {
    later ??= setTimeout(() => {
      later = undefined;
      showState();
    }, 500);
  }
});
start();
show(false);
showUser();
