import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { StartError } from '../start-error.ts';
import { type DynamoConnection, post } from './dynamo-connection.ts';

/** dynalite looks for a signature and checks none. */
const UNSIGNED = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-date': '20260101T000000Z',
  authorization: 'AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none',
};

/**
 * dynalite, in this process and on a loopback port of its own. `directory` keeps the tables on disk: what was
 * acknowledged is with the operating system by then, and outlives the process however it ends.
 *
 * Throws a StartError where another server has the directory open.
 */
export async function openEmbeddedDynamo(directory?: string): Promise<DynamoConnection> {
  if (directory !== undefined) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    await checkFree(directory);
  }
  const server = dynalite({ createTableMs: 0, ...(directory !== undefined && { path: directory }) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const underway = new Set<Promise<unknown>>();
  return {
    url,
    description: directory ?? 'memory',
    send(target, body) {
      const answer = post(url, { ...UNSIGNED, 'x-amz-target': target }, body);
      underway.add(answer);
      const done = () => underway.delete(answer);
      answer.then(done, done);
      return answer;
    },
    async close() {
      // a request that is cut off would make dynalite throw
      await Promise.allSettled(underway);
      await closed(server);
    },
  };
}

/** dynalite's own `close` ends its database, too. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}

/** The database, as dynalite has it. */
interface Level {
  open(): Promise<void>;
  close(): Promise<void>;
}

/** dynalite never answers where it cannot open its database, so it is opened once before, with dynalite's own library. */
async function checkFree(directory: string): Promise<void> {
  const { Level } = createRequire(import.meta.resolve('dynalite'))('level') as { Level: new (path: string) => Level };
  const database = new Level(directory);
  try {
    await database.open();
  } catch (error) {
    const { code, message } = (error as { cause?: { code?: string; message?: string } }).cause ?? {};
    const why =
      code === 'LEVEL_LOCKED' ? 'another server has it open' : `its files cannot be read (${message ?? error})`;
    throw new StartError(`${directory} cannot be used for the tables: ${why}.`, { cause: error });
  }
  await database.close();
}
