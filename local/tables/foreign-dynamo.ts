import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { REGION } from '../template/names.ts';
import { type DynamoConnection, post } from './dynamo-connection.ts';

/**
 * Another DynamoDB than the embedded one, such as DynamoDB Local. Requests are signed with the developer's credentials
 * of the environment (`AWS_ACCESS_KEY_ID`, …), or where there are none with `local`, which emulators take.
 */
export function foreignDynamo(endpoint: string, environment: NodeJS.ProcessEnv): DynamoConnection {
  const url = new URL(endpoint);
  const signer = new SignatureV4({
    service: 'dynamodb',
    region: REGION,
    sha256: Sha256,
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? 'local',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? 'local',
      ...(environment.AWS_SESSION_TOKEN !== undefined && { sessionToken: environment.AWS_SESSION_TOKEN }),
    },
  });
  return {
    url: endpoint,
    description: endpoint,
    async send(target, body) {
      const { headers } = await signer.sign(
        new HttpRequest({
          method: 'POST',
          protocol: url.protocol,
          hostname: url.hostname,
          path: url.pathname,
          headers: { host: url.host, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target },
          body,
        }),
      );
      // fetch sets it itself, to the same
      const { host, ...rest } = headers;
      return post(endpoint, rest, body);
    },
    async close() {},
  };
}
