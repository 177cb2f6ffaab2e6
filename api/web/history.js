// The commits on a line of time: what each came to, and how long it took.
import { ask, feed } from './feed.js';
import { badge, count, el, replace, spanText, timeSince } from './dom.js';

const kAgainMs = 10_000;
const kHealth = { Applied: 'Healthy', Converged: 'Healthy', Applying: 'Progressing', Waiting: 'Progressing' };

function stages(timing) {
  if (!timing || !(timing.totalMs > 0)) return null;
  const parts = timing.stages.filter((stage) => stage.tookMs > 0);
  return el('details', el('summary', `Where ${spanText(timing.totalMs)} went`),
    el('table.stages', el('tbody', parts.map((stage) => {
      const bar = el('i');
      bar.style.width = `${Math.max(1, stage.sharePercent)}%`;
      return el('tr', el('th', { scope: 'row' }, stage.name), el('td.number', spanText(stage.tookMs)), el('td.share', bar));
    }))), timing.note && el('p.quiet', timing.note));
}

function entry(item) {
  const outcome = item.outcome ?? {};
  const result = outcome.result || item.result;
  const changes = item.changes;
  const health = kHealth[result] ?? (/fail|error|invalid|held|refus/i.test(result) ? 'Degraded' : 'Healthy');
  const numbers = [
    changes && [changes.created && `${changes.created} created`, changes.changed && `${changes.changed} changed`, changes.deleted && `${changes.deleted} deleted`].filter(Boolean).join(', '),
    outcome.podsStarted !== undefined && `${count(outcome.podsStarted, 'pod')} started`,
    outcome.podsStopped !== undefined && `${count(outcome.podsStopped, 'pod')} stopped`,
    outcome.tookMs !== undefined && `took ${spanText(outcome.tookMs)}`,
  ].filter(Boolean);
  return el('li', { dataset: { health } }, el('p', badge(health, result), ' ', el('code', item.revision.slice(0, 12)), ' ', el('strong', item.subject || '(no subject)'),
    item.inForce && el('span.tag', 'in force')),
  el('p.quiet', `${(item.author ?? '').replace(/<[^>]*>/, '').trim()} · ${item.source} · `, timeSince(item.at ?? item.committedAt), numbers.length > 0 && ` · ${numbers.join(' · ')}`),
  item.message && el('p.why', item.message), stages(item.timing));
}

// What somebody changed by hand on a host, and was put right: an Event of the pod or the node.
function driftEntry(event) {
  const { kind, namespace, name } = event.involvedObject;
  const href = `/ui/${kind.toLowerCase()}s/${namespace || '-'}/${encodeURIComponent(name)}`;
  return el('li', { dataset: { health: 'Drift' } }, el('p', badge('Healthy', 'Drift put back'), ' ', el('a', { href }, `${kind} ${namespace ? `${namespace}/` : ''}${name}`)),
    el('p', event.message), el('p.quiet', timeSince(event.lastTimestamp), event.count > 1 && ` · ${event.count} times since `, event.count > 1 && timeSince(event.firstTimestamp, '')));
}

// Who may not read events sees none.
const readDrift = () => ask('/api/v1/events?fieldSelector=reason%3DDriftCorrected&limit=200').then((answer) => answer.items, () => []);

export function history(main) {
  const list = el('ol.timeline');
  replace(main, el('h1', 'History'), el('p.quiet', 'Each commit that was looked at, newest first, and what became of it; and what somebody had changed by hand on a host in the last hour, and was put back.'), list);
  let gone = false;
  let seen = '';
  let shown = '';
  const read = async () => {
    try {
      const [{ items }, drift] = await Promise.all([ask('/apis/reconcile.dev/v1/history'), readDrift()]);
      const said = JSON.stringify([items, drift]);
      if (gone || said === shown) return;
      shown = said;
      const entries = [...items.map((item) => [item.at ?? item.committedAt ?? '', entry(item)]), ...drift.map((event) => [event.lastTimestamp ?? '', driftEntry(event)])];
      if (drift.length > 0) entries.sort(([a], [b]) => (Date.parse(b) || 0) - (Date.parse(a) || 0));
      if (entries.length === 0) replace(list, el('li.quiet', 'No commit was read yet.'));
      else replace(list, entries.map(([, element]) => element));
    } catch (error) {
      if (!gone) replace(list, el('li.why', error.message));
    }
  };
  const stop = feed.listen((news) => {
    if (!news.status) return;
    const now = JSON.stringify((feed.status.sources ?? []).map((source) => [source.status?.seenCommit, source.status?.appliedCommit, source.status?.conditions])) + (feed.status.unconverged ?? []).length;
    if (now === seen) return;
    seen = now;
    read();
  });
  read();
  const again = setInterval(() => { if (!document.hidden) read(); }, kAgainMs);  // events come with no news of the feed
  return () => {
    gone = true;
    clearInterval(again);
    stop();
  };
}
