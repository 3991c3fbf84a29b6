import { describe, expect, it } from 'vitest';
import { httpRouteSelection } from '../../../local/http-api/route-selection.ts';

/** Which of these routes a request takes, and with what values. */
function select(keys: readonly string[], method: string, path: string) {
  const routes = keys.map((key) => {
    const [routeMethod = '', routePath] = key.split(' ');
    return {
      key,
      ...(routePath !== undefined && { target: { method: routeMethod, path: routePath } }),
      functionArn: key,
      authorization: 'NONE' as const,
      integrationTimeoutMs: 30_000,
    };
  });
  const selected = httpRouteSelection(routes)(method, path);
  return selected && [selected.route.key, selected.pathParameters];
}

describe('the route of a request', () => {
  const documented = ['$default', 'ANY /{proxy+}', 'GET /pets/{proxy+}', 'GET /pets/dog/{id}', 'GET /pets/dog/1'];

  it.each([
    ['GET', '/pets/dog/1', 'GET /pets/dog/1', {}],
    ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
    ['GET', '/pets/cat/1', 'GET /pets/{proxy+}', { proxy: 'cat/1' }],
    ['POST', '/test/5', 'ANY /{proxy+}', { proxy: 'test/5' }],
    ['POST', '/pets/dog/1', 'ANY /{proxy+}', { proxy: 'pets/dog/1' }],
    ['GET', '/pets/dog/1/2', 'GET /pets/{proxy+}', { proxy: 'dog/1/2' }],
    ['GET', '/', 'ANY /{proxy+}', { proxy: '' }],
    ['GET', '/pets/', 'GET /pets/{proxy+}', { proxy: '' }],
    ['GET', '/pets', 'ANY /{proxy+}', { proxy: 'pets' }],
  ])('is chosen as AWS documents it: %s %s', (method, path, key, parameters) => {
    expect(select(documented, method, path)).toEqual([key, parameters]);
    expect(select(documented.toReversed(), method, path)).toEqual([key, parameters]);
  });

  it('is one that matches in full before a greedy one, however many texts that has', () => {
    expect(select(['GET /pets/{proxy+}', 'GET /{kind}/{id}'], 'GET', '/pets/1')).toEqual([
      'GET /{kind}/{id}',
      { kind: 'pets', id: '1' },
    ]);
  });

  it('is the greedy one with the longest beginning', () => {
    const keys = ['ANY /{proxy+}', 'ANY /a/{proxy+}', 'ANY /a/b/{proxy+}', 'ANY /{x}/b/{proxy+}'];
    expect(select(keys, 'GET', '/a/b/c')).toEqual(['ANY /a/b/{proxy+}', { proxy: 'c' }]);
    expect(select(keys, 'GET', '/a/c/c')).toEqual(['ANY /a/{proxy+}', { proxy: 'c/c' }]);
    expect(select(keys, 'GET', '/c/b/c')).toEqual(['ANY /{x}/b/{proxy+}', { x: 'c', proxy: 'c' }]);
  });

  it('is the method’s own before the one for all methods', () => {
    const keys = ['ANY /a/{id}', 'POST /a/{id}'];
    expect(select(keys, 'POST', '/a/1')?.[0]).toBe('POST /a/{id}');
    expect(select(keys, 'GET', '/a/1')?.[0]).toBe('ANY /a/{id}');
  });

  it('is the default one where no other takes it, and else there is none', () => {
    expect(select(['$default', 'GET /a'], 'POST', '/a')).toEqual(['$default', {}]);
    expect(select(['GET /a'], 'POST', '/a')).toBeUndefined();
  });

  it.each(['/api', '/api/', '/api/publish/', '/api/publish/more', '/API/publish', '//api/publish', '/'])(
    'is not POST /api/{method} for %s',
    (path) => {
      expect(select(['POST /api/{method}'], 'POST', path)).toBeUndefined();
    },
  );

  it('gives a variable whatever name the client likes', () => {
    expect(select(['GET /{__proto__}'], 'GET', '/x')).toEqual([
      'GET /{__proto__}',
      Object.fromEntries([['__proto__', 'x']]),
    ]);
  });
});
