/**
 * Loaded into a function's process before its handler (`NODE_OPTIONS=--import …`): notes that the process is there, as
 * an empty file of its id's name, in the directory that PROCESS_NOTES names.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

writeFileSync(join(process.env.PROCESS_NOTES ?? '', String(process.pid)), '');
