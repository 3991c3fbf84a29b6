import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, it } from 'vitest';
import { dynamoConnections } from '../../../lambdas/aws/dynamo-connections.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { SERVICE_CALLS } from '../../../lambdas/runtime/service-calls.ts';
import { listening } from '../aws/loopback.ts';

it('gives up a service that does not answer, as a fault of the service: no worker hangs until it is killed', async () => {
  await using silent = await listening(() => {});
  const client = new DynamoDBClient({
    ...SERVICE_CALLS,
    maxAttempts: 1,
    endpoint: silent.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  const connections = dynamoConnections(DynamoDBDocumentClient.from(client), 'Connections');
  await expect(connections.read('c1')).rejects.toThrow(Unavailable);
  expect(silent.requests).toHaveLength(1);
});
