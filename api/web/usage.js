// What hosts and pods use, as the controller was told last.
import { ask } from './feed.js';
import { el } from './dom.js';

const kUsage = '/apis/reconcile.dev/v1/usage';
export const kEveryMs = 15_000;

export function usageOf(query) {
  return ask(`${kUsage}?${new URLSearchParams(query)}`);
}

const kScales = { m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };
// A number of Kubernetes' quantity: "2", "500m", "16Gi".
export function quantity(text) {
  const match = String(text ?? '').match(/^(\d+(?:\.\d+)?)([a-zA-Z]*)$/);
  return match ? Number(match[1]) * (kScales[match[2]] ?? 1) : NaN;
}

// Percent of its processors and of its memory that a host uses; nothing when it is not known.
export function loadOf(node) {
  if (!node.now) return null;
  const cpu = (100 * node.now.cpuMicros) / 1e6 / quantity(node.capacity?.cpu);
  const memory = (100 * node.now.memoryBytes) / quantity(node.capacity?.memory);
  return Number.isFinite(cpu) && Number.isFinite(memory) ? { cpu: Math.round(cpu), memory: Math.round(memory) } : null;
}

export function meter(name, percent) {
  const bar = el('i');
  bar.style.width = `${Math.min(100, percent)}%`;
  return el('span.meter', { dataset: { full: String(percent >= 90) } }, el('span', `${name} ${percent} %`), el('span.track', { 'aria-hidden': 'true' }, bar));
}
