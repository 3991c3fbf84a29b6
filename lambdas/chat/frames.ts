/** The largest frame that API Gateway passes on and bills as one, in bytes. */
export const FRAME_BYTES = 32 * 1024;

/** A document on its way into a frame, encoded once for all who get it. */
export interface Document {
  readonly text: string;
  /** Length in bytes of UTF-8. */
  readonly bytes: number;
}

/** Measures a document's text. */
export const documentOf = (text: string): Document => ({ text, bytes: Buffer.byteLength(text) });

/**
 * Joins documents by `\n` into as few frames as their order allows, none above `FRAME_BYTES`.
 * A document that alone is larger gets a frame of its own: it must not be lost without a trace.
 */
export function framesOf<D extends Document>(documents: readonly D[]): { text: string; documents: D[] }[] {
  const frames: { text: string; documents: D[] }[] = [];
  let open: D[] = [];
  let size = 0;
  const close = () => {
    if (open.length > 0) frames.push({ text: open.map((d) => d.text).join('\n'), documents: open });
  };
  for (const document of documents) {
    if (open.length > 0 && size + 1 + document.bytes > FRAME_BYTES) {
      close();
      open = [];
    }
    size = open.length === 0 ? document.bytes : size + 1 + document.bytes;
    open.push(document);
  }
  close();
  return frames;
}
