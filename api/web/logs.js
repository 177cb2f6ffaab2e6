// A pod's log as it is written: followed, searched, downloaded. Bytes of the program are text here, whatever they say.
import { failure } from './feed.js';
import { count, el, replace } from './dom.js';

const kMostLines = 5000;   // kept; older ones go
const kMostDrawn = 2000;
const kPauseMs = 1000;           // before the log of a new container is read
const kRetryMs = 3000;           // before the log of one that goes on is read again; doubled each time that nothing came
const kLongestRetryMs = 30_000;
const kMostRetries = 8;          // in a row that bring nothing
const kStamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;
// The engine breaks lines of so many bytes into parts, each with a stamp.
const kPartBytes = 16_000;

// What a terminal would act on is shown as what it is; colours are left out.
const readable = (text) => text.replace(/\r$/, '').replace(/\x1b\[[0-9;]*m/g, '').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);

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
    this.retry = undefined;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  begin() {
    this.end();
    this.lines = [];
    this.last = '';       // the latest stamp of what was read
    this.fruitless = 0;   // readings in a row that brought nothing
    this.isAgain = false;
    this.id = this.status()?.containerID;
    this.draw(true);
    this.read();
  }

  status() {
    const { containerStatuses = [], initContainerStatuses = [] } = this.pod.status ?? {};
    return [...containerStatuses, ...initContainerStatuses].find((status) => status.name === this.container);
  }

  async read() {
    this.retry = undefined;
    this.isOver = false;
    this.abort = new AbortController();
    const mine = this.abort;
    this.said.textContent = 'Reading…';
    let why = '';
    this.isRefused = false;
    try {
      const query = { follow: String(!this.previous.checked), timestamps: 'true', tailLines: this.last === '' ? '1000' : String(kMostLines) };
      if (this.last !== '') query.sinceTime = this.last;
      this.before = this.last;
      const answer = await fetch(this.path(query), { signal: mine.signal, headers: { Accept: '*/*', 'X-Reconcile-Page': '1' } });
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
    } catch (error) {
      why = error.message;
      this.isRefused = error.code === 401 || error.code === 403;
    }
    if (mine.signal.aborted) return;
    this.isOver = true;
    this.why = why;
    this.goOn();
  }

  // The pod as it is now: its container may be another.
  take(pod) {
    this.pod = pod;
    const id = this.status()?.containerID;
    // What is read since may be the next one's already.
    if (!this.isOver && this.isAgain && id && id !== this.id) this.become(id);
    this.goOn();
  }

  become(id) {
    if (this.id) this.push([{ text: `— the container was restarted (${count(this.status().restartCount ?? 0, 'restart')}) —`, isMark: true }]);
    this.id = id;
    this.fruitless = 0;
  }

  readIn(ms) {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.read(), ms);
  }

  // Once a log has ended: goes on with the container that comes next, or with this one when only the stream has ended.
  goOn() {
    if (!this.isOver) return;
    const status = this.status();
    const follows = !this.previous.checked && !this.isRefused;
    if (follows && status?.containerID && status.containerID !== this.id) {
      this.become(status.containerID);
      this.isAgain = false;
      this.readIn(kPauseMs);
    } else if (follows && status?.state?.running && this.fruitless < kMostRetries) {
      if (this.retry !== undefined) return;
      this.isAgain = true;
      this.readIn(Math.min(kRetryMs * 2 ** this.fruitless++, kLongestRetryMs));
    }
    if (this.retry !== undefined) {
      this.said.textContent = this.why || 'The log ended. Looking for more…';
      return;
    }
    const waits = follows && !status?.state?.running && status?.state?.terminated?.exitCode !== 0;
    const text = this.why ? `${this.why} ` : waits ? 'The container ended. Its log goes on when it is started again.' : 'The log ended. ';
    if (this.said.firstChild?.data === text) return;
    this.said.textContent = text;
    if (this.why || !waits) this.said.append(el('button.link', { type: 'button', onclick: () => this.begin() }, 'Try again'));
  }

  // Lines as they came, each behind its stamp; those that were read before are left out.
  add(lines) {
    const fresh = [];
    for (const line of lines) {
      const stamp = line.match(kStamp)?.[0].trimEnd() ?? '';
      // Of what is said to two outputs at once, the later may come first.
      if (stamp !== '' && stamp <= this.before) continue;
      if (stamp > this.last) this.last = stamp;
      const text = stamp === '' ? line : line.slice(stamp.length + 1);
      fresh.push({ text: readable(text.length < kPartBytes ? text : text.replace(new RegExp(kStamp.source.slice(1), 'g'), '')), isMark: false });
    }
    if (fresh.length > 0) this.fruitless = 0;
    this.push(fresh);
  }

  push(lines) {
    this.lines.push(...lines);
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
    const lines = this.lines.slice(Math.max(0, this.lines.length - (isAnew ? kMostDrawn : Math.min(fresh, kMostDrawn))));
    const shown = word === '' ? lines : lines.filter((line) => line.isMark || line.text.toLowerCase().includes(word));
    const elements = shown.map((line) => el(line.isMark ? 'span.quiet' : 'span', `${line.text}\n`));
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

// Is told of the pod as it changes (take), and ended (end).
export function logs(section, pod) {
  return new Logs(section, pod);
}
