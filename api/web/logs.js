// A pod's log as it is written: followed, searched, downloaded. Bytes of the program are text here, whatever they say.
import { failure } from './feed.js';
import { el, replace } from './dom.js';

const kMostLines = 5000;   // kept; older ones go
const kMostDrawn = 2000;

// What a terminal would act on is shown as what it is; colours are left out.
const readable = (text) => text.replace(/\x1b\[[0-9;]*m/g, '').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);

class Logs {
  constructor(section, pod) {
    this.pod = pod;
    this.lines = [];
    const names = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])].map((container) => container.name);
    this.container = names[0];
    this.choice = el('select', { 'aria-label': 'Container', onchange: () => { this.container = this.choice.value; this.begin(); } },
      names.map((name) => el('option', { value: name }, name)));
    this.previous = el('input', { type: 'checkbox', onchange: () => this.begin() });
    this.follows = el('input', { type: 'checkbox', checked: true });
    this.find = el('input', { type: 'search', placeholder: 'Find in the log', 'aria-label': 'Find in the log', oninput: () => this.draw(true) });
    this.save = el('button', { type: 'button', onclick: () => this.download() }, 'Download');
    this.said = el('span.quiet', { role: 'status' });
    this.box = el('pre.log', { tabIndex: 0, 'aria-label': `Log of ${pod.metadata.name}` });
    replace(section, el('h2', 'Log'), el('div.choices', names.length > 1 && this.choice,
      el('label', this.follows, ' Follow'), el('label', this.previous, ' Before the last restart'), this.find, this.save, this.said), this.box);
    this.begin();
  }

  path(query) {
    const { namespace, name } = this.pod.metadata;
    const words = new URLSearchParams({ container: this.container, timestamps: 'false', ...query });
    if (this.previous.checked) words.set('previous', 'true');
    return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log?${words}`;
  }

  end() {
    this.abort?.abort();
    clearTimeout(this.retry);
    cancelAnimationFrame(this.frame);
  }

  async begin() {
    this.end();
    this.lines = [];
    this.draw(true);
    this.abort = new AbortController();
    const mine = this.abort;
    this.said.textContent = 'Reading…';
    try {
      const answer = await fetch(this.path({ follow: String(!this.previous.checked), tailLines: '1000' }), { signal: mine.signal, headers: { Accept: '*/*', 'X-Reconcile-Page': '1' } });
      if (!answer.ok) throw await failure(answer);
      this.said.textContent = this.previous.checked ? '' : 'Live';
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (rest + value).split('\n');
        rest = parts.pop().slice(-100_000);
        this.add(parts);
      }
      if (rest !== '') this.add([rest]);
      this.said.textContent = 'The log ended.';
    } catch (error) {
      if (mine.signal.aborted) return;
      this.said.textContent = `${error.message} `;
      this.said.append(el('button.link', { type: 'button', onclick: () => this.begin() }, 'Try again'));
    }
  }

  add(lines) {
    for (const line of lines) this.lines.push(readable(line));
    this.fresh = (this.fresh ?? 0) + lines.length;
    if (this.lines.length > kMostLines) this.lines.splice(0, this.lines.length - kMostLines);
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw(false);
    });
  }

  draw(isAnew) {
    const word = this.find.value.toLowerCase();
    const fresh = this.fresh ?? 0;
    this.fresh = 0;
    const lines = isAnew ? this.lines.slice(-kMostDrawn) : this.lines.slice(-Math.min(fresh, kMostDrawn));
    const shown = word === '' ? lines : lines.filter((line) => line.toLowerCase().includes(word));
    const elements = shown.map((line) => el('span', `${line}\n`));
    if (isAnew) replace(this.box, elements);
    else this.box.append(...elements);
    while (this.box.childElementCount > kMostDrawn) this.box.firstElementChild.remove();
    if (this.follows.checked) this.box.scrollTop = this.box.scrollHeight;
  }

  async download() {
    try {
      const answer = await fetch(this.path({}), { headers: { Accept: '*/*', 'X-Reconcile-Page': '1' } });
      if (!answer.ok) throw await failure(answer);
      const link = el('a', { href: URL.createObjectURL(await answer.blob()), download: `${this.pod.metadata.name}-${this.container}.log` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (error) {
      this.said.textContent = error.message;
    }
  }
}

export function logs(section, pod) {
  const view = new Logs(section, pod);
  return () => view.end();
}
