// A chat that anybody may join: npm start -- --app examples/open-chat.ts

import { join } from 'node:path';
import { App, Duration } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { ParleyStack } from '../lib/parley-stack.ts';

const app = new App();

const everything = {
  historySize: 500,
  historyTtl: Duration.hours(12),
  presence: true,
  joinLeave: true,
  allowSubscribeForClient: true,
  allowPublishForSubscriber: true,
  allowHistoryForSubscriber: true,
  allowPresenceForSubscriber: true,
};

new ParleyStack(app, 'OpenChat', {
  namespaces: {
    '': everything,
    // one-to-one talks: dm:#alice,bob
    dm: { ...everything, allowSubscribeForClient: false, allowUserLimitedChannels: true },
    // readings and cursors: nothing is kept
    live: { allowSubscribeForClient: true, allowPublishForClient: true },
  },
  handshake: 'open',
  allowAnonymous: true,
  // what the clients' rpc('time') is answered by
  rpc: (stack) =>
    new LambdaFunction(stack, 'Rpc', {
      code: Code.fromAsset(join(import.meta.dirname, 'rpc')),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      timeout: Duration.seconds(5),
    }),
});
