import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { useParley } from '../support/parley.ts';

const parley = useParley();

/** What an access token says, here of alice. */
function claims(): JWTPayload {
  const { issuer, userPool } = parley.keys;
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return { iss: issuer, client_id: userPool.clientId, token_use: 'access', username: 'alice', sub: 'alice', exp };
}

function withoutIssuer(): JWTPayload {
  const { iss: _, ...rest } = claims();
  return rest;
}

const signed = (payload: JWTPayload, alg: string, key: KeyObject | Uint8Array) =>
  new SignJWT(payload).setProtectedHeader({ alg, kid: parley.keys.issuerKey.kid }).sign(key);
const issuerKey = () => createPrivateKey({ key: { ...parley.keys.issuerKey }, format: 'jwk' });
const publicKey = () => createPublicKey(issuerKey());
const bytes = (text: string) => new TextEncoder().encode(text);
const anotherKey = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pem = () => bytes(publicKey().export({ type: 'spki', format: 'pem' }).toString());
const jwk = () => bytes(JSON.stringify(publicKey().export({ format: 'jwk' })));

describe('a handshake', () => {
  it.each<[string, () => string | Promise<string>]>([
    ['whose signature is forged', () => signed(claims(), 'RS256', anotherKey())],
    [
      'whose claims are not those that were signed',
      async () => {
        const [header, , signature] = (await signed(claims(), 'RS256', issuerKey())).split('.');
        const payload = Buffer.from(JSON.stringify({ ...claims(), username: 'root' })).toString('base64url');
        return [header, payload, signature].join('.');
      },
    ],
    ['that has expired', () => parley.token('alice', { ttl: -60 })],
    ['of the stack’s own that has expired', () => parley.token('alice', { ttl: -60, claims: {} })],
    ['that is not signed', () => new UnsecuredJWT(claims()).encode()],
    ['that is not signed and names no issuer', () => new UnsecuredJWT(withoutIssuer()).encode()],
    ['signed with the issuer’s public key, its PEM, as a secret', () => signed(claims(), 'HS256', pem())],
    ['signed with the issuer’s public key, its JWK, as a secret', () => signed(claims(), 'HS256', jwk())],
    ['signed with the issuer’s public key that names no issuer', () => signed(withoutIssuer(), 'HS256', pem())],
    ['of the issuer’s signed with the stack’s own key', () => signed(claims(), 'HS256', bytes(parley.keys.signingKey))],
    ['signed with a stack’s key that is another', () => signed(withoutIssuer(), 'HS256', bytes('x'.repeat(64)))],
    ['of another issuer', () => signed({ ...claims(), iss: `${parley.keys.issuer}x` }, 'RS256', issuerKey())],
    ['that is an id token', () => signed(idToken(), 'RS256', issuerKey())],
    ['of another client', () => signed({ ...claims(), client_id: 'another' }, 'RS256', issuerKey())],
    ['that is none', () => 'a.b.c'],
  ])('is refused with a token %s, and nothing of that is logged', async (_, make) => {
    const token = await make();
    const before = parley.lines.length;
    await expect(parley.handshake({ query: { token } })).rejects.toMatchObject({ status: 401 });
    await expect(parley.handshake({ headers: { authorization: `Bearer ${token}` } })).rejects.toMatchObject({
      status: 401,
    });
    const said = parley.lines.slice(before).join('\n');
    expect(said).toContain('a token was refused');
    for (const part of token.split('.').filter(({ length }) => length > 10)) expect(said).not.toContain(part);
  });

  it('is refused without a token', async () => {
    await expect(parley.handshake()).rejects.toMatchObject({ status: 401 });
  });

  it.each(['query', 'header'])('is accepted with a token of the issuer’s in the %s', async (place) => {
    const token = await signed(claims(), 'RS256', issuerKey());
    const client = await parley.handshake(
      place === 'query' ? { query: { token } } : { headers: { authorization: `Bearer ${token}` } },
    );
    expect(await client.ask({ action: 'ping', id: 'p1' })).toEqual({ type: 'pong', id: 'p1' });
    expect(parley.lines.join('\n')).not.toContain(token.split('.')[2]);
  });

  it('has what the caps of a token of the stack’s own allow, and no more', async () => {
    const caps = [{ channels: ['wall'], allow: ['pub'] }];
    const carol = await parley.connect('carol', { claims: { caps } });
    const reader = await parley.connect('alice', { channels: ['wall'] });
    await reader.next({ type: 'subscribed', channel: 'wall' });
    const message = { action: 'sendMessage', channel: 'wall', data: 'from one who does not read', id: 'm1' };
    expect(await carol.ask(message)).toMatchObject({ type: 'ack' });
    expect(await reader.next({ type: 'message' })).toMatchObject({ user: 'carol', data: message.data });
    expect(await carol.ask({ ...message, channel: 'fence', id: 'm2' })).toMatchObject({ code: 'permission_denied' });
  });
});

function idToken(): JWTPayload {
  const { client_id, username, ...common } = claims();
  return { ...common, aud: String(client_id), token_use: 'id', 'cognito:username': username };
}
