import { describe, expect, it } from 'vitest';
import { readFunctionName } from '../../../local/endpoint/function-name.ts';

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:Parley-Echo';

describe('a function', () => {
  it.each(['Parley-Echo', 'function:Parley-Echo', '000000000000:function:Parley-Echo', arn])(
    'is named by %s',
    (text) => {
      expect(readFunctionName(text)).toEqual({ arn });
    },
  );

  it.each([
    ['Parley-Echo:$LATEST', '$LATEST'],
    ['Parley-Echo:live', 'live'],
    [`${arn}:7`, '7'],
  ])('has a qualifier in %s', (text, qualifier) => {
    expect(readFunctionName(text)).toEqual({ arn, qualifier });
  });

  it('may be of another region and account', () => {
    const other = 'arn:aws:lambda:eu-west-1:123456789012:function:Parley-Echo';
    expect(readFunctionName(other)).toEqual({ arn: other });
  });

  it.each(['', 'a/b', 'arn:aws:sqs:us-east-1:000000000000:Queue', `${arn}:1:2`])('is not named by %j', (text) => {
    expect(readFunctionName(text)).toBeUndefined();
  });
});
