import { expect, it } from 'vitest';
import type { FunctionDeclaration, StackDeclaration } from '../../local/declarations.ts';
import { introduction, introductionPage, introductionText } from '../../local/page.ts';

const stack: StackDeclaration = {
  name: 'Parley',
  functions: [],
  tables: [],
  queues: [],
  eventSources: [],
  schedules: [],
  asynchronousInvocations: [],
  webSocketApis: [{ logicalId: 'Api', apiId: 'a', routeSelectionExpression: '', stageName: 'live', routes: [] }],
  httpApis: [],
  secrets: [],
  userPools: [{ logicalId: 'Pool', id: 'p', clientIds: ['c'], issuer: 'https://issuer' }],
  outputs: { ApiUrl: 'http://localhost:3001/api', ApiIamUrl: 'http://localhost:3001/iam' },
  skipped: [],
};

const alice = 'npx wscat -c "ws://localhost:3001/live?channels=general&token=$(npm run -s token -- alice)"';

it('tells the addresses with the API key, two lines for a chat, and what to type', () => {
  const text = introductionText(introduction(stack, 3001, 'secret'));
  for (const part of [
    'http://localhost:3001/',
    'ws://localhost:3001/live',
    '  API        http://localhost:3001/api\n  API key    secret\n',
    alice,
    '-- bob)"',
    '"action":"sendMessage"',
  ]) {
    expect(text).toContain(part);
  }
});

it.each([
  [{ '': { allowSubscribeForClient: true }, chat: { allowSubscribeForClient: true } }, 'general'],
  [{ '': {}, news: {}, chat: { allowSubscribeForClient: true } }, 'chat:general'],
  [{ chat: {} }, 'general'],
])('has a channel that the stack lets its users read, where there is one: %j', (namespaces, channel) => {
  const commands: FunctionDeclaration = {
    logicalId: 'Commands',
    name: 'Commands',
    arn: 'arn:commands',
    codeDirectory: '/code',
    handler: 'index.handler',
    timeoutMs: 1_000,
    memoryMb: 512,
    environment: { NAMESPACES: JSON.stringify(namespaces) },
    statements: [],
  };
  const { chats, hint } = introduction({ ...stack, functions: [commands] }, 3001, 'secret');
  expect(chats[0]).toContain(`?channels=${channel}&`);
  expect(JSON.parse(hint)).toMatchObject({ channel });
});

it('tells address and key of the server API on the page, too', () => {
  const page = introductionPage(introduction(stack, 3001, 'secret'));
  expect(page).toContain('<code>http://localhost:3001/api</code>');
  expect(page).toContain('<code>secret</code>');
});

it('tells no key where the stack has no server API that it would open', () => {
  const told = introduction({ ...stack, outputs: {} }, 3001, 'secret');
  for (const text of [introductionText(told), introductionPage(told)]) expect(text).not.toMatch(/API|secret/);
});

it('has the tokens signed by the stack’s own key where the stack trusts an issuer elsewhere', () => {
  const { chats } = introduction({ ...stack, userPools: [] }, 3001, 'secret');
  expect(chats[0]).toContain(`token -- alice --claims '{}')`);
});

it('shows the same on a page, escaped', () => {
  const page = introductionPage(introduction(stack, 3001, '<b>&"'));
  expect(page).toContain(alice.replaceAll('&', '&amp;').replaceAll('"', '&quot;'));
  expect(page).toContain('&lt;b&gt;&amp;&quot;');
  expect(page).not.toContain('<b>');
});
