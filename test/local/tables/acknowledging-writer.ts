import { systemClock } from '../../../local/system-clock.ts';
import { openTables } from '../../../local/tables/tables.ts';
import { heard, tableDeclaration } from './table-fixture.ts';

// writes items one after the other until it is killed, and prints the number of each that was acknowledged
const [dataDirectory = ''] = process.argv.slice(2);
const tables = await openTables([tableDeclaration()], { clock: systemClock, activity: heard(), dataDirectory });
for (let n = 1; ; n++) {
  const item = { TableName: 'Parley-Channels', Item: { pk: { S: 'LOG' }, sk: { S: String(n) } } };
  const gone = new AbortController().signal;
  const { status } = await tables.handle('DynamoDB_20120810.PutItem', JSON.stringify(item), gone);
  if (status === 200) process.stdout.write(`${n}\n`);
}
