import type { HttpRouteDeclaration } from '../declarations.ts';

/** The route that a request takes, and what its variables stand for. */
export interface SelectedRoute {
  readonly route: HttpRouteDeclaration;
  /** Without the `+` of a greedy variable, whose value has no slash in front and may be empty. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** Which route a request takes; `path` is decoded, and without the stage. Undefined where no route takes it. */
export type SelectHttpRoute = (method: string, path: string) => SelectedRoute | undefined;

interface CompiledRoute {
  readonly route: HttpRouteDeclaration;
  readonly method: string;
  readonly segments: readonly string[];
  /** Routes that come first in the order of texts go first. */
  readonly rank: string;
}

/**
 * The most specific route goes: of those that match in full, the one with a text where others have a variable, and with
 * its method where others have ANY; then those with a greedy variable likewise, which take an empty rest, too; then
 * `$default`. Upper and lower case differ.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export function httpRouteSelection(routes: readonly HttpRouteDeclaration[]): SelectHttpRoute {
  const otherwise = routes.find(({ target }) => target === undefined);
  const compiled = routes
    .flatMap((route) => (route.target === undefined ? [] : [compile(route, route.target)]))
    .sort((one, other) => one.rank.localeCompare(other.rank));
  return (method, path) => {
    const segments = path.slice(1).split('/');
    for (const candidate of compiled) {
      const pathParameters = match(candidate, method, segments);
      if (pathParameters !== undefined) return { route: candidate.route, pathParameters };
    }
    return otherwise && { route: otherwise, pathParameters: {} };
  };
}

function compile(
  route: HttpRouteDeclaration,
  { method, path }: NonNullable<HttpRouteDeclaration['target']>,
): CompiledRoute {
  const segments = path.slice(1).split('/');
  const greedy = segments.some(isGreedy) ? '1' : '0';
  const kinds = segments.map((segment) => (isGreedy(segment) ? '2' : isVariable(segment) ? '1' : '0'));
  return { route, method, segments, rank: [greedy, ...kinds, method === 'ANY' ? '1' : '0'].join('') };
}

function match(
  { method, segments }: CompiledRoute,
  askedMethod: string,
  asked: readonly string[],
): Record<string, string> | undefined {
  if (method !== 'ANY' && method !== askedMethod) return undefined;
  const values: [string, string][] = [];
  for (const [index, segment] of segments.entries()) {
    const found = asked[index];
    if (found === undefined) return undefined;
    if (isGreedy(segment)) {
      values.push([segment.slice(1, -2), asked.slice(index).join('/')]);
      return Object.fromEntries(values);
    }
    if (isVariable(segment)) {
      if (found === '') return undefined;
      values.push([segment.slice(1, -1), found]);
    } else if (segment !== found) return undefined;
  }
  return asked.length === segments.length ? Object.fromEntries(values) : undefined;
}

function isVariable(segment: string): boolean {
  return segment.startsWith('{');
}

function isGreedy(segment: string): boolean {
  return segment.endsWith('+}');
}
