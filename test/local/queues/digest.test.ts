import { describe, expect, it } from 'vitest';
import { md5OfAttributes, md5OfBody } from '../../../local/queues/digest.ts';

describe('digests', () => {
  it('are as AWS has answered them', () => {
    // recorded answers of SQS, by tests of another implementation that were run against AWS
    expect(md5OfBody('msg')).toBe('6e2baaf3b97dbeef01c0043275f9a0e7');
    const hello = { DataType: 'String', StringValue: 'There' };
    expect(md5OfAttributes({ Hello: hello })).toBe('a311262e065454b75da111d535b8dacd');
    expect(md5OfAttributes({ Hello: hello, General: { DataType: 'String', StringValue: 'Kenobi' } })).toBe(
      'fca026605781cb4126a1e9044df24232',
    );
    const bytes = Buffer.from('traceparent\u001e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01');
    expect(md5OfAttributes({ attr1: { DataType: 'Binary', BinaryValue: bytes.toString('base64') } })).toBe(
      '8cbe4db156db8a94db8b801b7addb984',
    );
  });

  it('are none where there are no attributes', () => {
    expect(md5OfAttributes({})).toBeUndefined();
    expect(md5OfAttributes(undefined)).toBeUndefined();
  });
});
