// What hosts and pods use: now, and over the last hour.
import { feed } from './feed.js';
import { bytesText, count, el, keyed, replace, svg } from './dom.js';
import { pathOf } from './overview.js';
import { kEveryMs, loadOf, usageOf } from './usage.js';

const kMostSeries = 500;   // pods of which the controller tells series at once
const kMostRows = 300;

const kColumns = [
  ['cpu', 'CPU', (use) => use.cpuMicros, (use) => `${Math.round(use.cpuMicros / 1000)}m`],
  ['memory', 'Memory', (use) => use.memoryBytes, (use) => bytesText(use.memoryBytes)],
  ['received', 'Received', (use) => use.receivedBytes, (use) => `${bytesText(use.receivedBytes)}/s`],
  ['sent', 'Sent', (use) => use.sentBytes, (use) => `${bytesText(use.sentBytes)}/s`],
];

// The last hour as a line; gaps where nothing was told.
function spark(series, index, name) {
  const hour = series?.[series.length - 1];
  if (!hour) return '';
  const values = hour.points.map((point) => point?.[index]);
  const known = values.filter((value) => value !== undefined && value !== null);
  if (known.length < 2) return '';
  const most = Math.max(...known) || 1;
  const lines = [];
  let line = [];
  values.forEach((value, at) => {
    if (value === undefined || value === null) {
      if (line.length > 1) lines.push(line);
      line = [];
    } else {
      line.push(`${at},${(28 - (26 * value) / most).toFixed(1)}`);
    }
  });
  if (line.length > 1) lines.push(line);
  return svg('svg', { viewBox: `0 0 ${Math.max(1, values.length - 1)} 30`, preserveAspectRatio: 'none', class: 'spark', role: 'img', 'aria-label': `${name} over the last hour` },
    ...lines.map((points) => svg('polyline', { points: points.join(' ') })));
}

class Resources {
  constructor(main) {
    this.sort = 'cpu';
    this.filter = document.getElementById('filter');
    this.nodes = this.table('Hosts');
    this.pods = this.table('Pods');
    this.note = el('p.quiet', 'Reading…');
    replace(main, el('h1', 'Resources'), this.note, this.nodes.section, this.pods.section);
    this.render = () => this.show();
    this.filter.addEventListener('input', this.render);
    this.read();
  }

  table(title) {
    const body = el('tbody');
    const heads = kColumns.map(([key, label]) => el('th', { scope: 'col' }, el('button.sort', {
      type: 'button', 'aria-pressed': String(key === this.sort), dataset: { sort: key }, onclick: () => this.sortBy(key),
    }, label)));
    const section = el('section', el('h2', title), el('div.scroll', el('table', el('thead', el('tr', el('th', { scope: 'col' }, 'Name'), heads)), body)));
    return { section, body };
  }

  sortBy(key) {
    this.sort = key;
    for (const button of document.querySelectorAll('.sort')) button.setAttribute('aria-pressed', String(button.dataset.sort === key));
    this.show();
  }

  async read() {
    const withSeries = feed.kind('pods').size <= kMostSeries;
    try {
      this.usage = await usageOf(withSeries ? { series: 'true' } : {});
      this.note.textContent = withSeries ? 'Now, and over the last hour. Looked at every 15 s.'
        : `Now. With more than ${kMostSeries} pods, lines of the last hour are shown host by host.`;
    } catch (error) {
      this.note.textContent = error.message;
    }
    if (this.gone) return;
    this.show();
    this.timer = setTimeout(() => this.read(), kEveryMs);
  }

  rows(items, nameOf, linkOf) {
    const value = kColumns.find(([key]) => key === this.sort)[2];
    return items.filter((item) => item.now).sort((a, b) => value(b.now) - value(a.now)).slice(0, kMostRows)
      .map((item) => ({ item, name: nameOf(item), link: linkOf(item) }));
  }

  show() {
    if (!this.usage || this.gone) return;
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (text) => words.every((word) => text.toLowerCase().includes(word));
    const nodes = this.usage.nodes.filter((node) => matches(node.name));
    const pods = this.usage.pods.filter((pod) => matches(`${pod.namespace} ${pod.name} ${pod.node}`));
    this.fill(this.nodes, this.rows(nodes, (node) => node.name, (node) => `/ui/nodes/-/${encodeURIComponent(node.name)}`));
    this.fill(this.pods, this.rows(pods, (pod) => `${pod.namespace}/${pod.name}`, (pod) => pathOf({ kind: 'pods', ...pod })));
    this.pods.section.firstChild.textContent = pods.length > kMostRows ? `Pods: the ${kMostRows} that use most of ${pods.length}` : count(pods.length, 'Pod');
  }

  fill(table, rows) {
    keyed(table.body, rows, (row) => row.name, () => el('tr'), (tr, { item, name, link }) => {
      replace(tr, el('th', { scope: 'row' }, el('a', { href: link }, name)),
        kColumns.map(([, label, , text], index) => el('td.number', text(item.now), ' ', this.share(item, index), spark(item.series, index, label))));
    });
  }

  share(item, index) {
    const load = item.capacity && loadOf(item);
    if (!load || index > 1) return '';
    return el('span.quiet', `${index === 0 ? load.cpu : load.memory} % `);
  }

  leave() {
    this.gone = true;
    clearTimeout(this.timer);
    this.filter.removeEventListener('input', this.render);
  }
}

export function resources(main) {
  const view = new Resources(main);
  return () => view.leave();
}
