import { REGION } from './names.ts';

/** Where the parts of the local server are reached, known before the template is read. */
export interface Addresses {
  /** Of the gateway, on localhost. */
  readonly gatewayPort: number;
  /** What queue URLs begin with: `http://127.0.0.1:<port>`. */
  readonly endpointUrl: string;
}

const API_ADDRESS = new RegExp(`\\b(https|wss)://[a-z0-9]+\\.execute-api\\.${REGION}\\.amazonaws\\.com`, 'g');

/**
 * Replaces the addresses that API Gateway would have by the local gateway's, wherever they stand in a text:
 * `wss://<api>.execute-api.us-east-1.amazonaws.com` becomes `ws://localhost:<port>`, and `https://…` `http://…`.
 */
export function localAddresses(value: unknown, gatewayPort: number): unknown {
  if (typeof value === 'string') {
    return value.replace(
      API_ADDRESS,
      (_, scheme: string) => `${scheme === 'wss' ? 'ws' : 'http'}://localhost:${gatewayPort}`,
    );
  }
  if (Array.isArray(value)) return value.map((part) => localAddresses(part, gatewayPort));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, localAddresses(part, gatewayPort)]));
}
