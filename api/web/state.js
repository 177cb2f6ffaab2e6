// At the top of every view: do the hosts look like the commit, and if not, why not.
import { feed } from './feed.js';
import { badge, command, count, el, keyed, mark, replace, say, spanText, timeSince } from './dom.js';

const kShownReasons = 4;
let told = null;
let isOpen = false;

const short = (commit) => (commit ?? '').slice(0, 12);

function hasTrouble() {
  for (const pod of feed.kind('pods').values()) {
    if (pod.health === 'Degraded') return true;
  }
  return false;
}

function verdict(status) {
  const { unconverged = [], underWay = [], sources = [] } = status;
  if (feed.namespace) {  // its reader is told of nothing else
    return hasTrouble() ? ['Degraded', 'Some pods do not run as they should', []] : ['Healthy', 'No pod has trouble', []];
  }
  if (sources.length === 0) return ['Unknown', 'No repository is followed yet', underWay];
  if (unconverged.length > 0) {
    const isStuck = sources.some((source) => readyOf(source)?.status === 'False') ||
      hasTrouble();
    return [isStuck ? 'Degraded' : 'Progressing', `Not converged: ${count(unconverged.length, 'thing')} missing`, unconverged];
  }
  if (underWay.length > 0 && !underWay.every((line) => line.startsWith('reading source '))) {
    return ['Progressing', 'Working', underWay];
  }
  return ['Healthy', 'Converged: the hosts run what the commit says', []];
}

// "Deployment default/web: 0 of 2 ...": what it is about leads there.
function linked(line) {
  const match = line.match(/^(\w+) ([a-z0-9.-]+)\/([a-z0-9.-]+)(?=[:, ])/) ?? line.match(/^(node|host)() ([a-z0-9.-]+)(?=[:, ])/i);
  if (!match) return line;
  const [whole, kind, namespace, name] = match;
  const plural = { host: 'nodes' }[kind.toLowerCase()] ?? `${kind.toLowerCase()}s`;
  const row = feed.find(plural, namespace, name);
  if (row === undefined) return line;
  return [el('a', { href: `/ui/${plural}/${namespace || '-'}/${name}` }, whole), line.slice(whole.length)];
}

const readyOf = (source) => (source.status?.conditions ?? []).find((condition) => condition.type === 'Ready');

function summary(health, text, reasons, status) {
  const numbers = feed.namespace
    ? `namespace ${feed.namespace}`
    : `${count(status.nodes ?? 0, 'host')} · ${status.podsReady ?? 0} of ${count(status.pods ?? 0, 'pod')} ready`;
  const list = el('ul.reasons', reasons.slice(0, isOpen ? 200 : kShownReasons).map((line) => el('li', linked(line))));
  const more = reasons.length > kShownReasons && el('button.link', {
    type: 'button', 'aria-expanded': String(isOpen), onclick: () => { isOpen = !isOpen; showState(); },
  }, isOpen ? 'Fewer' : `All ${reasons.length}`);
  return el('div.verdict', { dataset: { health } },
    el('p.big', el('strong', mark(health), text), el('span.quiet', numbers)), reasons.length > 0 && list, more);
}

// What keeps a source from going on, with the command that resolves it.
function obstacles(source) {
  const { spec = {}, status = {}, metadata } = source;
  const lines = [];
  const ready = readyOf(source);
  if (status.held) {
    const held = status.held;
    lines.push(el('li', 'Held: this commit would remove more than may go unasked. ',
      held.message ?? '', ' To let it: ', command(`reconcile confirm ${held.planHash ?? held.plan ?? ''}`)));
  }
  if (status.suspended) {
    lines.push(el('li', `Suspended by ${status.suspended.by || 'somebody'}${status.suspended.reason ? `: ${status.suspended.reason}` : ''}. `,
      command(`reconcile resume ${metadata.name}`)));
  }
  if (spec.suspend) lines.push(el('li', 'Suspended by the configuration.'));
  if (status.pin) {
    lines.push(el('li', `Rolled back to ${short(status.pin.commit)} from ${short(status.pin.from)}. `, command(`reconcile resume ${metadata.name}`)));
  }
  if (status.waiting) {
    lines.push(el('li', `Commit ${short(status.waiting.commit)} "${status.waiting.subject}" waits to be applied. `,
      command(`reconcile apply --source ${metadata.name} --newest`)));
  }
  if (ready?.status === 'False' && !status.held) lines.push(el('li', `${ready.reason}: ${ready.message}`));
  return lines;
}

function sourceCard(source) {
  const { spec = {}, status = {}, metadata } = source;
  const ready = readyOf(source);
  const health = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Healthy' : 'Degraded';
  const last = (status.history ?? []).find((entry) => entry.commit === status.appliedCommit);
  const tookMs = last?.outcome?.tookMs;
  const blocked = obstacles(source);
  return el('article.source',
    el('h2', badge(health, ready?.reason ?? 'not read yet'), ' ', metadata.name),
    el('p',
      el('span.quiet', `${spec.repository} `), el('b', spec.revision ?? spec.semver ?? 'HEAD'), spec.path ? ` /${spec.path}` : ''),
    status.appliedCommit && el('p.commit',
      el('code', short(status.appliedCommit)), ' ', el('span.subject', status.appliedSubject ?? ''), ' ',
      el('span.quiet', (status.appliedAuthor ?? '').replace(/<[^>]*>/, '').trim(), ' · ', timeSince(status.appliedAt),
        tookMs !== undefined ? ` · converged in ${spanText(tookMs)}` : '')),
    status.seenCommit && status.seenCommit !== status.appliedCommit && el('p', 'Newest: ', el('code', short(status.seenCommit))),
    blocked.length > 0 && el('ul.obstacles', blocked));
}

export function showState() {
  const status = feed.status;
  const section = document.getElementById('state');
  if (status === null) return;
  const [health, text, reasons] = verdict(status);
  if (told !== null && told !== text) say(text);
  told = text;
  const top = summary(health, text, reasons, status);
  const notes = status.notes ?? [];
  let cards = section.querySelector('.sources');
  if (cards === null) {
    cards = el('div.sources');
    section.append(cards);
  }
  keyed(cards, status.sources ?? [], (source) => source.metadata.name, () => el('div'), (card, source) => {
    const text = JSON.stringify(source);
    if (card.seen === text) return;
    card.seen = text;
    replace(card, sourceCard(source));
  });
  const old = section.querySelector('.verdict');
  if (old === null) section.prepend(top);
  else if (old.textContent !== top.textContent || old.dataset.health !== health) old.replaceWith(top);
  let shownNotes = section.querySelector('.notes');
  if (notes.length === 0) shownNotes?.remove();
  else {
    shownNotes ??= section.appendChild(el('details.notes', el('summary'), el('ul')));
    shownNotes.firstChild.textContent = count(notes.length, 'note');
    replace(shownNotes.lastChild, notes.map((line) => el('li', line)));
  }
}
