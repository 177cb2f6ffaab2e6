// The commits on a line of time: what each came to, and how long it took.
import { ask, feed } from './feed.js';
import { badge, count, el, replace, spanText, timeSince } from './dom.js';

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

export function history(main) {
  const list = el('ol.timeline');
  const drift = el('section');
  replace(main, el('h1', 'History'), el('p.quiet', 'Each commit that was looked at, newest first, and what became of it.'), list, drift);
  let gone = false;
  let seen = '';
  const read = async () => {
    try {
      const { items } = await ask('/apis/reconcile.dev/v1/history');
      if (gone) return;
      if (items.length === 0) replace(list, el('li.quiet', 'No commit was read yet.'));
      else replace(list, items.map(entry));
    } catch (error) {
      if (!gone) replace(list, el('li.why', error.message));
    }
  };
  const readDrift = async () => {
    try {
      const { items } = await ask('/api/v1/events?limit=500');
      const found = items.filter((event) => /drift/i.test(event.reason)).sort((a, b) => (b.lastTimestamp ?? '').localeCompare(a.lastTimestamp ?? ''));
      if (gone) return;
      replace(drift, el('h2', 'Drift that was put back'), found.length === 0 ? el('p.quiet', 'None lately: nobody changed by hand what Git says.')
        : el('ul.events', found.map((event) => el('li', badge('Degraded', event.reason), el('span', `${event.involvedObject.kind} ${event.involvedObject.name}: ${event.message}`),
          el('span.quiet', timeSince(event.lastTimestamp), event.count > 1 ? ` · ${event.count} times` : '')))));
    } catch { /* who may not read events sees none */ }
  };
  const stop = feed.listen((news) => {
    if (!news.status) return;
    const now = JSON.stringify((feed.status.sources ?? []).map((source) => [source.status?.seenCommit, source.status?.appliedCommit, source.status?.conditions])) + feed.status.unconverged.length;
    if (now === seen) return;
    seen = now;
    read();
    readDrift();
  });
  read();
  readDrift();
  return () => {
    gone = true;
    stop();
  };
}
