// What a branch, or manifests at hand, would do: the plan as the command line shows it. Its address can be shared.
import { ask, feed } from './feed.js';
import { el, replace, say } from './dom.js';

const kPreview = '/apis/reconcile.dev/v1/preview';

// Lines of the plan's text, with what begins them as a mark.
function text(plan) {
  return el('pre.plantext', { tabIndex: 0 }, plan.split('\n').map((line) => {
    const mark = line.match(/^\s*([+-])/)?.[1];
    return el('span', mark ? { dataset: { mark } } : {}, `${line}\n`);
  }));
}

class Plan {
  constructor(main, query) {
    this.main = main;
    this.sources = el('select', { name: 'source', 'aria-label': 'Source' });
    this.revision = el('input', { type: 'text', name: 'revision', placeholder: 'branch, tag or commit', maxLength: 250, spellcheck: false, autocomplete: 'off', value: query.get('revision') ?? '' });
    this.pasted = el('textarea', { name: 'manifests', spellcheck: false, 'aria-label': 'Manifests', placeholder: 'apiVersion: apps/v1\nkind: Deployment\n…' });
    this.result = el('section.result', { 'aria-live': 'polite' });
    const byRevision = el('form', { onsubmit: (event) => { event.preventDefault(); this.ofRevision(true); } },
      el('h2', 'Of another revision'), el('label', 'Source ', this.sources), el('label', 'Revision ', this.revision), el('span', el('button', 'Show the plan')));
    const byHand = el('form', { onsubmit: (event) => { event.preventDefault(); this.ofPasted(); } },
      el('h2', 'Of manifests at hand'), el('p.quiet', 'They are added to what is declared now, in place of the objects that they name again. Nothing is changed.'),
      this.pasted, el('span', el('button', 'Show the plan')));
    replace(main, el('h1', 'Plan'), el('p.quiet', 'What would a change do? Nothing here changes anything.'),
      el('div.plan', el('section', byRevision), el('section', byHand)), this.result);
    this.stop = feed.listen((news) => { if (news.status) this.fillSources(); });
    this.fillSources(query.get('source'));
    if (this.revision.value !== '') this.ofRevision(false);
  }

  fillSources(wanted) {
    const names = (feed.status?.sources ?? []).map((source) => source.metadata.name);
    const have = [...this.sources.options].map((option) => option.value);
    if (names.join('\n') === have.join('\n')) return;
    const chosen = wanted ?? this.sources.value;
    replace(this.sources, names.map((name) => el('option', { value: name, selected: name === chosen }, name)));
  }

  source() {
    return this.sources.value || new URLSearchParams(location.search).get('source') || '';
  }

  async ofRevision(isNew) {
    const query = new URLSearchParams({ source: this.source(), revision: this.revision.value.trim() });
    if (isNew) history.replaceState(null, '', `/ui/plan?${query}`);
    await this.show(`Plan of ${this.revision.value.trim()}`, () => ask(`${kPreview}?${query}`));
  }

  async ofPasted() {
    const query = new URLSearchParams({ source: this.source() });
    await this.show('Plan of the manifests at hand', () => ask(`${kPreview}?${query}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ manifests: this.pasted.value }),
    }));
  }

  async show(title, question) {
    replace(this.result, el('p.quiet', 'Reading and planning…'));
    try {
      const answer = await question();
      if (this.gone) return;
      if (answer.kind === 'Status' && answer.status === 'Failure') throw new Error(answer.message);
      replace(this.result, el('h2', title, answer.commit && el('span.kind', answer.commit.slice(0, 12))), text(answer.text));
      say('The plan is there.');
    } catch (error) {
      if (!this.gone) replace(this.result, el('h2', title), el('p.why', error.message));
    }
  }

  leave() {
    this.gone = true;
    this.stop();
  }
}

export function plan(main, words, query) {
  const view = new Plan(main, query);
  return () => view.leave();
}
