import { App, Duration, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ParleyStack } from '../lib/parley-stack.ts';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

new ParleyStack(app, 'Parley', {
  namespaces: {
    // every user may read and write every channel: a chat within a team
    '': {
      historySize: 1000,
      historyTtl: Duration.hours(24),
      presence: true,
      joinLeave: true,
      forceRecovery: true,
      allowSubscribeForClient: true,
      allowPublishForSubscriber: true,
      allowHistoryForSubscriber: true,
      allowPresenceForSubscriber: true,
    },
  },
});
