/** How deep the `data` of a message may be nested: what reads it later must not run out of stack. */
export const DEEPEST = 128;

/** Whether a JSON value is nested deeper than so many levels; a plain value has none. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap((v) => (typeof v === 'object' && v !== null ? Object.values(v) : []));
    if (level.length === 0) return false;
  }
  return true;
}
