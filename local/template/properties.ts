import { StartError } from '../start-error.ts';

/**
 * Reads resolved properties. CloudFormation takes a number or a flag as text, too. Every reader throws a StartError that
 * names the property where it is missing (and none is given for that case) or of another shape.
 */
export interface Properties {
  text(name: string, otherwise?: string): string;
  number(name: string, otherwise?: number): number;
  flag(name: string, otherwise: boolean): boolean;
  /** A list of texts; one text is a list of one. */
  texts(name: string): readonly string[];
  /** A list of objects. */
  parts(name: string): readonly Properties[];
  part(name: string): Properties | undefined;
  has(name: string): boolean;
  /** As it is in the template, resolved. */
  value(name: string): unknown;
  /** For errors. */
  pathOf(name: string): string;
}

/** Wraps an object; `path` says in errors where it stands. */
export function properties(from: Readonly<Record<string, unknown>>, path: string): Properties {
  const pathOf = (name: string) => `${path}.${name}`;
  const wrong = (name: string, needed: string) => {
    const found = from[name] === undefined ? 'is missing' : `is ${JSON.stringify(from[name])}`;
    return new StartError(`${pathOf(name)} ${found}; ${needed} is needed.`);
  };
  const part = (name: string, value: unknown, at: string): Properties => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object');
    return properties(value as Record<string, unknown>, at);
  };
  return {
    text(name, otherwise) {
      const value = from[name] ?? otherwise;
      if (typeof value === 'string') return value;
      if (typeof value === 'number' || typeof value === 'boolean') return String(value);
      throw wrong(name, 'a text');
    },
    number(name, otherwise) {
      const value = Number(from[name] ?? otherwise ?? Number.NaN);
      if (Number.isNaN(value)) throw wrong(name, 'a number');
      return value;
    },
    flag(name, otherwise) {
      const value = from[name] ?? otherwise;
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw wrong(name, 'true or false');
    },
    texts(name) {
      const value = from[name] ?? [];
      const all = Array.isArray(value) ? value : [value];
      if (!all.every((one) => typeof one === 'string')) throw wrong(name, 'a list of texts');
      return all;
    },
    parts(name) {
      const value = from[name] ?? [];
      if (!Array.isArray(value)) throw wrong(name, 'a list');
      return value.map((one, index) => part(name, one, `${pathOf(name)}[${index}]`));
    },
    part: (name) => (from[name] === undefined ? undefined : part(name, from[name], pathOf(name))),
    has: (name) => from[name] !== undefined,
    value: (name) => from[name],
    pathOf,
  };
}
