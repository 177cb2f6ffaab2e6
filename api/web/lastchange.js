// What the last rollout of a Deployment changed: the templates of its two newest ReplicaSets, line by line.
import { ask } from './feed.js';
import { el } from './dom.js';
import { yaml } from './yaml.js';

const kAround = 2;  // lines about each change
const kRevision = 'deployment.kubernetes.io/revision';

// The longest common lines of both; templates are small.
function differences(before, after) {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; --i) {
    for (let j = after.length - 1; j >= 0; --j) {
      lengths[i][j] = before[i] === after[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const result = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      result.push([' ', before[i]]);
      i += 1;
      j += 1;
    } else if (i < before.length && (j === after.length || lengths[i + 1][j] >= lengths[i][j + 1])) {
      result.push(['-', before[i]]);
      i += 1;
    } else {
      result.push(['+', after[j]]);
      j += 1;
    }
  }
  return result;
}

function templateOf(set) {
  const template = structuredClone(set.spec.template);
  delete template.metadata?.labels?.['pod-template-hash'];
  delete template.metadata?.creationTimestamp;
  return yaml(template).trimEnd().split('\n');
}

export function diffLines(lines) {
  return el('pre.diff', { tabIndex: 0 }, lines.map(([mark, text]) => el('span', { dataset: { mark } }, `${mark} ${text}\n`)));
}

export async function changeOf(deployment) {
  const { namespace, uid } = deployment.metadata;
  let sets;
  try {
    sets = (await ask(`/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/replicasets`)).items;
  } catch {
    return null;
  }
  const mine = sets.filter((set) => (set.metadata.ownerReferences ?? []).some((owner) => owner.uid === uid))
    .sort((a, b) => Number(b.metadata.annotations?.[kRevision] ?? 0) - Number(a.metadata.annotations?.[kRevision] ?? 0));
  if (mine.length < 2) return null;
  const all = differences(templateOf(mine[1]), templateOf(mine[0]));
  const isNear = (at) => all.slice(Math.max(0, at - kAround), at + kAround + 1).some(([mark]) => mark !== ' ');
  const shown = all.filter((line, at) => isNear(at));
  if (shown.length === 0) return null;
  return [el('h2', `What revision ${mine[0].metadata.annotations?.[kRevision] ?? ''} changed`), diffLines(shown)];
}
