import type { RouteDeclaration, WebSocketApiDeclaration } from '../declarations.ts';

/** Which route a message takes; undefined where there is none for it, not even `$default`. */
export type SelectRoute = (body: string) => RouteDeclaration | undefined;

/**
 * Reads the API's route selection expression, `$request.body.<path>` (or with braces, `${request.body.<path>}`).
 * Throws on any other one.
 *
 * A body that is not JSON, or that has nothing at the path, takes `$default`. So does one that names a route which
 * begins with `$`: nobody reaches `$connect` or `$disconnect` by a message.
 */
export function routeSelection(api: WebSocketApiDeclaration): SelectRoute {
  const path = /^\$(?:request\.body\.([\w.-]+)|\{request\.body\.([\w.-]+)\})$/.exec(api.routeSelectionExpression);
  const names = (path?.[1] ?? path?.[2])?.split('.');
  if (!names) throw new Error(`the route selection expression ${api.routeSelectionExpression} is not served`);
  const routes = new Map(api.routes.map((route) => [route.key, route]));
  return (body) => {
    const key = valueAt(body, names);
    return (key.startsWith('$') ? undefined : routes.get(key)) ?? routes.get('$default');
  };
}

function valueAt(body: string, names: readonly string[]): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return '';
  }
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return '';
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
