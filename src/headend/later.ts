import { toDcuError } from '../base/errors.ts';
import { encodeData } from '../dlms/axdr.ts';
import type { AttributeSource, MethodSource } from '../dlms/cosem/cosem-object.ts';
import type { DlmsData } from '../dlms/data.ts';
import type { Caller, CosemResponse } from '../dlms/server.ts';
import { resultOf } from './result-of.ts';

/** What a change comes to: the standard's name of the result, or a response with data. */
type Outcome = string | CosemResponse;

/**
 * Changes that end later than the call that asks for them: an object hands its work over here and leaves the answer open;
 * whoever asked the object waits for it. One for each request.
 */
export class Later {
  #work: Promise<CosemResponse> | undefined;

  /** The `set` of an attribute. What the work throws is answered as a data-access-result. */
  set(work: (value: DlmsData, caller: Caller) => Promise<Outcome>): NonNullable<AttributeSource['set']> {
    return (value, caller) => this.begin(work(value, caller));
  }

  /** The `get` of an attribute that takes a while. What the work throws is answered as a data-access-result. */
  get(work: () => Promise<DlmsData>): NonNullable<AttributeSource['get']> {
    return () => this.begin(work().then((value) => ({ result: 'success', data: encodeData(value) })));
  }

  /** A method. What the work throws is answered as an action-result. */
  method(work: (parameter: DlmsData | undefined, caller: Caller) => Promise<Outcome>): MethodSource {
    return (parameter, caller) => this.begin(work(parameter, caller));
  }

  /** What was begun; undefined where nothing was. */
  get answer(): Promise<CosemResponse> | undefined {
    return this.#work;
  }

  /** Work whose answer stays open; for what is no object's own attribute or method. */
  begin(work: Promise<Outcome>): undefined {
    this.#work = work.then(
      (outcome) => (typeof outcome === 'string' ? { result: outcome } : outcome),
      (error: unknown) => ({ result: resultOf(toDcuError(error)) }),
    );
  }
}
