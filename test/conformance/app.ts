// A stack for all of the scenarios: npm start -- --app test/conformance/app.ts, or
// npx cdk deploy --app 'node test/conformance/app.ts', and then npm run test:deployed -- --stack ParleyConformance

import { App } from 'aws-cdk-lib';
import { ParleyStack } from '../../lib/parley-stack.ts';
import { NAMESPACES } from './namespaces.ts';

new ParleyStack(new App(), 'ParleyConformance', {
  namespaces: NAMESPACES,
  handshake: 'open',
  allowAnonymous: true,
});
