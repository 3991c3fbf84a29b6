declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The options that are used here, of those in its README. */
  interface DynaliteOptions {
    /** Where LevelDB keeps its files; absent: in memory. */
    readonly path?: string;
    /** How long a new table stays CREATING, in ms. */
    readonly createTableMs?: number;
  }

  function dynalite(options?: DynaliteOptions): Server;
  export = dynalite;
}
