import { toDcuError } from '../base/errors.ts';
import type { CosemRequest, CosemResponse } from '../dlms/server.ts';
import { NULL_DATA } from '../dlms/values.ts';
import type { MeterSession } from '../meters/session.ts';

/** Hands a request of the head-end on to the meter, and its answer back. */
export async function askSession(session: MeterSession, request: CosemRequest): Promise<CosemResponse> {
  switch (request.type) {
    case 'get': {
      const result = await session.read(request.attribute, request.selection);
      return result.ok ? { result: 'success', data: result.data } : { result: result.result };
    }
    case 'set':
      return refusalOf(() => session.write(request.attribute, request.value, 'set by the head-end'));
    case 'action':
      return session.act(request.method, request.parameter ?? NULL_DATA);
  }
}

/** A meter's refusal is its answer. */
async function refusalOf(work: () => Promise<void>): Promise<CosemResponse> {
  try {
    await work();
    return { result: 'success' };
  } catch (error) {
    const { code, facts } = toDcuError(error);
    const { result } = facts;
    if (code === 'not-granted' && typeof result === 'string') return { result };
    throw error;
  }
}
