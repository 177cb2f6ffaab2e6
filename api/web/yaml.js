// An object as YAML, for reading: what its scalars need quotes for is quoted.

const kPlain = /^[A-Za-z_/.][A-Za-z0-9_./@:+-]*$/;
const kTaken = /^(true|false|yes|no|on|off|null|y|n|~)$/i;

function scalar(value) {
  if (value === null) return 'null';
  if (typeof value !== 'string') return String(value);
  const isPlain = kPlain.test(value) && !kTaken.test(value) && !value.endsWith(':') && !/^[.\d+-]*$/.test(value);
  return isPlain ? value : JSON.stringify(value);
}

function lines(value, indent, out) {
  const isList = Array.isArray(value);
  const entries = isList ? value.map((item) => ['-', item]) : Object.entries(value);
  for (const [key, item] of entries) {
    const name = isList ? '-' : `${scalar(key)}:`;
    if (item !== null && typeof item === 'object') {
      const size = Array.isArray(item) ? item.length : Object.keys(item).length;
      if (size === 0) out.push(`${indent}${name} ${Array.isArray(item) ? '[]' : '{}'}`);
      else if (isList) {
        const inner = [];
        lines(item, `${indent}  `, inner);
        inner[0] = `${indent}- ${inner[0].slice(indent.length + 2)}`;
        for (const line of inner) out.push(line);
      } else {
        out.push(`${indent}${name}`);
        lines(item, `${indent}${Array.isArray(item) ? '' : '  '}`, out);
      }
    } else if (typeof item === 'string' && item.includes('\n') && !/[^\t\n\x20-\uffff]/.test(item)) {
      out.push(`${indent}${name} ${item.endsWith('\n') ? '|' : '|-'}`);
      for (const line of item.replace(/\n$/, '').split('\n')) out.push(`${indent}  ${line}`);
    } else {
      out.push(`${indent}${name} ${scalar(item)}`);
    }
  }
}

export function yaml(value) {
  const out = [];
  lines(value, '', out);
  return `${out.join('\n')}\n`;
}
