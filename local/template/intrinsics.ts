import { StartError } from '../start-error.ts';

/** What a template's references mean. Each throws a StartError that names `path` where it does not know. */
export interface Scope {
  /** Of a parameter, a pseudo parameter or a resource; undefined is `AWS::NoValue`. */
  ref(name: string, path: string): unknown;
  attribute(logicalId: string, attribute: string, path: string): unknown;
  condition(name: string, path: string): boolean;
  mapped(map: string, first: string, second: string, path: string): unknown;
}

type Intrinsic = (argument: unknown, scope: Scope, path: string) => unknown;

/**
 * A part of a template with everything in it that refers to something replaced; `path` says in errors where it stands.
 * Undefined is `AWS::NoValue`: in objects and lists it is left out.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
export function resolve(value: unknown, scope: Scope, path: string): unknown {
  if (Array.isArray(value)) {
    return value.map((part, index) => resolve(part, scope, `${path}[${index}]`)).filter((part) => part !== undefined);
  }
  if (typeof value === 'string') {
    if (value.includes('{{resolve:')) throw new StartError(`${path}: dynamic references are not known here: ${value}`);
    return value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [''];
  if (entries.length === 1 && (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))) {
    const intrinsic = INTRINSICS[name];
    // `Condition` is also the name of a part of an IAM statement
    if (intrinsic !== undefined && !(name === 'Condition' && typeof argument !== 'string')) {
      return intrinsic(argument, scope, name === 'Ref' ? path : `${path}.${name}`);
    }
    if (name.startsWith('Fn::')) throw new StartError(`${path}: ${name} is not known here.`);
  }
  return Object.fromEntries(
    entries
      .map(([key, part]) => [key, resolve(part, scope, `${path}.${key}`)] as const)
      .filter(([, part]) => part !== undefined),
  );
}

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (name, scope, path) => scope.ref(text(name, path), path),
  Condition: (name, scope, path) => scope.condition(text(name, path), path),
  'Fn::GetAtt': (argument, scope, path) => {
    const [logicalId, ...attribute] = typeof argument === 'string' ? argument.split('.') : list(argument, path);
    return scope.attribute(text(logicalId, path), text(resolve(attribute.join('.'), scope, path), path), path);
  },
  'Fn::Join': (argument, scope, path) => {
    const [separator, parts] = list(argument, path);
    return list(resolve(parts, scope, path), path)
      .map((part) => text(part, path))
      .join(text(separator, path));
  },
  'Fn::Sub': (argument, scope, path) => {
    const [template, given] = typeof argument === 'string' ? [argument] : list(argument, path);
    const values = (given === undefined ? {} : resolve(given, scope, path)) as Record<string, unknown>;
    return text(template, path).replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      if (name in values) return text(values[name], path);
      const [logicalId = '', ...attribute] = name.split('.');
      const value =
        attribute.length === 0 ? scope.ref(name, path) : scope.attribute(logicalId, attribute.join('.'), path);
      return text(value, path);
    });
  },
  'Fn::Select': (argument, scope, path) => {
    const [index, from] = list(argument, path);
    const parts = list(resolve(from, scope, path), path);
    const part = parts[Number(resolve(index, scope, path))];
    if (part === undefined)
      throw new StartError(`${path}: there is no part ${String(index)} of ${JSON.stringify(parts)}.`);
    return part;
  },
  'Fn::Split': (argument, scope, path) => {
    const [separator, from] = list(argument, path);
    return text(resolve(from, scope, path), path).split(text(separator, path));
  },
  'Fn::Base64': (argument, scope, path) => Buffer.from(text(resolve(argument, scope, path), path)).toString('base64'),
  'Fn::FindInMap': (argument, scope, path) => {
    const [map, first, second] = list(resolve(argument, scope, path), path).map((part) => text(part, path));
    return scope.mapped(map ?? '', first ?? '', second ?? '', path);
  },
  'Fn::If': (argument, scope, path) => {
    const [condition, then, otherwise] = list(argument, path);
    return resolve(scope.condition(text(condition, path), path) ? then : otherwise, scope, path);
  },
  'Fn::Equals': (argument, scope, path) => {
    const [left, right] = list(resolve(argument, scope, path), path);
    return JSON.stringify(left) === JSON.stringify(right);
  },
  'Fn::And': (argument, scope, path) => list(resolve(argument, scope, path), path).every(Boolean),
  'Fn::Or': (argument, scope, path) => list(resolve(argument, scope, path), path).some(Boolean),
  'Fn::Not': (argument, scope, path) => !list(resolve(argument, scope, path), path)[0],
};

function text(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new StartError(`${path}: a text is needed here, not ${JSON.stringify(value)}.`);
}

function list(value: unknown, path: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new StartError(`${path}: a list is needed here, not ${JSON.stringify(value)}.`);
}
