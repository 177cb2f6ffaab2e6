// What was asked for, workload by workload: health, image, replicas, a rollout's progress.
import { feed, kWorst, searchText } from './feed.js';
import { badge, count, el, keyed, replace, timeSince } from './dom.js';
import { pathOf } from './overview.js';

const kTop = ['deployments', 'statefulsets', 'daemonsets', 'cronjobs', 'jobs', 'replicasets', 'pods'];

export function bar(row) {
  if (row.wanted === undefined) return '';
  const share = (part) => `${row.wanted > 0 ? Math.min(100, (100 * part) / row.wanted) : 100}%`;
  const ready = el('i.ready');
  const updated = el('i.updated');
  ready.style.width = share(row.ready);
  updated.style.width = share(row.updated);
  return el('span.progress', { role: 'img', 'aria-label': `${row.ready} of ${row.wanted} ready, ${row.updated} updated` }, updated, ready);
}

const shortImage = (image) => image.replace(/^.*\//, '');

function line(row, health) {
  return [
    el('th', { scope: 'row' }, el('a', { href: pathOf(row) }, row.name), el('span.kind', row.kind.replace(/s$/, ''))),
    el('td', badge(health, row.word), row.why && el('p.why', row.why)),
    el('td.number', row.wanted === undefined ? row.schedule ?? row.ready ?? '' : [bar(row), ` ${row.ready}/${row.wanted}`]),
    el('td.images', (row.images ?? []).map((image) => el('code', { title: image }, shortImage(image)))),
    el('td', timeSince(row.created, '')),
  ];
}

class Applications {
  constructor(main) {
    this.filter = document.getElementById('filter');
    this.numbers = el('p.numbers');
    this.groups = el('div.groups');
    replace(main, el('h1', 'Applications'), this.numbers, this.groups);
    this.render = () => this.show();
    this.filter.addEventListener('input', this.render);
    this.stop = feed.listen((news) => {
      if (news.all || news.gone.length > 0 || news.changed.size > 0) this.showSoon();
    });
    this.show();
  }

  leave() {
    this.stop();
    clearTimeout(this.timer);
    this.filter.removeEventListener('input', this.render);
  }

  // Owners are as well as their pods, of which many may change at once.
  showSoon() {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.show();
    }, 150);
  }

  show() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const groups = new Map();
    let shown = 0;
    for (const kind of kTop) {
      for (const row of feed.kind(kind).values()) {
        if (row.owner && feed.row(row.owner)) continue;
        const text = searchText(row) + (row.images ?? []).join(' ').toLowerCase();
        if (!words.every((word) => text.includes(word))) continue;
        if (!groups.has(row.namespace)) groups.set(row.namespace, []);
        groups.get(row.namespace).push(row);
        shown += 1;
      }
    }
    this.numbers.textContent = shown === 0
      ? (words.length > 0 ? 'Nothing has these words.' : 'No workload is declared yet.')
      : `${count(shown, 'workload')} in ${count(groups.size, 'namespace')}`;
    keyed(this.groups, [...groups.keys()].sort(), (name) => name, (name) => el('section',
      el('h2', name), el('div.scroll', el('table', el('thead', el('tr',
        ['Name', 'Health', 'Ready', 'Images', 'Age'].map((text) => el('th', { scope: 'col' }, text)))), el('tbody')))),
    (section, name) => {
      const rows = groups.get(name).map((row) => [row, feed.healthOf(row)])
        .sort(([a, healthA], [b, healthB]) => kWorst.indexOf(healthA) - kWorst.indexOf(healthB) || a.name.localeCompare(b.name));
      keyed(section.querySelector('tbody'), rows, ([row]) => row.uid, () => el('tr'), (tr, [row, health]) => {
        if (tr.row === row && tr.health === health) return;
        tr.row = row;
        tr.health = health;
        replace(tr, line(row, health));
      });
    });
  }
}

export function applications(main) {
  const view = new Applications(main);
  return () => view.leave();
}
