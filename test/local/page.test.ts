import { expect, it } from 'vitest';
import type { FunctionDeclaration, StackDeclaration } from '../../local/declarations.ts';
import { introduction, introductionPage, introductionText } from '../../local/page.ts';

const stack: StackDeclaration = {
  name: 'Parley',
  functions: [],
  tables: [],
  queues: [],
  eventSources: [],
  webSocketApis: [{ logicalId: 'Api', apiId: 'a', routeSelectionExpression: '', stageName: 'live', routes: [] }],
  secrets: [],
  userPools: [{ logicalId: 'Pool', id: 'p', clientIds: ['c'], issuer: 'https://issuer' }],
  outputs: {},
  skipped: [],
};

const alice = 'npx wscat -c "ws://localhost:3001/live?channels=general&token=$(npm run -s token -- alice)"';

it('tells the addresses, two lines for a chat, what to type, and the API key', () => {
  const text = introductionText(introduction(stack, 3001, 'secret'));
  for (const part of [
    'http://localhost:3001/',
    'ws://localhost:3001/live',
    alice,
    '-- bob)"',
    '"action":"sendMessage"',
    'secret',
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
  const { chats, hint } = introduction({ ...stack, functions: [commands] }, 3001, undefined);
  expect(chats[0]).toContain(`?channels=${channel}&`);
  expect(JSON.parse(hint)).toMatchObject({ channel });
});

it('tells no API key where there is none', () => {
  expect(introductionText(introduction(stack, 3001, undefined))).not.toContain('API key');
  expect(introductionPage(introduction(stack, 3001, undefined))).not.toContain('API key');
});

it('has the tokens signed by the stack’s own key where the stack trusts an issuer elsewhere', () => {
  const { chats } = introduction({ ...stack, userPools: [] }, 3001, undefined);
  expect(chats[0]).toContain(`token -- alice --claims '{}')`);
});

it('shows the same on a page, escaped', () => {
  const page = introductionPage(introduction(stack, 3001, '<b>&"'));
  expect(page).toContain(alice.replaceAll('&', '&amp;').replaceAll('"', '&quot;'));
  expect(page).toContain('&lt;b&gt;&amp;&quot;');
  expect(page).not.toContain('<b>');
});
