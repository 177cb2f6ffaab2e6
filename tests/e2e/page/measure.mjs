// What a browser says of a page's speed: its trace, what was transferred, and what the page's own observers saw.
// `browser` is Chromium; `current` gives {context, page, session}.

// In every document, before its scripts: `window.seen`, in milliseconds since the document was asked for.
//   paint    "first-contentful-paint" -> when
//   useful   when the verdict and cells of pods were painted; `whole` when `cells` of them were; 0 not yet
//   events   input that took more than 16 ms until the next paint: {name, start, duration, handling}
// A paint is over when the frame that follows the change has been handed on.
function watch(cells) {
  const seen = { paint: {}, useful: 0, whole: 0, events: [] };
  window.seen = seen;
  const observe = (type, take, more = {}) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
  observe('paint', (entry) => { seen.paint[entry.name] = entry.startTime; });
  observe('event', (entry) => seen.events.push({
    name: entry.name, start: entry.startTime, duration: entry.duration, handling: entry.processingEnd - entry.processingStart,
  }), { durationThreshold: 16 });
  const painted = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => then(performance.now());
    channel.port2.postMessage(0);
  });
  let useful = false;
  const observer = new MutationObserver(() => {
    const there = document.getElementsByClassName('cell').length;
    if (!useful && there > 0 && document.querySelector('#state .verdict')) {
      useful = true;
      painted((at) => { seen.useful = at; });
    }
    if (!useful || there < cells) return;
    observer.disconnect();
    painted((at) => { seen.whole = at; });
  });
  observer.observe(document, { childList: true, subtree: true });
}

const kCategories = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'blink.user_timing', 'loading'];

// Of the busiest renderer's main thread, in milliseconds.
function figuresOf(trace) {
  const mains = new Set(trace.filter((event) => event.name === 'thread_name' && event.args?.name === 'CrRendererMain').map(({ pid, tid }) => `${pid}/${tid}`));
  const tasks = new Map();  // main thread -> [event]
  const inside = new Map();
  for (const event of trace) {
    const thread = `${event.pid}/${event.tid}`;
    if (event.ph !== 'X' || !mains.has(thread)) continue;
    const of = event.name === 'RunTask' ? tasks : inside;
    if (!of.has(thread)) of.set(thread, []);
    of.get(thread).push(event);
  }
  const total = (events) => events.reduce((sum, event) => sum + event.dur / 1000, 0);
  const [thread, mine] = [...tasks].sort(([, a], [, b]) => total(b) - total(a))[0] ?? ['', []];
  const byName = {};
  for (const event of inside.get(thread) ?? []) {
    const name = event.name === 'EventDispatch' ? `${event.name} ${event.args?.data?.type}` : event.name;
    byName[name] ??= { times: 0, total: 0, most: 0 };
    byName[name].times += 1;
    byName[name].total += event.dur / 1000;
    byName[name].most = Math.max(byName[name].most, event.dur / 1000);
  }
  const longest = [...mine].sort((a, b) => b.dur - a.dur).slice(0, 5);
  const of = (event) => (inside.get(thread) ?? []).filter((part) => part.ts >= event.ts && part.ts + part.dur <= event.ts + event.dur && part.dur > 5000)
    .sort((a, b) => b.dur - a.dur).slice(0, 6).map((part) => `${part.name} ${(part.dur / 1000).toFixed(0)}`);
  return {
    busy: total(mine),
    // `processor`: of it, as far as the browser tells; a busy machine makes tasks longer by the rest.
    longest: longest.map((event) => ({ duration: event.dur / 1000, processor: event.tdur === undefined ? null : event.tdur / 1000, parts: of(event) })),
    parts: Object.fromEntries(Object.entries(byName).sort(([, a], [, b]) => b.total - a.total).slice(0, 15)),
  };
}

export function measuring(browser, current) {
  const more = [];
  let transfers = new Map();  // request id -> {url, type, bytes}
  return {
    // From the next document on.
    async watch({ cells }) {
      const { context, session } = current();
      await context.addInitScript(watch, cells);
      await session.send('Network.enable');
      session.on('Network.responseReceived', ({ requestId, type, response }) => {
        transfers.set(requestId, { url: response.url, type, encoding: response.headers['Content-Encoding'] ?? '', bytes: response.encodedDataLength });
      });
      session.on('Network.dataReceived', ({ requestId, encodedDataLength, dataLength }) => {
        const transfer = transfers.get(requestId);
        if (transfer) transfer.bytes += encodedDataLength || dataLength;
      });
      session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
        const transfer = transfers.get(requestId);
        if (transfer) transfer.bytes = encodedDataLength;
      });
    },
    // As one who was never here.
    async clearCache() {
      await current().session.send('Network.clearBrowserCache');
      transfers = new Map();
    },
    async transfers() { return { value: [...transfers.values()] }; },
    async traceBegin() { await browser.startTracing(current().page, { categories: kCategories }); },
    async traceEnd() { return { value: figuresOf(JSON.parse((await browser.stopTracing()).toString()).traceEvents) }; },
    // So many pages beside the current one.
    async beside({ count, url }) {
      while (more.length > count) await more.pop().close();
      while (more.length < count) {
        const page = await current().context.newPage();
        more.push(page);
        await page.goto(url, { waitUntil: 'commit' });
      }
    },
    async blank() { await current().page.goto('about:blank'); },
  };
}
