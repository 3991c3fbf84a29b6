import { describe, expect, it } from 'vitest';
import { documentsOf, readDocument } from '../../../lambdas/protocol/documents.ts';

describe('the documents of a frame', () => {
  it.each(['', ' ', '\n', ' \r\n\t\n'])('are none where it is empty: %j', (body) => {
    expect(documentsOf(body)).toEqual([]);
  });

  it('are its lines, and empty ones count for nothing', () => {
    expect(documentsOf('{"a":1}\n\n nonsense\r\n{}\n').map((text) => text.trim())).toEqual([
      '{"a":1}',
      'nonsense',
      '{}',
    ]);
  });

  it('are one where it is laid out over several lines', () => {
    const body = JSON.stringify({ a: { b: 1 } }, null, 2);
    expect(documentsOf(body)).toEqual([body]);
  });
});

describe('a document', () => {
  it('is read as the object that it is, whatever its fields are called', () => {
    expect(readDocument('{"a":[1]}')).toEqual({ a: [1] });
    expect(Object.keys(readDocument('{"__proto__":1,"constructor":2}'))).toEqual(['__proto__', 'constructor']);
  });

  it.each(['null', '1', '"text"', '[]', '[{}]'])('is refused where it is no object: %s', (text) => {
    expect(readDocument(text)).toMatchObject({ code: 'bad_request', message: expect.stringMatching(/^not an object/) });
  });

  it('is refused where it is not JSON, with the cause', () => {
    expect(readDocument('{')).toMatchObject({
      code: 'bad_request',
      message: expect.stringMatching(/^not JSON/),
      cause: expect.any(SyntaxError),
    });
  });
});
