import { App, Duration } from 'aws-cdk-lib';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { ParleyStack } from '../../lib/parley-stack.ts';

// a stack with a function of the owner's own that may call the server API by IAM, for test/e2e/server-api.test.ts
const stack: ParleyStack = new ParleyStack(new App(), 'Served', {
  namespaces: {
    '': {
      historySize: 100,
      historyTtl: Duration.hours(1),
      presence: true,
      allowSubscribeForClient: true,
      allowPublishForSubscriber: true,
      allowHistoryForSubscriber: true,
      allowPresenceForSubscriber: true,
    },
    // nothing is kept, and nobody may ask for anything
    feed: { allowSubscribeForClient: true },
  },
  rpc: (scope) =>
    new NodejsFunction(scope, 'Rpc', {
      entry: new URL('signing-rpc.ts', import.meta.url).pathname,
      runtime: Runtime.NODEJS_24_X,
      timeout: Duration.seconds(10),
      // (what of the SDK a runtime brings along, the local one does not)
      bundling: { format: OutputFormat.ESM, mainFields: ['module', 'main'], externalModules: [] },
    }),
});
const rpc = stack.node.findChild('Rpc') as NodejsFunction;
stack.grantServerApi(rpc);
