// The cluster at a glance: a tile for each host, namespace or application, a cell for each pod.
import { feed, searchText } from './feed.js';
import { badge, count, el, mark, replace } from './dom.js';
import { kEveryMs, loadOf, meter, usageOf } from './usage.js';

const kGroups = [['host', 'Host'], ['namespace', 'Namespace'], ['application', 'Application']];
const kSays = { Healthy: 'healthy', Progressing: 'on their way', Degraded: 'in trouble', Unknown: 'not heard of' };
const kAtOnce = 400;  // cells made in one go: a frame's worth

const keyOf = {
  host: (pod) => pod.node ?? '',
  namespace: (pod) => pod.namespace,
  application: (pod) => {
    const top = feed.topOwner(pod);
    return `${top.namespace}/${top.name}`;
  },
};

const order = (pod) => `${pod.namespace}/${pod.name}`;
export const pathOf = (row) => `/ui/${row.kind}/${encodeURIComponent(row.namespace || '-')}/${encodeURIComponent(row.name)}`;

class Tile {
  constructor(view, key) {
    this.view = view;
    this.key = key;
    this.cells = [];  // sorted
    this.counts = {};
    this.title = el('h2');
    this.facts = el('p.quiet');
    this.grid = el('div.cells', { role: 'group' });
    this.load = el('p.load');
    this.element = el('section.tile', this.title, this.facts, this.load, this.grid);
  }

  add(cell) {
    let low = 0;
    let high = this.cells.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.cells[middle].order < cell.order) low = middle + 1;
      else high = middle;
    }
    this.grid.insertBefore(cell.element, this.cells[low]?.element ?? null);
    this.cells.splice(low, 0, cell);
    cell.tile = this;
    this.view.dirty.add(this);
  }

  remove(cell) {
    this.cells.splice(this.cells.indexOf(cell), 1);
    cell.element.remove();
    cell.tile = null;
    this.view.dirty.add(this);
  }

  showLoad() {
    const load = this.view.group === 'host' ? this.view.loads?.get(this.key) : null;
    const shown = load ? `${load.cpu}/${load.memory}` : '';
    if (shown === this.shownLoad) return;
    this.shownLoad = shown;
    replace(this.load, load && [meter('CPU', load.cpu), meter('Memory', load.memory)]);
  }

  describe() {
    this.showLoad();
    const { group } = this.view;
    const node = group === 'host' ? this.view.nodes.get(this.key) : undefined;
    const counts = {};
    for (const cell of this.cells) counts[cell.health] = (counts[cell.health] ?? 0) + 1;
    const said = ['Degraded', 'Unknown', 'Progressing', 'Healthy'].filter((health) => counts[health])
      .map((health) => `${counts[health]} ${kSays[health]}`).join(', ');
    this.grid.setAttribute('aria-label', `${count(this.cells.length, 'pod')}: ${said || 'none'}`);
    let name;
    if (group !== 'host') name = this.key;
    else name = this.key === '' ? 'On no host yet' : this.key;
    const title = node ? el('a', { href: pathOf(node) }, name) : name;
    const isPlain = node?.health === 'Healthy' && !node.cordoned;
    replace(this.title, node && (isPlain ? mark(node.health) : badge(node.health, node.word)), title);
    const facts = [`${count(this.cells.length, 'pod')}`];
    if (said && !(counts.Healthy === this.cells.length)) facts.push(said);
    if (node?.address) facts.push(node.address);
    this.facts.textContent = facts.join(' · ');
    if (node && node.health !== 'Healthy' && node.why) this.facts.textContent += ` · ${node.why}`;
    this.element.dataset.health = node?.health ?? (counts.Degraded ? 'Degraded' : 'Healthy');
  }
}

class Overview {
  constructor(main) {
    this.main = main;
    this.group = new URLSearchParams(location.search).get('by') ?? 'host';
    if (!keyOf[this.group]) this.group = 'host';
    this.cells = new Map();
    this.tiles = new Map();
    this.nodes = new Map();
    this.dirty = new Set();
    this.queue = [];
    this.filter = document.getElementById('filter');
    this.tilesElement = el('div.tiles');
    this.numbers = el('p.numbers', { 'aria-live': 'off' });
    this.choices = el('div.choices', { role: 'group', 'aria-label': 'Group by' }, kGroups.map(([key, label]) =>
      el('button', { type: 'button', 'aria-pressed': String(key === this.group), dataset: { group: key }, onclick: () => this.regroup(key) }, label)));
    replace(main, el('div.head', el('h1', 'Overview'), this.choices, this.numbers), this.tilesElement);
    this.onInput = () => this.applyFilter();
    this.filter.addEventListener('input', this.onInput);
    this.tilesElement.addEventListener('keydown', (event) => this.onKey(event));
    this.stop = feed.listen((news) => this.take(news));
    this.rebuild();
    this.readLoads();
  }

  leave() {
    this.stop();
    clearTimeout(this.loadTimer);
    this.filter.removeEventListener('input', this.onInput);
    this.gone = true;
  }

  async readLoads() {
    try {
      const { nodes } = await usageOf({ pods: 'false' });
      this.loads = new Map(nodes.map((node) => [node.name, loadOf(node)]));
    } catch {
      this.loads = new Map();  // who sees one namespace sees no hosts
    }
    if (this.gone) return;
    for (const tile of this.tiles.values()) tile.showLoad();
    this.loadTimer = setTimeout(() => this.readLoads(), kEveryMs);
  }

  regroup(group) {
    if (group === this.group) return;
    this.group = group;
    for (const button of this.choices.children) button.setAttribute('aria-pressed', String(button.dataset.group === group));
    const query = group === 'host' ? '/' : `/?by=${group}`;
    history.replaceState(null, '', query);
    this.rebuild();
  }

  rebuild() {
    this.tilesElement.replaceChildren();
    this.cells.clear();
    this.tiles.clear();
    this.nodes.clear();
    for (const node of feed.kind('nodes').values()) this.putNode(node);
    this.queue = [...feed.kind('pods').values()];
    this.work();
  }

  // A piece at each frame, so that thousands of pods hold nothing up.
  work() {
    if (this.working || this.gone) return;
    const step = () => {
      this.working = false;
      if (this.gone) return;
      for (const pod of this.queue.splice(0, kAtOnce)) {
        const row = feed.row(pod.uid);
        if (row) this.putPod(row);
      }
      this.flush();
      if (this.queue.length > 0) this.work();
    };
    this.working = true;
    if (this.cells.size === 0) step();
    else requestAnimationFrame(step);
  }

  take(news) {
    if (news.all) return this.rebuild();
    for (const row of news.gone) {
      if (row.kind === 'pods') this.dropPod(row.uid);
      if (row.kind === 'nodes') this.dropNode(row);
    }
    for (const uid of news.changed) {
      const row = feed.row(uid);
      if (row?.kind === 'nodes') this.putNode(row);
      else if (row?.kind === 'pods') this.queue.push(row);
    }
    if (this.queue.length <= kAtOnce && !this.working) {
      for (const pod of this.queue.splice(0)) {
        const row = feed.row(pod.uid);
        if (row) this.putPod(row);
      }
      this.flush();
    } else {
      this.work();
    }
  }

  tile(key) {
    let tile = this.tiles.get(key);
    if (tile === undefined) {
      tile = new Tile(this, key);
      this.tiles.set(key, tile);
      this.dirty.add(tile);
      const after = [...this.tiles.keys()].filter((other) => byNumber(other, key) > 0).sort(byNumber)[0];
      this.tilesElement.insertBefore(tile.element, after === undefined ? null : this.tiles.get(after).element);
    }
    return tile;
  }

  putNode(node) {
    this.nodes.set(node.name, node);
    if (this.group === 'host') this.dirty.add(this.tile(node.name));
  }

  dropNode(node) {
    this.nodes.delete(node.name);
    const tile = this.tiles.get(node.name);
    if (this.group === 'host' && tile) this.dirty.add(tile);
  }

  putPod(pod) {
    const key = keyOf[this.group](pod);
    let cell = this.cells.get(pod.uid);
    if (cell === undefined) {
      cell = { element: el('a.cell', { href: pathOf(pod), tabIndex: -1 }), order: order(pod), tile: null };
      cell.element.uid = pod.uid;
      this.cells.set(pod.uid, cell);
    }
    if (cell.tile?.key !== key) {
      if (cell.tile) cell.tile.remove(cell);
      this.tile(key).add(cell);
    }
    if (cell.health !== pod.health) {
      cell.health = pod.health;
      cell.element.dataset.health = pod.health;
      this.dirty.add(cell.tile);
    }
    const label = `${pod.namespace}/${pod.name}: ${pod.word}${pod.why ? `, ${pod.why}` : ''}`;
    if (cell.label !== label) {
      cell.label = label;
      cell.element.title = label;
      cell.element.setAttribute('aria-label', label);
    }
    this.filterCell(cell, pod);
  }

  dropPod(uid) {
    const cell = this.cells.get(uid);
    if (cell === undefined) return;
    this.cells.delete(uid);
    cell.tile.remove(cell);
  }

  flush() {
    for (const tile of this.dirty) {
      const isNode = this.group === 'host' && this.nodes.has(tile.key);
      if (tile.cells.length === 0 && !isNode) {
        tile.element.remove();
        this.tiles.delete(tile.key);
        continue;
      }
      tile.describe();
      tile.cells.forEach((cell, index) => { cell.element.tabIndex = index === 0 ? 0 : -1; });
    }
    if (this.dirty.size > 0) this.count();
    this.dirty.clear();
  }

  count() {
    const counts = { Healthy: 0, Progressing: 0, Degraded: 0, Unknown: 0 };
    for (const cell of this.cells.values()) counts[cell.health] += 1;
    const parts = Object.entries(counts).map(([health, number]) => el(number > 0 ? 'span' : 'span.none', badge(health, `${number} ${kSays[health]}`)));
    replace(this.numbers, parts);
    if (this.cells.size === 0 && this.tiles.size === 0) {
      this.numbers.textContent = 'Nothing runs here yet. Commit a manifest to the repository, and its pods appear.';
    }
  }

  words() {
    return this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  }

  filterCell(cell, pod) {
    const words = this.filterWords ?? (this.filterWords = this.words());
    const isOut = words.length > 0 && !words.every((word) => searchText(pod).includes(word));
    if (isOut !== (cell.isOut ?? false)) {
      cell.isOut = isOut;
      cell.element.hidden = isOut;
    }
  }

  applyFilter() {
    this.filterWords = this.words();
    for (const [uid, cell] of this.cells) {
      const pod = feed.row(uid);
      if (pod) this.filterCell(cell, pod);
    }
    for (const tile of this.tiles.values()) {
      const shown = tile.cells.some((cell) => !cell.isOut) ||
        (this.filterWords.length > 0 ? this.filterWords.every((word) => tile.key.toLowerCase().includes(word)) : true);
      tile.element.hidden = !shown;
    }
  }

  // The arrows go from cell to cell.
  onKey(event) {
    const cell = event.target.closest('.cell');
    if (cell === null) return;
    const all = [...cell.parentElement.children].filter((other) => !other.hidden);
    const at = all.indexOf(cell);
    const perLine = Math.max(1, all.filter((other) => other.offsetTop === all[0].offsetTop).length);
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perLine, ArrowUp: -perLine };
    let to;
    if (event.key in steps) to = all[at + steps[event.key]];
    if (event.key === 'Home') to = all[0];
    if (event.key === 'End') to = all[all.length - 1];
    if (to === undefined) return;
    event.preventDefault();
    to.focus();
  }
}

const byNumber = new Intl.Collator(undefined, { numeric: true }).compare;

export function overview(main) {
  const view = new Overview(main);
  return () => view.leave();
}
