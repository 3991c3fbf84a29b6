import { describe, expect, it } from 'vitest';
import type { RouteDeclaration, WebSocketApiDeclaration } from '../../../local/declarations.ts';
import { routeSelection } from '../../../local/gateway/route-selection.ts';

function select(routeSelectionExpression: string, keys: string[], body: unknown): string | undefined {
  const routes = keys.map(
    (key): RouteDeclaration => ({ key, functionArn: key, hasRouteResponse: false, integrationTimeoutMs: 29_000 }),
  );
  const api: WebSocketApiDeclaration = {
    logicalId: 'Api',
    apiId: 'a',
    stageName: 'live',
    routeSelectionExpression,
    routes,
  };
  return routeSelection(api)(typeof body === 'string' ? body : JSON.stringify(body))?.key;
}

describe('the selection of a route', () => {
  it('follows the path of the expression into the body', () => {
    expect(select('$request.body.action', ['join', '$default'], { action: 'join' })).toBe('join');
    expect(select('$request.body.message.kind', ['join', '$default'], { message: { kind: 'join' } })).toBe('join');
    expect(select('$request.body.message.kind', ['join', '$default'], { message: 'join' })).toBe('$default');
  });

  it('sees nothing in a body that is not its own', () => {
    expect(select('$request.body.constructor.name', ['Object', '$default'], {})).toBe('$default');
  });

  it('takes the expression with braces too', () => {
    const braced = ['$', '{request.body.action}'].join('');
    expect(select(braced, ['join'], { action: 'join' })).toBe('join');
  });

  it('takes numbers and booleans as their texts', () => {
    expect(select('$request.body.action', ['1', '$default'], { action: 1 })).toBe('1');
    expect(select('$request.body.action', ['true', '$default'], { action: true })).toBe('true');
    expect(select('$request.body.action', ['null', '$default'], { action: null })).toBe('$default');
  });

  it('finds none where there is no $default', () => {
    expect(select('$request.body.action', ['join'], { action: 'leave' })).toBeUndefined();
    expect(select('$request.body.action', ['join', '$connect'], { action: '$connect' })).toBeUndefined();
  });

  it.each(['$request.header.action', '$context.routeKey', 'action', '$request.body.a ?? x'])(
    'refuses the expression %s, which is not served, by its name',
    (expression) => {
      expect(() => select(expression, ['join'], {})).toThrow(expression);
    },
  );
});
