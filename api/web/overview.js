// The cluster at a glance: a tile for each host, namespace or application, a cell for each pod.
import { feed, kWorst, searchText } from './feed.js';
import { afterPaint, badge, count, el, mark, replace } from './dom.js';
import { kEveryMs, loadOf, meter, usageOf } from './usage.js';

const kGroups = [['host', 'Host'], ['namespace', 'Namespace'], ['application', 'Application']];
const kSays = { Healthy: 'healthy', Progressing: 'on their way', Degraded: 'in trouble', Unknown: 'not heard of' };
const kBudgetMs = 8;      // of cells made in one go: what a frame has left beside its painting
const kBetweenLooks = 20;  // cells between two looks at the clock

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

const cellElement = el('a.cell', { tabIndex: -1 });
const none = () => ({ Healthy: 0, Progressing: 0, Degraded: 0, Unknown: 0 });

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Where `order` is, or would be, among sorted cells.
function placeOf(cells, order) {
  let low = 0;
  let high = cells.length;
  if (high > 0 && cells[high - 1].order < order) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cells[middle].order < order) low = middle + 1;
    else high = middle;
  }
  return low;
}

class Tile {
  constructor(view, key) {
    this.view = view;
    this.key = key;
    this.cells = [];  // sorted
    this.counts = none();
    this.title = el('h2');
    this.facts = el('p.quiet');
    this.grid = el('div.cells', { role: 'group' });
    this.load = el('p.load');
    this.element = el('section.tile', this.title, this.facts, this.load, this.grid);
  }

  add(cell) {
    const at = placeOf(this.cells, cell.order);
    this.grid.insertBefore(cell.element, this.cells[at]?.element ?? null);
    this.cells.splice(at, 0, cell);
    cell.tile = this;
    if (cell.health) this.counts[cell.health] += 1;
    this.view.dirty.add(this);
  }

  remove(cell) {
    this.cells.splice(placeOf(this.cells, cell.order), 1);
    cell.element.remove();
    cell.tile = null;
    if (cell.health) this.counts[cell.health] -= 1;
    this.view.dirty.add(this);
  }

  showLoad() {
    const load = this.view.group === 'host' ? this.view.loads?.get(this.key) : null;
    const shown = load ? `${load.cpu}/${load.memory}` : '';
    if (shown === (this.shownLoad ?? '')) return;
    this.shownLoad = shown;
    replace(this.load, load && [meter('CPU', load.cpu), meter('Memory', load.memory)]);
  }

  showTitle(node) {
    const isPlain = node?.health === 'Healthy' && !node.cordoned;
    const shown = node ? `${node.health} ${isPlain ? '' : node.word}` : '-';
    if (shown === this.shownTitle) return;
    this.shownTitle = shown;
    let name = this.key;
    if (this.view.group === 'host' && name === '') name = 'On no host yet';
    replace(this.title, node && (isPlain ? mark(node.health) : badge(node.health, node.word)), node ? el('a', { href: pathOf(node) }, name) : name);
  }

  describe() {
    this.showLoad();
    const { counts } = this;
    const node = this.view.group === 'host' ? this.view.nodes.get(this.key) : undefined;
    this.showTitle(node);
    const pods = count(this.cells.length, 'pod');
    const said = kWorst.filter((health) => counts[health] > 0).map((health) => `${counts[health]} ${kSays[health]}`).join(', ');
    const label = `${pods}: ${said || 'none'}`;
    if (label !== this.label) this.grid.setAttribute('aria-label', label);
    this.label = label;
    const facts = [pods];
    if (said && counts.Healthy !== this.cells.length) facts.push(said);
    if (node?.address) facts.push(node.address);
    if (node && node.health !== 'Healthy' && node.why) facts.push(node.why);
    setText(this.facts, facts.join(' · '));
    const health = node?.health ?? (counts.Degraded > 0 ? 'Degraded' : 'Healthy');
    if (this.element.dataset.health !== health) this.element.dataset.health = health;
    this.showWhereTabLeads();
  }

  // To the first cell; from there the arrows lead on.
  showWhereTabLeads() {
    const first = this.cells[0]?.element;
    if (first === this.first) return;
    if (this.first) this.first.tabIndex = -1;
    if (first) first.tabIndex = 0;
    this.first = first;
  }
}

class Overview {
  constructor(main) {
    this.main = main;
    this.group = new URLSearchParams(location.search).get('by') ?? 'host';
    if (!keyOf[this.group]) this.group = 'host';
    this.wanted = this.group;
    this.cells = new Map();
    this.counts = none();
    this.tiles = new Map();
    this.keys = [];  // of the tiles, as they stand
    this.nodes = new Map();
    this.dirty = new Set();
    this.queue = new Set();  // uids of pods whose cells are to be looked at
    this.filter = document.getElementById('filter');
    this.tilesElement = el('div.tiles');
    this.numbers = el('p.numbers', { 'aria-live': 'off' });
    this.badges = Object.keys(none()).map((health) => [health, badge(health)]);
    this.choices = el('div.choices', { role: 'group', 'aria-label': 'Group by' }, kGroups.map(([key, label]) =>
      el('button', { type: 'button', 'aria-pressed': String(key === this.group), dataset: { group: key }, onclick: () => this.regroup(key) }, label)));
    replace(main, el('div.head', el('h1', 'Overview'), this.choices, this.numbers), this.tilesElement);
    this.onInput = () => this.applyFilter();
    this.filter.addEventListener('input', this.onInput);
    this.tilesElement.addEventListener('keydown', (event) => this.onKey(event));
    this.tilesElement.addEventListener('pointerover', ({ target }) => {
      if (target.classList.contains('cell')) target.title = target.getAttribute('aria-label');
    });
    this.stop = feed.listen((news) => this.take(news));
    afterPaint(() => { if (!this.gone) this.rebuild(); });
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
    if (group === this.wanted) return;
    this.wanted = group;
    for (const button of this.choices.children) button.setAttribute('aria-pressed', String(button.dataset.group === group));
    const query = group === 'host' ? '/' : `/?by=${group}`;
    history.replaceState(null, '', query);
    afterPaint(() => {
      if (this.gone || this.group === this.wanted) return;
      this.group = this.wanted;
      this.rebuild();
    });
  }

  // Cells that are there already only move.
  rebuild() {
    this.tilesElement.replaceChildren();
    this.tiles.clear();
    this.keys = [];
    this.nodes.clear();
    this.dirty.clear();
    for (const [uid, cell] of this.cells) {
      cell.tile = null;
      if (feed.row(uid)) continue;
      this.counts[cell.health] -= 1;
      this.cells.delete(uid);
    }
    for (const node of [...feed.kind('nodes').values()].sort((a, b) => byNumber(a.name, b.name))) this.putNode(node);
    // Tile by tile, so that those which are seen first are whole first.
    const groups = new Map();
    for (const pod of feed.kind('pods').values()) {
      const key = keyOf[this.group](pod);
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(pod.uid);
    }
    this.queue = new Set([...groups.keys()].sort(byNumber).flatMap((key) => groups.get(key)));
    if (!this.working) this.putSome();
  }

  // A piece at each frame, so that thousands of pods hold nothing up.
  putSome() {
    const end = performance.now() + kBudgetMs;
    let done = 0;
    for (const uid of this.queue) {
      this.queue.delete(uid);
      const row = feed.row(uid);
      if (row) this.putPod(row);
      done += 1;
      if (done % kBetweenLooks === 0 && performance.now() > end) break;
    }
    this.flush();
    if (this.queue.size > 0) this.work();
  }

  work() {
    if (this.working) return;
    this.working = true;
    requestAnimationFrame(() => {
      this.working = false;
      if (!this.gone) this.putSome();
    });
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
      else if (row?.kind === 'pods') this.queue.add(uid);
    }
    if (this.working) this.flush();
    else this.putSome();
    return undefined;
  }

  tile(key) {
    let tile = this.tiles.get(key);
    if (tile === undefined) {
      tile = new Tile(this, key);
      this.tiles.set(key, tile);
      this.dirty.add(tile);
      let at = this.keys.length;
      if (at > 0 && byNumber(this.keys[at - 1], key) > 0) {
        let low = 0;
        while (low < at) {
          const middle = (low + at) >> 1;
          if (byNumber(this.keys[middle], key) < 0) low = middle + 1;
          else at = middle;
        }
      }
      this.tilesElement.insertBefore(tile.element, this.tiles.get(this.keys[at])?.element ?? null);
      this.keys.splice(at, 0, key);
    }
    return tile;
  }

  dropTile(tile) {
    tile.element.remove();
    this.tiles.delete(tile.key);
    this.keys.splice(this.keys.indexOf(tile.key), 1);
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
      cell = { element: cellElement.cloneNode(), order: order(pod), tile: null };
      cell.element.href = pathOf(pod);
      this.cells.set(pod.uid, cell);
    }
    if (cell.tile?.key !== key) {
      if (cell.tile) cell.tile.remove(cell);
      this.tile(key).add(cell);
    }
    if (cell.health !== pod.health) {
      for (const { counts } of [this, cell.tile]) {
        if (cell.health) counts[cell.health] -= 1;
        counts[pod.health] += 1;
      }
      cell.health = pod.health;
      cell.element.dataset.health = pod.health;
      this.dirty.add(cell.tile);
    }
    const label = `${pod.namespace}/${pod.name}: ${pod.word}${pod.why ? `, ${pod.why}` : ''}`;
    if (cell.label !== label) {
      cell.label = label;
      cell.element.setAttribute('aria-label', label);
      if (cell.element.title) cell.element.title = label;
    }
    this.filterCell(cell, pod);
  }

  dropPod(uid) {
    const cell = this.cells.get(uid);
    if (cell === undefined) return;
    this.cells.delete(uid);
    this.counts[cell.health] -= 1;
    cell.tile?.remove(cell);
  }

  flush() {
    for (const tile of this.dirty) {
      const isNode = this.group === 'host' && this.nodes.has(tile.key);
      if (tile.cells.length === 0 && !isNode) this.dropTile(tile);
      else tile.describe();
    }
    if (this.dirty.size > 0) this.count();
    this.dirty.clear();
  }

  count() {
    if (this.cells.size === 0 && this.tiles.size === 0) {
      this.numbers.textContent = 'Nothing runs here yet. Commit a manifest to the repository, and its pods appear.';
      return;
    }
    for (const [health, shown] of this.badges) {
      const text = `${this.counts[health]} ${kSays[health]}`;
      if (shown.lastChild.data !== text) shown.lastChild.data = text;
    }
    if (this.numbers.firstChild?.firstChild !== this.badges[0][1]) replace(this.numbers, this.badges.map(([, shown]) => el('span', shown)));
    for (const [health, shown] of this.badges) shown.parentNode.classList.toggle('none', this.counts[health] === 0);
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
