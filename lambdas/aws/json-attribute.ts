/**
 * How items keep what a client or a token made: as JSON text. DynamoDB's own types would lose some of it
 * (numbers have 38 digits and end at 1e126, a key `__proto__` is lost on the way).
 * Answers no attribute for undefined.
 */
export const jsonAttribute = <N extends string>(name: N, value: unknown): { readonly [K in N]?: string } =>
  (value === undefined ? {} : { [name]: JSON.stringify(value) }) as { readonly [K in N]?: string };

/** The opposite: no property where there is no attribute. */
export const fromJsonAttribute = <N extends string, T>(name: N, text: string | undefined): { readonly [K in N]?: T } =>
  (text === undefined ? {} : { [name]: JSON.parse(text) }) as { readonly [K in N]?: T };
