import { randomBytes } from 'node:crypto';
import type { Gateway } from './gateway/gateway.ts';
import { gatewayId } from './gateway/gateway-ids.ts';
import { refusal, writeAnswer } from './http-api/http-answer.ts';
import type { HttpApi } from './http-api/http-api.ts';
import type { Answering } from './loopback.ts';

/** All that answers at the one address of a stack. */
export interface Served {
  /** Each at the path of its stage. */
  readonly webSockets: readonly { readonly path: string; readonly gateway: Gateway }[];
  readonly httpApis: readonly Pick<HttpApi, 'handle'>[];
  /** HTML, at `/`. */
  readonly page: string;
}

/**
 * Shares requests out: the page at `/` and `@connections` stand before the HTTP APIs, of which a request takes the first
 * that has a route for it. An upgrade that is for no WebSocket's path goes to the first one, which refuses it.
 */
export function answering({ webSockets, httpApis, page }: Served): Answering {
  return {
    request(request, response) {
      if (webSockets.some(({ gateway }) => gateway.handleManagement(request, response))) return;
      const isPage = request.url?.split('?')[0] === '/' && (request.method === 'GET' || request.method === 'HEAD');
      const plain = (status: number, type: string, body: string) => {
        const headers = { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' };
        response.writeHead(status, headers).end(body);
      };
      if (isPage) return plain(200, 'text/html', page);
      if (httpApis.some((api) => api.handle(request, response))) return;
      if (httpApis.length === 0) return plain(404, 'text/plain', 'Not found\n');
      writeAnswer(response, refusal(404), gatewayId(randomBytes));
    },
    upgrade(request, socket, head) {
      const path = request.url?.split('?')[0];
      const found = webSockets.find((candidate) => candidate.path === path) ?? webSockets[0];
      if (found === undefined) socket.destroy();
      else found.gateway.handleUpgrade(request, socket, head);
    },
  };
}
