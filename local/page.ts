import type { StackDeclaration } from './declarations.ts';

/** How to use a server that is ready: printed at the terminal, and shown by its page. */
export interface Introduction {
  readonly pageUrl: string;
  readonly webSocketUrls: readonly string[];
  /** Of the server API: the output `ApiUrl`, where the stack has it. */
  readonly apiUrl?: string;
  /** What opens it; absent where the stack has no server API. */
  readonly apiKey?: string;
  /** Ready to be pasted into a terminal. */
  readonly chats: readonly string[];
  readonly hint: string;
}

/** Says how to use a served stack. `apiKey` opens its server API, if it has one. */
export function introduction(stack: StackDeclaration, port: number, apiKey: string): Introduction {
  const webSocketUrls = stack.webSocketApis.map(({ stageName }) => `ws://localhost:${port}/${stageName}`);
  // without a user pool of its own the stack trusts an issuer elsewhere, and its own key
  const signing = stack.userPools.length > 0 ? '' : ` --claims '{}'`;
  const channel = openChannel(stack);
  const chat = (user: string) =>
    `npx wscat -c "${webSocketUrls[0]}?channels=${channel}&token=$(npm run -s token -- ${user}${signing})"`;
  return {
    pageUrl: `http://localhost:${port}/`,
    webSocketUrls,
    ...(stack.outputs.ApiUrl !== undefined && { apiUrl: stack.outputs.ApiUrl, apiKey }),
    chats: ['alice', 'bob'].map(chat),
    hint: `{"action":"sendMessage","channel":"${channel}","data":"hello"}`,
  };
}

/** A channel that every user may read, if there is one: `general` of the unnamed namespace, or of the first other. */
function openChannel({ functions }: StackDeclaration): string {
  const setting = functions.map(({ environment }) => environment.NAMESPACES).find((value) => value !== undefined);
  const namespaces: [string, { allowSubscribeForClient?: boolean }][] = Object.entries(JSON.parse(setting ?? '{}'));
  const open = namespaces.filter(([, { allowSubscribeForClient }]) => allowSubscribeForClient).map(([name]) => name);
  const [first = ''] = open.includes('') ? [''] : open;
  return first === '' ? 'general' : `${first}:general`;
}

/** For the terminal. */
export function introductionText({ pageUrl, webSocketUrls, apiUrl, chats, hint, apiKey }: Introduction): string {
  return `
Parley is ready.

  Page       ${pageUrl}
${webSocketUrls.map((url) => `  WebSocket  ${url}`).join('\n')}
${apiUrl === undefined ? '' : `  API        ${apiUrl}\n`}${apiKey === undefined ? '' : `  API key    ${apiKey}\n`}
A chat takes two terminals:

${chats.map((line) => `  ${line}`).join('\n')}

and in one of them:

  ${hint}

Ctrl-C ends it.
`;
}

/** For the browser. */
export function introductionPage({ webSocketUrls, apiUrl, chats, hint, apiKey }: Introduction): string {
  const code = (text: string) => `<pre><code>${escaped(text)}</code></pre>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parley</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark; }
  pre { padding: 0.75rem; border: 1px solid #8888; border-radius: 4px; overflow-x: auto; }
</style>
</head>
<body>
<h1>Parley</h1>
<p>The stack is served at</p>
${code(webSocketUrls.join('\n'))}
${apiUrl === undefined ? '' : `<p>and its server API at</p>\n${code(apiUrl)}\n`}<p>A chat takes two terminals:</p>
${chats.map(code).join('\n')}
<p>and in one of them:</p>
${code(hint)}
${apiKey === undefined ? '' : `<p>The API key:</p>\n${code(apiKey)}\n`}</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
