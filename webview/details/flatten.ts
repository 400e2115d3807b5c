// Settings as pairs of path and value: loss.kl.coefficient, rewards[0].name.

export function flatten(value: unknown, path = ''): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    flat.set(path, value);
    return flat;
  }
  for (const [key, inner] of Object.entries(value)) {
    const next = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    for (const [innerPath, innerValue] of flatten(inner, next)) flat.set(innerPath, innerValue);
  }
  return flat;
}

export function valueText(value: unknown): string {
  if (value === undefined) return 'not set';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
