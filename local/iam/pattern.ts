/**
 * Whether a text fits a pattern of IAM: `*` is any number of characters, `?` is one, all else is itself.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 *
 * A `*` reaches over `/` and `:` too. A policy variable (`${aws:…}`) is not known here and is an error, for it would
 * otherwise be taken for plain text.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  if (pattern.includes('${')) throw new Error(`policy variables are not served: ${pattern}`);
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      // the last * takes one character more
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Like {@link matchesPattern} for ARNs in conditions: each of the six parts between colons is matched alone. */
export function matchesArnPattern(pattern: string, arn: string): boolean {
  const [patterns, parts] = [split(pattern), split(arn)];
  return patterns.length === parts.length && patterns.every((part, i) => matchesPattern(part, parts[i] ?? ''));
}

function split(arn: string): string[] {
  const parts = arn.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}
