/**
 * The known name that a misspelt one most likely means, or undefined where none is near.
 *
 * Case and underscores do not count (`history_size` means `historySize`); else at most a third of the letters differ.
 */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const plain = (name: string) => name.replaceAll('_', '').toLowerCase();
  const [nearest] = known
    .map((name) => ({ name, distance: editDistance(plain(given), plain(name)) }))
    .filter(({ name, distance }) => distance * 3 <= name.length)
    .sort((a, b) => a.distance - b.distance);
  return nearest?.name;
}

/** How many letters must be put in, taken out or exchanged to make one of the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const exchanged = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(exchanged, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
