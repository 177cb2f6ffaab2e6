// Elements without markup: whatever the cluster says becomes text, never HTML.

// el('a.big', {href: '/', onclick: f, dataset: {x: 1}}, 'text', child, [more])
export function el(what, ...rest) {
  const [tag, ...classes] = what.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length > 0) element.className = classes.join(' ');
  return fill(element, rest);
}

const kSvg = 'http://www.w3.org/2000/svg';
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function fill(element, rest) {
  const first = rest[0];
  const hasProperties = first !== null && typeof first === 'object' && !(first instanceof Node) && !Array.isArray(first);
  if (hasProperties) setAll(element, rest.shift());
  element.append(...rest.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function setAll(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name in element && !name.startsWith('aria')) element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
}

export function replace(parent, ...children) {
  parent.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
}

// Children of `parent` by key, in the order of `items`: those that stay are kept, with their focus.
export function keyed(parent, items, keyOf, make, update) {
  const old = new Map();
  for (const child of parent.children) old.set(child.dataset.key, child);
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = old.get(key);
    if (child === undefined) {
      child = make(item);
      child.dataset.key = key;
    } else {
      old.delete(key);
    }
    if (update) update(child, item);
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
  for (const gone of old.values()) gone.remove();
}

// What takes longer than a frame, once what answers the input is to be seen.
export function afterPaint(work) {
  requestAnimationFrame(() => setTimeout(work));
}

// ---- times: how long ago, in the reader's zone when hovered ----
const kUnits = [['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
export function ageText(ms) {
  let seconds = Math.max(0, Math.round(ms / 1000));
  for (const [name, size] of kUnits) {
    if (seconds >= size * (name === 's' ? 1 : 2) || name === 's') {
      return `${Math.floor(seconds / size)}${name}`;
    }
  }
  return '0s';
}
export function spanText(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
export function timeSince(rfc3339, suffix = ' ago') {
  if (!rfc3339) return document.createTextNode('');
  const at = new Date(rfc3339);
  if (Number.isNaN(at.getTime())) return document.createTextNode(rfc3339);
  const element = el('time', { dateTime: rfc3339, title: absolute.format(at), dataset: { suffix } });
  tick(element);
  return element;
}
function tick(element) {
  const text = ageText(Date.now() - new Date(element.dateTime)) + element.dataset.suffix;
  if (element.textContent !== text) element.textContent = text;
}
setInterval(() => {
  if (!document.hidden) document.querySelectorAll('time[data-suffix]').forEach(tick);
}, 5000);

export function bytesText(bytes) {
  for (const unit of ['B', 'KiB', 'MiB', 'GiB', 'TiB']) {
    if (bytes < 1024 || unit === 'TiB') return `${bytes < 10 && unit !== 'B' ? bytes.toFixed(1) : Math.round(bytes)} ${unit}`;
    bytes /= 1024;
  }
  return '';
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

export function say(text) {
  const said = document.getElementById('said');
  if (said.textContent !== text) said.textContent = text;
}

// A button that copies a command.
export function command(text) {
  const button = el('button.copy', { type: 'button', title: 'Copy' }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
      say('Copied');
    } catch {
      button.textContent = 'Select and copy';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  return el('span.command', el('code', text), button);
}

// Health is a shape and a word as well as a colour.
export function badge(health, word) {
  return el('span.badge', { dataset: { health } }, el('i.mark', { dataset: { health }, 'aria-hidden': 'true' }), word || health);
}
// The shape alone, where a word would only repeat what is beside it.
export function mark(health) {
  return el('i.mark', { dataset: { health }, role: 'img', 'aria-label': health });
}
