import { App, Duration } from 'aws-cdk-lib';
import { ParleyStack } from '../../lib/parley-stack.ts';

// a stack that is set otherwise than the project's own, for test/e2e/namespaces.test.ts
new ParleyStack(new App(), 'Elsewhere', {
  handshake: 'open',
  allowAnonymous: true,
  namespaces: {
    // open to the users that a channel's name lists
    '': {
      historySize: 10,
      historyTtl: Duration.hours(1),
      allowUserLimitedChannels: true,
      allowPublishForSubscriber: true,
    },
    // nothing is kept, and everybody may do everything
    feed: { allowSubscribeForClient: true, allowPublishForClient: true },
    // nothing is allowed but what a token says
    closed: { historySize: 10, historyTtl: Duration.hours(1) },
  },
});
