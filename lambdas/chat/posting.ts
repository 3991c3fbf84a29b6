import type { Chat } from './chat.ts';
import { Unavailable } from './errors.ts';
import type { PostAnswer } from './ports.ts';

/** What became of a frame: `exhausted` is a refusal that lasted. */
export type Delivery = Exclude<PostAnswer, 'busy'> | 'exhausted';

/** How long one frame is tried, in ms. */
const PATIENCE_MS = 3_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 800;

/**
 * Posts a frame, again and again with jitter while API Gateway answers 429 or 5xx.
 * What got no answer is never repeated: it may have arrived.
 *
 * Throws `Unavailable` where the worker has to stop (`until`, ms since 1970) before the frame had its time.
 */
export async function send(
  { posts, world }: Pick<Chat, 'posts' | 'world'>,
  connection: string,
  frame: string,
  until: number,
): Promise<Delivery> {
  const patience = world.now() + PATIENCE_MS;
  for (let attempt = 0; ; attempt++) {
    if (world.now() >= until) throw new Unavailable('the time of this worker is over');
    const answer = await posts.post(connection, frame);
    if (answer !== 'busy') return answer;
    const longest = Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS);
    const wait = longest / 2 + (world.random() * longest) / 2;
    if (world.now() + wait >= patience) return 'exhausted';
    await world.sleep(wait);
  }
}
