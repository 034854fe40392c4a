import { Database } from '../../store/database.ts';
import { events } from '../../store/schema.ts';

/**
 * Rows as one stores them at first: a table row for each, its values as JSON, inserted one by one through the
 * query builder. One transaction a batch, as the product does it, so that the medium is waited for equally often.
 */
export class PlainRowStore {
  readonly #database: Database;

  constructor(path: string) {
    this.#database = new Database(path);
    this.#database.exec(
      'CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, meter_id INTEGER NOT NULL, kind INTEGER NOT NULL, ' +
        'time INTEGER NOT NULL, code INTEGER NOT NULL, clock_status INTEGER NOT NULL, extra TEXT NOT NULL, ' +
        'ordinal INTEGER NOT NULL, UNIQUE (meter_id, time))',
    );
  }

  insert(meterId: number, times: Float64Array, columns: readonly Float64Array[]): void {
    this.#database.transaction(() => {
      for (const [row, time] of times.entries()) {
        const extra = JSON.stringify(columns.map((column) => column[row]));
        this.#database.query
          .insert(events)
          .values({ meterId, kind: 1, time, code: 0, clockStatus: 0, extra, ordinal: 0 })
          .run();
      }
    });
  }

  count(): number {
    return this.#database.first<{ readonly n: number }>('SELECT count(*) AS n FROM events')?.n ?? 0;
  }

  close(): void {
    this.#database.close();
  }
}
